"""Columns and filters for some only: who lacks the right neither sees them, nor exports, sorts or filters by them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from portal.kernel.errors import Invalid
from portal.kernel.people import Realm
from portal.people import services
from portal.people.models import User
from portal.testing import TestPortal
from portal.web.lists import ChoiceFilter, Column, FlagFilter, Listing, TextFilter

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

PRODUCTS = Listing(
    base=select(User.id),
    id=User.id,
    columns=(
        Column("name", "Name", User.name, sort=True),
        Column("cost", "Cost", User.email, sort=True, permission="shop.cost"),
    ),
    default="name",
    name="products",
    filters=(
        TextFilter("cost_of", "Cost", lambda value: User.email == value, permission="shop.cost"),
        FlagFilter("lossy", "At a loss", User.active.is_, permission="shop.cost"),
        ChoiceFilter("realm", "Kind", {"employees": "E"}, lambda value: User.realm == value),
    ),
)


class FakeRequest:
    """A request of somebody with these rights."""

    locale_name = "en"

    def __init__(self, db: Any, *rights: str, **params: str) -> None:
        self.db, self.rights, self.GET = db, rights, params

    def permits(self, permission: str) -> bool:
        return permission in self.rights

    def translate(self, text: str) -> str:
        return text


@pytest.fixture
def people(portals: Callable[..., TestPortal]) -> TestPortal:
    portal = portals()
    with portal.unit() as unit:
        services.add_user(unit, Realm.EMPLOYEES, "canary@company.example", "Ada")
    return portal


def test_with_the_right_they_are_there(people: TestPortal) -> None:
    with people.reading() as unit:
        request: Any = FakeRequest(unit.db, "shop.cost", sort="-cost", cost_of="canary@company.example")
        listing = PRODUCTS.seen_by(request)
        assert [row[1] for row in listing.page(unit.db, request.GET).rows] == ["canary@company.example"]
        assert "canary" in listing.csv(request).text
        assert listing is PRODUCTS.seen_by(request)


def test_without_it_there_is_no_trace(people: TestPortal) -> None:
    with people.reading() as unit:
        request: Any = FakeRequest(unit.db)
        listing = PRODUCTS.seen_by(request)
        page = listing.page(unit.db, {})
        assert [column.key for column in page.listing.visible] == ["name"]
        assert "canary" not in repr(page.rows)
        csv = listing.csv(request).text
        assert "canary" not in csv
        assert "Cost" not in csv
        for params in ({"sort": "cost"}, {"sort": "-cost"}, {"cost_of": "x"}, {"lossy": "yes"}):
            with pytest.raises(Invalid):
                listing.page(unit.db, params)
            asking: Any = FakeRequest(unit.db, **params)
            with pytest.raises(Invalid):
                listing.csv(asking)


def test_a_list_for_some_is_never_shown_unasked(people: TestPortal) -> None:
    with people.reading() as unit:
        request: Any = FakeRequest(unit.db, "shop.cost")
        with pytest.raises(LookupError, match="seen_by"):
            PRODUCTS.page(unit.db, {})
        with pytest.raises(LookupError, match="seen_by"):
            PRODUCTS.csv(request)
