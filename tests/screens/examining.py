"""Looking at pages in Chromium: one of each kind that a person can reach, in each theme and width.

A kind of page is its address with what differs from document to document taken out. A look tells breaches of the
content policy, what axe-core objects to, what is wider than the screen, how far things jumped while it was loaded,
and how many bytes came over the network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Error

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

AXE = (Path(__file__).resolve().parent.parent / "web/vendor/axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: Before any script of the page: breaches of its policy, and what moves without having been asked to.
WATCH = """
  window.breaches = [];
  window.shifted = 0;
  document.addEventListener("securitypolicyviolation", (event) => window.breaches.push(event.violatedDirective));
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
"""
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
DESKTOP, PHONE = 1440, 390
#: How far things may jump while a page is loaded (cumulative layout shift).
MOST_SHIFT = 0.05
#: Bytes of a first visit, and of a page when the files of the portal are known, as they come over the network.
FIRST_VISIT, LATER = 200_000, 20_000

_ID = re.compile(r"/[0-9a-hjkmnp-tv-z]{26}(?=/|$)")
_NUMBER = re.compile(r"/\d+(?=/|$)")
#: Files, and acts that a GET must not be mistaken for.
_NO_PAGE = re.compile(r"/(?:csv|xlsx|pdf|logo)$|\.(?:pdf|csv|xlsx|eml)$|^/static/|^/sign-out")


def kind_of(path: str) -> str:
    """The kind of page behind an address."""
    return _NUMBER.sub("/0", _ID.sub("/id", urlsplit(path).path))


@dataclass(frozen=True, slots=True)
class Look:
    """One page as somebody sees it."""

    kind: str
    path: str
    width: int
    theme: Theme
    status: int
    faults: tuple[str, ...]
    shift: float
    bytes: int


@dataclass
class Viewer:
    """Somebody who has signed in, with one window for each theme and width."""

    name: str
    address: str
    browser: Browser
    state: Any
    widths: Sequence[int] = (DESKTOP, PHONE)
    themes: Sequence[Theme] = THEMES
    locale: str = "en-GB"
    windows: dict[tuple[int, Theme], Page] = field(default_factory=dict[tuple[int, Theme], "Page"])

    def window(self, width: int, theme: Theme) -> Page:
        """The window of that width and theme."""
        if (width, theme) not in self.windows:
            self.windows[width, theme] = self._context(width, theme).new_page()
        return self.windows[width, theme]

    def _context(self, width: int, theme: Theme) -> BrowserContext:
        context = self.browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=theme,
            locale=self.locale,
            storage_state=self.state,
            bypass_csp=False,
        )
        context.set_default_timeout(20_000)
        context.add_init_script(WATCH)
        return context

    def close(self) -> None:
        """Shut the windows."""
        for page in self.windows.values():
            page.context.close()
        self.windows.clear()

    def kinds(self, start: str, most: int = 400) -> Iterator[tuple[str, str]]:
        """One address of each kind of page that can be reached by links, with its kind."""
        page = self.window(self.widths[0], self.themes[0])
        waiting, known = [start], {kind_of(start)}
        while waiting and len(known) <= most:
            path = waiting.pop(0)
            try:
                response = page.goto(self.address + path)
            except Error as error:
                if "Download is starting" in error.message:
                    continue
                raise
            if response is None or "text/html" not in response.headers.get("content-type", ""):
                continue
            yield kind_of(path), path
            for link in page.eval_on_selector_all(
                "a[href]:not([download])", "links => links.map(link => link.href)"
            ):
                beyond = self._path_of(str(link))
                if beyond is not None and kind_of(beyond) not in known:
                    known.add(kind_of(beyond))
                    waiting.append(beyond)

    def _path_of(self, link: str) -> str | None:
        parts = urlsplit(link)
        if f"{parts.scheme}://{parts.netloc}" != self.address or _NO_PAGE.search(parts.path):
            return None
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def look(self, kind: str, path: str, width: int, theme: Theme, picture: Path | None = None) -> Look:
        """Open the page, take its picture where one is asked for, and tell what is wrong with it."""
        page = self.window(width, theme)
        received = _Received(page)
        response = page.goto(self.address + path, wait_until="networkidle")
        shift = float(page.evaluate("window.shifted"))
        faults = [f"content policy: {breach}" for breach in page.evaluate("window.breaches")]
        excess = int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))
        if excess > 0:
            faults.append(f"{excess} px wider than the screen")
        if shift > MOST_SHIFT:
            faults.append(f"things jump by {shift:.3f}")
        page.evaluate(f"{AXE}; 0")
        rules = page.evaluate("tags => axe.run(document, { runOnly: tags })", RULES)["violations"]
        faults += [f"{rule['id']}: {node['html'][:160]}" for rule in rules for node in rule["nodes"]]
        if picture is not None:
            picture.parent.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=picture, full_page=True)
        status = 0 if response is None else response.status
        return Look(kind, path, width, theme, status, tuple(faults), shift, received.bytes)

    def first_visit(self, path: str) -> int:
        """The bytes of a visit in a browser that knows nothing of the portal yet."""
        context = self._context(DESKTOP, "light")
        page = context.new_page()
        received = _Received(page)
        page.goto(self.address + path, wait_until="networkidle")
        context.close()
        return received.bytes


class _Received:
    """Counts what comes over the network to a window, headers and compression included."""

    def __init__(self, page: Page) -> None:
        self.bytes = 0
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.loadingFinished", self._finished)

    def _finished(self, event: dict[str, Any]) -> None:
        self.bytes += int(event["encodedDataLength"])
