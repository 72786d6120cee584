"""One request and its effects: refusals change nothing, repeats have one effect, contention is tried again."""

from __future__ import annotations

import sys
import threading
import types
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from sqlalchemy import func, insert, select
from webtest import TestResponse
from webtest.forms import Form as WebTestForm

from portal.kernel.card import Card, Permission, Role
from portal.kernel.composition import Composer
from portal.kernel.db import Contention
from portal.kernel.errors import Conflict, Invalid, Refused
from portal.kernel.jobs import JobRow
from portal.kernel.tree import ModuleRoot
from portal.kernel.unit import Unit
from portal.testing import Browser, TestPortal
from portal.testing.fixtures import PortalFactory
from portal.web.forms import Form, TextField
from portal.web.request import Request

CARD = Card(
    "acts",
    "Acts",
    "acts_for_a_test",
    permissions=(Permission("acts.do", "Act"),),
    roles=(Role("acts.actor", "Actor", ("acts.do",)),),
)
PAGE = """{% extends 'portal:web/templates/layout.jinja2' %}
{% import 'portal:web/templates/macros.jinja2' as ui with context %}
{% block content %}{{ ui.form_open(request) }}{{ ui.fields(form) }}{{ ui.submit('Save') }}{{ ui.form_close() }}
<p id="count">{{ count }} notes</p>{% endblock %}"""


class Acts(ModuleRoot):
    """The root of the module."""

    card = CARD


class NoteForm(Form):
    """One field and what shall happen."""

    text = TextField("Text", required=True)


def note(unit: Unit, text: str) -> None:
    """The effect: a row."""
    unit.enqueue("acts.note", {"text": text})


def notes(unit: Unit) -> int:
    """How many effects there are."""
    return unit.db.scalars(select(func.count()).select_from(JobRow).where(JobRow.kind == "acts.note")).one()


def form(context: Acts, request: Request) -> Any:
    """A form that does as its text says, after having written."""
    shown = NoteForm(request)
    if request.submitted:
        shown.check()
        note(request.unit, shown.text.data)
        request.flash(f"Noted {shown.text.data}")
        act(shown.text.data, request)
        return HTTPSeeOther(location="/acts/done")
    return {"form": shown, "count": notes(request.unit)}


def act(word: str, request: Request) -> None:
    """Say no in one of the ways."""
    if word == "refused":
        raise Refused("Not on a Sunday")
    if word == "invalid":
        raise Invalid({"text": "This word is taken"})
    if word == "conflict":
        raise Conflict("Somebody was faster")
    if word == "broken":
        raise ZeroDivisionError
    if (
        word == "contended"
        and request.environ["test.tries"].append(1) is None
        and len(request.environ["test.tries"]) < 3
    ):
        raise Contention("try again")


def only(context: Acts, request: Request) -> Any:
    """A view that only acts."""
    note(request.unit, "only")
    raise Refused("Not this way")


def once(context: Acts, request: Request) -> Any:
    """An act that can be done once, checked under no lock but that of its operation."""
    if notes(request.unit):
        raise Refused("Already done")
    note(request.unit, "once")
    return HTTPSeeOther(location="/acts/done")


def unique(context: Acts, request: Request) -> Any:
    """Checks, then enters a key that only one row may have."""
    if request.db.scalar(select(JobRow.id).where(JobRow.dedupe == "same")) is not None:
        raise Refused("Taken")
    now = request.unit.now()
    row = {"kind": "acts.note", "payload": "{}", "state": "waiting", "attempts": 0, "dedupe": "same"}
    request.db.execute(insert(JobRow).values(**row, created_at=now, run_after=now))
    return HTTPSeeOther(location="/acts/done")


def leaving(context: Acts, request: Request) -> Any:
    """Acts, and leaves something to write that cannot be written."""
    note(request.unit, "left")
    request.afterwards.append(lambda unit: note(unit, 1 / 0))
    return HTTPSeeOther(location="/acts/done")


def rude(context: Acts, request: Request) -> Response:
    """Writes, then returns an error instead of raising one."""
    note(request.unit, "rude")
    return Response("no", status=403)


def remembering(context: Acts, request: Request) -> Any:
    """Refuses, but leaves something that must outlive the refusal."""
    request.afterwards.append(lambda unit: note(unit, "remembered"))
    raise Refused("Counted")


def reading(context: Acts, request: Request) -> Any:
    """A GET that tries to write."""
    note(request.unit, "never")
    return {}


