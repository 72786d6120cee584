"""A crawler: follows every link of every page that one person can reach, and says what is wrong with the pages.

    crawl = Crawler(portal.employee("all@company.example", *every_role(portal.house)))
    crawl.from_("/")
    assert crawl.complaints() == []

It only reads: forms are collected, never sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

from webtest import TestResponse

from portal.kernel.composition import House
from portal.testing.portal import Browser

#: What a page shows when a text was written without being translated, or a thing without being formatted.
_RAW = re.compile(r"\$\{\w+\}|%\(\w+\)s|TranslationString\(|<(?:portal|sqlalchemy)\.[\w.]+ object|Undefined")
_ON = re.compile(r"on[a-z]+")
#: Attributes by which a page names another address of this portal.
_LINKS = {
    "a": ("href",),
    "form": ("hx-get",),
    "img": ("src",),
    "link": ("href",),
    "script": ("src",),
    "source": ("src",),
    "use": ("href",),
}


@dataclass(frozen=True, slots=True)
class PostForm:
    """A form that would change something: the address it posts to, and its fields as they are filled."""

    action: str
    fields: tuple[tuple[str, str], ...]


class Reading(HTMLParser):
    """What one HTML page says: title, links, ids, forms that post, and what the content policy would forbid."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.title = ""
        self.links: list[str] = []
        #: Names of the icons that are drawn.
        self.icons: set[str] = set()
        self.ids: list[str] = []
        self.forbidden: list[str] = []
        self.forms: list[PostForm] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self._form: tuple[str, list[tuple[str, str]]] | None = None
        self._select: str | None = None
        self._typing: str | None = None
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the tag says."""
        said = {name: value or "" for name, value in attrs}
        if tag in ("title", "script", "style"):
            self._open.append(tag)
        self._judge(tag, said)
        if "id" in said:
            self.ids.append(said["id"])
        self.links += [said[name] for name in _LINKS.get(tag, ()) if said.get(name)]
        if tag == "use":
            self.icons.add(said.get("href", "").rpartition("#")[2])
        if tag == "form":
            self._begin_form(said)
        elif self._form is not None:
            self._note_field(tag, said)

    def handle_endtag(self, tag: str) -> None:
        """Close what was open."""
        if self._open and self._open[-1] == tag:
            self._open.pop()
        if tag == "form" and self._form is not None:
            action, fields = self._form
            self.forms.append(PostForm(action, tuple(fields)))
            self._form = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._typing = None

    def handle_data(self, data: str) -> None:
        """Collect what people read."""
        if self._open and self._open[-1] == "title":
            self.title += data
        elif self._open and data.strip():
            self.forbidden.append(f"inline {self._open[-1]}")
        elif not self._open:
            self.text.append(data)
        if self._typing is not None and self._form is not None:
            self._form[1].append((self._typing, data))
            self._typing = None

    def _judge(self, tag: str, said: dict[str, str]) -> None:
        if tag == "style":
            self.forbidden.append("a style element")
        for name, value in said.items():
            if name == "style" or _ON.fullmatch(name):
                self.forbidden.append(f"{name} on {tag}")
            elif name in ("href", "src", "action") and value.strip().lower().startswith("javascript:"):
                self.forbidden.append(f"javascript in {name} of {tag}")

    def _begin_form(self, said: dict[str, str]) -> None:
        if said.get("method", "get").lower() == "post":
            self._form = (said.get("action", ""), [])
        elif said.get("action"):
            self.links.append(said["action"])

    def _note_field(self, tag: str, said: dict[str, str]) -> None:
        assert self._form is not None
        fields, name = self._form[1], said.get("name", "")
        if tag == "option" and self._select and "selected" in said:
            fields.append((self._select, said.get("value", "")))
        elif not name or "disabled" in said:
            return
        elif tag == "select":
            self._select = name
        elif tag == "textarea":
            self._typing = name
        elif tag == "input":
            ticked = said.get("type") not in ("checkbox", "radio") or "checked" in said
            if ticked and said.get("type") not in ("submit", "button", "file"):
                fields.append((name, said.get("value", "")))


@dataclass(frozen=True, slots=True)
class Visit:
    """One address that was asked for, from where, and what came."""

    url: str
    origin: str
    response: TestResponse
    reading: Reading | None = None

    @property
    def complaints(self) -> Iterator[str]:
        """What is wrong with it."""
        if self.response.status_int >= 400:
            yield f"{self.url} answers {self.response.status_int} (linked from {self.origin})"
        if self.response.status_int in (302, 303) and "/sign-in" in str(self.response.location):
            yield f"{self.url} asks somebody to sign in who has (linked from {self.origin})"
        if self.reading is not None and self.response.status_int < 400:
            yield from (f"{self.url}: {complaint}" for complaint in _wrong(self.reading))


def _wrong(reading: Reading) -> Iterator[str]:
    if not reading.title.strip().strip("·").strip():
        yield "no title"
    elif reading.title.lstrip().startswith("·"):
        yield "the title says only the company"
    yield from dict.fromkeys(reading.forbidden)
    for one in sorted({one for one in reading.ids if reading.ids.count(one) > 1}):
        yield f"the id {one} stands there more than once"
    raw = _RAW.search(" ".join((reading.title, *reading.text)))
    if raw is not None:
        yield f"shows {raw.group()}"


@dataclass
class Crawler:
    """Crawls as the person of `browser`.

    `alike` bounds how many addresses are visited that differ only in the values of their query (the orders in which a
    list can be sorted); None visits all of them.
    """

    browser: Browser
    alike: int | None = 3
    visits: dict[str, Visit] = field(default_factory=dict[str, Visit])
    _alike: dict[tuple[str, frozenset[str]], int] = field(
        default_factory=dict[tuple[str, frozenset[str]], int]
    )

    def from_(self, *addresses: str) -> Crawler:
        """Visit these addresses and all that can be reached from them."""
        waiting = [(address, "the start") for address in addresses]
        while waiting:
            url, origin = waiting.pop(0)
            if url in self.visits or not self._wanted(url):
                continue
            visit = self._visit(url, origin)
            self.visits[url] = visit
            waiting += [(link, url) for link in self._links(visit)]
        return self

    def complaints(self) -> list[str]:
        """What is wrong with what was found, one sentence each."""
        return [complaint for visit in self.visits.values() for complaint in visit.complaints]

    def forms(self) -> dict[str, PostForm]:
        """The forms that post, by the address they post to."""
        found: dict[str, PostForm] = {}
        for visit in self.visits.values():
            for form in visit.reading.forms if visit.reading else ():
                action = self._inside(urljoin(visit.url, form.action or visit.url))
                if action is not None:
                    found.setdefault(action, form)
        return found

    def icons(self) -> set[str]:
        """The names of the icons that the pages draw."""
        return {name for visit in self.visits.values() if visit.reading for name in visit.reading.icons}

    def _visit(self, url: str, origin: str) -> Visit:
        response = self.browser.get(url, expect_errors=True)
        html = response.content_type == "text/html" and not 300 <= response.status_int < 400
        return Visit(url, origin, response, Reading(response.text) if html else None)

    def _links(self, visit: Visit) -> Iterator[str]:
        found = list(visit.reading.links) if visit.reading is not None else []
        if visit.response.location:
            found.append(visit.response.location)
        for link in found:
            address = self._inside(urljoin(f"http://localhost{visit.url}", link))
            if address is not None:
                yield address

    def _inside(self, address: str) -> str | None:
        """The path and query of an address of this portal; None for all others."""
        parts = urlsplit(urljoin("http://localhost/", address))
        if parts.scheme not in ("http", "https") or parts.netloc.split(":")[0] not in ("localhost", ""):
            return None
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def _wanted(self, url: str) -> bool:
        parts = urlsplit(url)
        if self.alike is None or not parts.query:
            return True
        kind = (
            parts.path,
            frozenset(name for name, _value in parse_qsl(parts.query, keep_blank_values=True)),
        )
        self._alike[kind] = self._alike.get(kind, 0) + 1
        return self._alike[kind] <= self.alike


def every_role(house: House) -> list[str]:
    """The names of all roles of the modules in the house."""
    return [role.name for card in house.cards for role in card.roles]
