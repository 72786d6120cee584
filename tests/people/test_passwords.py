"""Which passwords are refused: words of the context, of the company and of the person, in whatever spelling."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal.kernel.errors import Invalid
from portal.kernel.people import Realm
from portal.people import services
from portal.people.passwords import context_words
from portal.testing import TestPortal
from portal.testing.portal import PASSWORD

EMAIL, NAME = "jo.muster-frau+portal@company.example", "Jörg Strauß-Løken"
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def house(portals: Callable[..., TestPortal]) -> TestPortal:
    return portals(company__name="Ümläut & Søns GmbH")


@pytest.mark.parametrize(
    ("password", "word"),
    [
        ("ÜMLÄUT rules 2026", "umlaut"),
        ("umlautumlaut7!", "umlaut"),
        ("my-Sons-are-there", "sons"),
        ("Umlaut.Sons.GmbH", "umlautsonsgmbh"),
        ("joerg is not Jörg", "jorg"),
        ("strauss of flowers", "strauss"),
        ("xxLøKEN12345", "loken"),
        ("muster 12345 haus", "muster"),
        ("jo_muster_frau_portal", "jomusterfrauportal"),
    ],
)
def test_words_of_the_context_are_refused_and_named(house: TestPortal, password: str, word: str) -> None:
    with house.unit() as unit:
        with pytest.raises(Invalid) as refused:
            services.add_user(unit, Realm.EMPLOYEES, EMAIL, NAME, password=password)
        assert services.list_users(unit) == []
    said = refused.value.errors["password"]
    assert said.mapping == {"word": word}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "password", ["so jo and the others", "we use no gm of bh", "correct horse battery", "j o r g 123456"]
)
def test_words_that_are_short_or_apart_are_not(house: TestPortal, password: str) -> None:
    with house.unit() as unit:
        services.add_user(unit, Realm.EMPLOYEES, EMAIL, NAME, password=password)


def test_what_the_list_holds(backend: str) -> None:
    """As docs/operations.md says it."""
    assert context_words("Ümläut & Søns GmbH", NAME, EMAIL) == [
        "jomusterfrauportal",
        "jorgstraussloken",
        "umlautsonsgmbh",
        "strauss",
        "muster",
        "portal",
        "umlaut",
        "loken",
        "frau",
        "gmbh",
        "jorg",
        "sons",
    ]


def test_the_page_says_which_word_to_leave_out_and_keeps_the_old_password(house: TestPortal) -> None:
    browser = house.employee("lovelace@company.example")
    form = browser.get("/account/password").forms["password"]
    form["old"], form["new"], form["again"] = PASSWORD, "Lovelace 1815!", "Lovelace 1815!"
    refused = form.submit(expect_errors=True)
    assert refused.status_int == 422
    assert "Leave out “lovelace”" in str(refused.html.find(id="new-error"))
    assert house.browser().sign_in("lovelace@company.example").request.path == "/"