def handle(unit: Unit, payload: Mapping[str, Any]) -> None:
    """The job itself does nothing."""


def includeme(config: Composer) -> None:
    config.mount(CARD, Acts)
    config.job("acts.note", handle, module="acts")
    shared: dict[str, Any] = {"context": Acts, "permission": "acts.do"}
    renderer = "acts_for_a_test:page.jinja2"
    config.add_view(form, renderer=renderer, request_method=("GET", "POST"), **shared)
    config.add_view(only, name="only", request_method="POST", show="", **shared)
    config.add_view(once, name="only-once", request_method="POST", show="", **shared)
    config.add_view(unique, name="unique", request_method="POST", show="", **shared)
    config.add_view(leaving, name="leaving", request_method="POST", **shared)
    config.add_view(rude, name="rude", request_method="POST", **shared)
    config.add_view(remembering, name="remembering", request_method="POST", show="", **shared)
    config.add_view(reading, name="reading", request_method="GET", renderer="json", **shared)


@pytest.fixture
def portal(portals: PortalFactory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestPortal]:
    folder = tmp_path_factory.mktemp("acts")
    (folder / "page.jinja2").write_text(PAGE)
    module = types.ModuleType("acts_for_a_test")
    module.__file__ = str(folder / "__init__.py")
    module.__path__ = [str(folder)]
    module.CARD = CARD  # type: ignore[attr-defined]
    module.includeme = includeme  # type: ignore[attr-defined]
    sys.modules["acts_for_a_test"] = module
    yield portals("acts_for_a_test")
    del sys.modules["acts_for_a_test"]


@pytest.fixture
def browser(portal: TestPortal) -> Browser:
    return portal.employee("actor@company.example", "acts.actor")


def stored(portal: TestPortal) -> int:
    with portal.reading() as unit:
        return notes(unit)


def fields(browser: Browser, **typed: str) -> dict[str, str]:
    page = form_of(browser.get("/acts/"))
    sent = {name: page[name].value for name in ("csrf_token", "_operation")}
    return sent | typed


def twin_of(portal: TestPortal, browser: Browser) -> Browser:
    """A second window of the same person's browser, for another thread."""
    twin = portal.browser()
    for cookie in browser.cookiejar:
        twin.cookiejar.set_cookie(cookie)
    return twin


def form_of(page: TestResponse) -> WebTestForm:
    """The form with the one field."""
    return next(found for found in page.forms.values() if "text" in found.fields)


@pytest.mark.parametrize(
    ("word", "status", "said"),
    [
        ("refused", 422, "Not on a Sunday"),
        ("invalid", 422, "This word is taken"),
        ("conflict", 409, "Somebody was faster"),
        ("", 422, "This field is required"),
    ],
)
def test_a_refusal_shows_the_reason_keeps_what_was_typed_and_changes_nothing(
    portal: TestPortal, browser: Browser, word: str, status: int, said: str
) -> None:
    page = browser.post("/acts/", fields(browser, text=word), status=status)
    page.mustcontain(said, "0 notes")
    assert form_of(page)["text"].value == word
    assert stored(portal) == 0


def test_a_view_that_only_acts_shows_the_refusal_on_the_page_of_its_context(
    portal: TestPortal, browser: Browser
) -> None:
    page = browser.post("/acts/only", fields(browser), status=422)
    page.mustcontain("Not this way", "0 notes")
    assert stored(portal) == 0


def test_a_form_on_the_page_of_another_view_keeps_what_was_typed(
    portal: TestPortal, browser: Browser
) -> None:
    page = browser.post("/acts/only", fields(browser, text="typed"), status=422)
    assert form_of(page)["text"].value == "typed"


def test_an_answer_of_400_and_above_does_not_commit(portal: TestPortal, browser: Browser) -> None:
    browser.post("/acts/rude", fields(browser), status=403)
    assert stored(portal) == 0


def test_the_unexpected_is_one_page_with_the_number_of_the_request(
    portal: TestPortal, browser: Browser
) -> None:
    page = browser.post("/acts/", fields(browser, text="broken"), status=500)
    page.mustcontain(page.headers["X-Request-Id"], no=["ZeroDivisionError"])
    assert stored(portal) == 0


def test_what_must_outlive_a_refusal_does(portal: TestPortal, browser: Browser) -> None:
    browser.post("/acts/remembering", fields(browser), status=422)
    assert stored(portal) == 1


