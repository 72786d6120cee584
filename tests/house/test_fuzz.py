"""Every form of the full house, sent with odd values: a polite answer always, and markup never comes back as markup.

On PostgreSQL alone: it is the stricter reader of figures, dates and text.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from house.intruders import Intruder
from house.world import FOUR_EYES, MODULES, SPECIMEN, World, make_world

from portal.testing import Browser
from portal.testing.crawler import Crawler, PostForm, Reading
from portal.testing.fixtures import PortalFactory
from portal.web.request import CSRF_FIELD, OPERATION_FIELD

SEED = 20261122
MARKUP = "<script>alert(7)</script><img src=x onerror=alert(7)>'\"{{7*7}}${7*7}"
ODD = [
    "",
    MARKUP,
    "-1",
    "0",
    "1e400",
    "NaN",
    "99999999999999999999999999",
    "0.0000000000001",
    "1,5.0",
    "2026-02-30",
    "0001-01-01",
    "9999-12-31",
    "' OR 1=1 --",
    "../../etc/passwd",
    "\u202e\ud7ff\U0001f600" + "é" * 40,
    "x" * 600,
    "=1+1",
    "line\r\nSet-Cookie: x=1",
    "%00%0d%0a",
    "on",
]
#: What is sent to these would end the person's own way in, not show a defect.
SPARED = ("/sign-out", "/account/password", "/admin/users/", "/account/sessions", "/verify")


@pytest.fixture
def world(portals: PortalFactory) -> World:
    return make_world(portals(*MODULES, SPECIMEN, **FOUR_EYES))


def sent(form: PostForm, odd: random.Random) -> Iterator[list[tuple[str, str]]]:
    """The form with every value odd, and with one value odd at a time."""
    own = [(name, value) for name, value in form.fields if name not in (CSRF_FIELD, OPERATION_FIELD)]
    yield [(name, odd.choice(ODD)) for name, _value in own]
    for place in odd.sample(range(len(own)), min(4, len(own))):
        yield [(name, odd.choice(ODD) if here == place else value) for here, (name, value) in enumerate(own)]
    yield [*own, *own, ("role", "people.administrator"), ("customer_id", "1"), ("state", "paid"), ("id", "1")]


def fuzzed(browser: Browser, forms: dict[str, PostForm], start: str) -> list[str]:
    """What went wrong."""
    odd, who, wrong = random.Random(SEED), Intruder.in_(browser, start), list[str]()
    for url, form in sorted(forms.items()):
        if url.startswith(SPARED):
            continue
        for fields in sent(form, odd):
            pairs = [*fields, (CSRF_FIELD, who.token), (OPERATION_FIELD, f"fuzz{odd.getrandbits(80):024x}")]
            answer = who.browser.post(url, pairs, expect_errors=True)
            if answer.status_int >= 500:
                wrong.append(f"{url} answers {answer.status_int} to {fields}")
            elif answer.content_type == "text/html" and Reading(answer.text).forbidden:
                wrong.append(f"{url} gives markup back: {fields}")
            if "x" in answer.headers.get("Set-Cookie", "").split("=")[0].split(","):
                wrong.append(f"{url} lets a header be set: {fields}")
    return wrong


def queried(browser: Browser, crawl: Crawler) -> list[str]:
    """What went wrong with odd values in addresses."""
    odd, wrong, tried = random.Random(SEED), list[str](), set[tuple[str, str]]()
    for url in sorted(crawl.visits):
        parts = urlsplit(url)
        for name in dict(parse_qsl(parts.query, keep_blank_values=True)):
            if (parts.path, name) in tried:
                continue
            tried.add((parts.path, name))
            for value in odd.sample(ODD, 4):
                answer = browser.get(f"{parts.path}?{urlencode({name: value})}", expect_errors=True)
                if answer.status_int >= 500:
                    wrong.append(f"{parts.path}?{name}={value!r} answers {answer.status_int}")
                elif answer.content_type == "text/html" and Reading(answer.text).forbidden:
                    wrong.append(f"{parts.path}?{name}={value!r} gives markup back")
    return wrong


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_no_form_of_employees_breaks(world: World) -> None:
    browser = world.all_seeing()
    crawl = Crawler(browser, alike=1).from_("/")
    assert world.alpha is not None
    crawl.from_(f"/orders/new/{world.alpha.public_id}/", f"/customers/{world.alpha.number}")
    assert len(crawl.forms()) > 60
    assert fuzzed(browser, crawl.forms(), "/") == []
    assert queried(browser, crawl) == []


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_no_form_of_customers_breaks(world: World) -> None:
    assert world.alpha is not None
    browser = world.buyer(world.alpha, "anna@alpha.example")
    crawl = Crawler(browser, alike=1).from_("/")
    assert len(crawl.forms()) > 8
    assert fuzzed(browser, crawl.forms(), "/account/") == []
    assert queried(browser, crawl) == []
