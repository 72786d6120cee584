"""`make screens`: the demo, every kind of page of an administrator, a clerk, an accountant and a customer, in both themes,
at desktop and phone width, into var/screens; prints what is wrong with them. `python -m screens WORD…` looks only at kinds
of pages that contain one of the words.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from webtest.http import StopableWSGIServer

import portal
from portal.kernel import schema
from portal.kernel.composition import House
from portal.ops.demo import PASSWORD, DemoContext, fill
from portal.testing import raw_settings
from portal.testing.browsers import find_chromium
from screens.examining import FIRST_VISIT, LATER, Look, Viewer

MODULES = ("taxes", "customers", "catalog", "orders", "finance")
FOLDER = Path("var/screens")
#: Who looks: a name, the e-mail, and the part of the sign-in page.
PEOPLE = (
    ("administrator", "admin@demo.example", "Employees"),
    ("clerk", "sales@demo.example", "Employees"),
    ("accountant", "accounting@demo.example", "Employees"),
    ("customer", "roland.mendel@demo.example", "Customers"),
)


def main(words: list[str]) -> int:
    """Take the pictures; the exit status tells whether nothing was wrong."""
    found: list[Look] = []
    with _served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        for name, email, part in PEOPLE:
            viewer = Viewer(name, address, browser, _signed_in(browser, address, email, part))
            for look in _looks(viewer, words):
                found.append(look)
                for fault in look.faults:
                    print(f"{name} {look.width} {look.theme} {look.path}: {fault}", flush=True)
            first = viewer.first_visit("/")
            print(f"{name}: the first visit takes {first:,} bytes (at most {FIRST_VISIT:,})", flush=True)
            viewer.close()
        browser.close()
    faults = sum(len(look.faults) for look in found)
    most = max(found, key=lambda look: look.bytes, default=None)
    print(f"\n{len(found)} looks at {len({look.kind for look in found})} kinds of pages, {faults} faults")
    if most is not None:
        print(
            f"the heaviest page, its files known: {most.path} with {most.bytes:,} bytes (at most {LATER:,})"
        )
    return 1 if faults else 0


def _looks(viewer: Viewer, words: list[str]) -> Iterator[Look]:
    seen = [one for one in viewer.kinds("/") if not words or any(word in one[0] for word in words)]
    for kind, path in seen:
        for width in viewer.widths:
            for theme in viewer.themes:
                name = kind.strip("/").replace("/", "-") or "home"
                picture = FOLDER / viewer.name / f"{name}-{width}-{theme}.png"
                yield viewer.look(kind, path, width, theme, picture)


def _signed_in(browser: Browser, address: str, email: str, part: str) -> object:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{address}/sign-in")
    if part == "Customers":
        page.get_by_role("link", name=part, exact=True).first.click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in").first.click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    state = context.storage_state()
    context.close()
    return state


@contextmanager
def _served() -> Iterator[str]:
    """The demo behind a server on a free port of this machine."""
    with tempfile.TemporaryDirectory(prefix="screens-") as folder:
        raw = raw_settings(MODULES, f"sqlite:///{folder}/demo.sqlite", mail__folder=f"{folder}/mail")
        house: House = portal.compose(raw).house
        schema.upgrade(house.database, house.cards)
        with house.database.session(write=False) as session:
            today = house.unit(session).today()
        for step in fill(DemoContext(house, today)):
            print(f"{step} …", flush=True)
        house.database.engine.dispose()
        server = StopableWSGIServer.create(portal.main({}, **raw))
        try:
            yield f"http://127.0.0.1:{server.effective_port}"
        finally:
            server.shutdown()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