def test_a_double_click_has_one_effect_and_one_answer(portal: TestPortal, browser: Browser) -> None:
    sent = fields(browser, text="once")
    first, second = browser.post("/acts/", sent, status=303), browser.post("/acts/", sent, status=303)
    assert first.location == second.location
    assert stored(portal) == 1


def test_a_double_click_at_the_same_time_has_one_effect_and_one_answer(
    portal: TestPortal, browser: Browser
) -> None:
    sent = fields(browser, text="once")
    barrier = threading.Barrier(4)

    def click(_number: int) -> TestResponse:
        twin = twin_of(portal, browser)
        barrier.wait()
        return twin.post("/acts/only-once", sent, status=303)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(click, range(4)))
    assert len({answer.location for answer in answers}) == 1
    assert stored(portal) == 1


def test_two_people_who_enter_the_same_key_at_once(portal: TestPortal, browser: Browser) -> None:
    """The second one's unique violation is tried again, and then refused by the check."""
    sent = [fields(browser, text="same") for _number in range(3)]
    barrier = threading.Barrier(3)

    def enter(one: dict[str, str]) -> int:
        twin = twin_of(portal, browser)
        barrier.wait()
        return twin.post("/acts/unique", one, status="*").status_int

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(enter, sent)) == [303, 422, 422]


def test_what_is_left_to_write_never_takes_the_answer_back(portal: TestPortal, browser: Browser) -> None:
    browser.post("/acts/leaving", fields(browser), status=303)
    assert stored(portal) == 1


def test_a_message_survives_a_second_try(portal: TestPortal, browser: Browser) -> None:
    tries: list[int] = []
    sent = fields(browser, text="contended")
    browser.post("/acts/", sent, extra_environ={"test.tries": tries}, status=303)
    browser.get("/acts/").mustcontain("Noted contended")


@pytest.mark.parametrize("url", ["/acts/reading/a/b", "/healthz/x"])
def test_what_stands_behind_a_views_name_is_not_ignored(browser: Browser, url: str) -> None:
    browser.get(url, status=404)


def test_a_nul_in_a_form_is_unreadable(portal: TestPortal, browser: Browser) -> None:
    browser.post("/acts/", fields(browser, text="a\0b"), status=400)
    assert stored(portal) == 0


def test_a_used_form_with_other_content_is_refused(portal: TestPortal, browser: Browser) -> None:
    sent = fields(browser, text="once")
    browser.post("/acts/", sent, status=303)
    browser.post("/acts/", sent | {"text": "twice"}, status=409).mustcontain("already sent")
    assert stored(portal) == 1


def test_a_form_may_be_sent_again_after_a_refusal(portal: TestPortal, browser: Browser) -> None:
    sent = fields(browser, text="refused")
    browser.post("/acts/", sent, status=422)
    browser.post("/acts/", sent | {"text": "better"}, status=303)
    assert stored(portal) == 1


@pytest.mark.parametrize("lacking", ["csrf_token", "_operation"])
def test_a_form_from_elsewhere_is_refused(portal: TestPortal, browser: Browser, lacking: str) -> None:
    sent = fields(browser, text="once")
    del sent[lacking]
    browser.post("/acts/", sent, status=(400 if lacking == "csrf_token" else 422))
    assert stored(portal) == 0


def test_another_persons_token_is_refused(portal: TestPortal, browser: Browser) -> None:
    other = portal.employee("other@company.example", "acts.actor")
    sent = fields(browser, text="once") | {"csrf_token": fields(other)["csrf_token"]}
    browser.post("/acts/", sent, status=400)
    assert stored(portal) == 0


def test_contention_is_tried_again_and_has_one_effect(portal: TestPortal, browser: Browser) -> None:
    tries: list[int] = []
    browser.post("/acts/", fields(browser, text="contended"), extra_environ={"test.tries": tries}, status=303)
    assert len(tries) == 3
    assert stored(portal) == 1


def test_a_get_cannot_write(portal: TestPortal, browser: Browser) -> None:
    browser.get("/acts/reading", status=500)
    assert stored(portal) == 0


def test_every_answer_has_the_strict_headers(portal: TestPortal, browser: Browser) -> None:
    for url, status in (("/acts/", 200), ("/acts/reading", 500), ("/nothing", 404)):
        headers = browser.get(url, status=status).headers
        assert "script-src 'self'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
