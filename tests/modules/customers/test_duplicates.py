"""Possible duplicates of a new account."""

from __future__ import annotations

from typing import Any

import pytest
from modules.customers.conftest import Account, Scalar

from portal.modules.customers import services
from portal.modules.customers.services import CustomerData, PossibleDuplicates
from portal.testing.portal import TestPortal

KNOWN = {
    "name": "Müller Maschinenbau GmbH",
    "vat_id": "DE136695976",
    "email": "office@mueller-maschinenbau.example",
    "phone": "+49 30 1234567",
}


def found(portal: TestPortal, **typed: str) -> list[tuple[str, int]]:
    asked = {"name": "", "vat_id": "", "email": "", "phone": "", **typed}
    with portal.reading() as unit:
        return [(one.name, one.score) for one in services.possible_duplicates(unit, **asked)]


@pytest.mark.parametrize(
    ("typed", "is_found"),
    [
        ({"name": "Muller Maschinenbau"}, True),
        ({"name": "MÜLLER MASCHINENBAU AG"}, True),
        ({"name": "Mueller Werkzeuge"}, False),
        ({"name": "Something else", "vat_id": "de 136695976"}, True),
        ({"name": "Müller Maschinen", "email": "sales@mueller-maschinenbau.example"}, True),
        ({"name": "Something else", "email": "sales@mueller-maschinenbau.example"}, False),
        ({"name": "Something", "email": "x@mueller-maschinenbau.example", "phone": "030 1234567"}, True),
        ({"name": "Something", "phone": "030 1234567"}, False),
        ({"name": ""}, False),
    ],
)
def test_scores(portal: TestPortal, account: Account, typed: dict[str, str], is_found: bool) -> None:
    account(**KNOWN)
    account("Alfreds Futterkiste")
    names = [name for name, _score in found(portal, **typed)]
    assert names == ([KNOWN["name"]] if is_found else [])


def test_public_mailboxes_say_nothing(portal: TestPortal, account: Account) -> None:
    account("Anna Schmidt", email="anna@gmail.com", phone="030 7654321")
    assert found(portal, name="Bernd", email="bernd@gmail.com", phone="030 7654321") == []


def test_likeliest_first_and_at_most_five(portal: TestPortal, account: Account) -> None:
    for number in range(6):
        account(f"Blauer See Delikatessen {number}")
    account("Blauer See", vat_id="DE136695976")
    likely = found(portal, name="Blauer See Delikatessen", vat_id="DE136695976")
    assert likely[0] == ("Blauer See", 100)
    assert len(likely) == 5


def test_one_statement(portal: TestPortal, account: Account) -> None:
    account(**KNOWN)
    typed: Any = tuple(KNOWN[name] for name in ("name", "vat_id", "email", "phone"))
    assert len(portal.count(lambda unit: services.possible_duplicates(unit, *typed))) == 1


def test_creating_asks_first(portal: TestPortal, account: Account, scalar: Scalar) -> None:
    account(**KNOWN)
    data = CustomerData("Müller Maschinenbau", "DE", "EUR")
    with pytest.raises(PossibleDuplicates) as refused:
        portal.run(lambda unit: services.create_customer(unit, data))
    assert [one.number for one in refused.value.likenesses] == ["C-10001"]
    assert scalar("SELECT count(*) FROM customers_customer") == 1
    portal.run(lambda unit: services.create_customer(unit, data, anyway=True))
    assert scalar("SELECT count(*) FROM customers_customer") == 2
