"""What was typed survives the end of a session, in Chromium: offered after signing in, saved once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from browser.conftest import Served

from portal.kernel.people import Realm
from portal.people import services as people

CLARA, TYPED = "clara@company.example", "Gamma Trading Company"
pytestmark = pytest.mark.browser


def customers(served: Served) -> int:
    """How many customers have that name."""
    return int(served.one("SELECT COUNT(*) FROM customers_customer WHERE name = :name", name=TYPED))


def test_a_form_of_an_ended_session_is_offered_again_and_saves_once(serve: Callable[..., Served]) -> None:
    served = serve()
    clara = served.person("clara", CLARA, Realm.EMPLOYEES, 1280)
    clara.go("/customers/new", "form")
    clara.type(name=TYPED)
    with served.portal.unit() as unit:
        user = people.find_user(unit, Realm.EMPLOYEES, CLARA)
        assert user is not None
        people.end_sessions(unit, user.id)
    clara.press("Create", "session-ended")
    assert clara.path().startswith("/sign-in")
    assert customers(served) == 0
    clara.sign_in(CLARA)
    assert clara.path() == "/account/kept"
    assert TYPED in clara.says()
    assert customers(served) == 0
    tab = clara.another_tab()
    tab.go("/account/kept", "second-tab")
    clara.press("Send it", "sent")
    assert TYPED in clara.says()
    assert customers(served) == 1
    tab.press("Send it", "sent-twice")
    assert tab.path() == clara.path()
    assert customers(served) == 1
    clara.page.go_back()
    assert "No form is kept for you" in clara.says()
    assert served.complaints == []
