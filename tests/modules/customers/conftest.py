"""Portals with customers, and accounts in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from portal.kernel.unit import Unit
from portal.modules.customers import services
from portal.modules.customers.interfaces import CustomerFacts
from portal.modules.customers.services import AddressData, CustomerData
from portal.testing.fixtures import PortalFactory
from portal.testing.portal import TestPortal

Account = Callable[..., CustomerFacts]
Scalar = Callable[[str], Any]


@pytest.fixture
def portal(portals: PortalFactory) -> TestPortal:
    """A portal with customers and what they require."""
    return portals("taxes", "customers")


@pytest.fixture
def account(portal: TestPortal) -> Account:
    """`account("Alfreds", city="Berlin", country="DE")` is a new account with one address."""

    def create(name: str = "Alfreds Futterkiste", *, city: str = "Berlin", **more: Any) -> CustomerFacts:
        values = {"country": "DE", "currency": "EUR", **more}

        def act(unit: Unit) -> CustomerFacts:
            made = services.create_customer(unit, CustomerData(name=name, **values), anyway=True)
            address = AddressData(name=name, country=values["country"], lines="Main Street 1", city=city)
            services.add_address(unit, made.id, address)
            return services.Customers(unit).get(made.id)

        return portal.run(act)

    return create


@pytest.fixture
def scalar(portal: TestPortal) -> Scalar:
    """One value as it is stored."""

    def read(statement: str) -> Any:
        with portal.reading() as unit:
            return unit.db.scalar(text(statement))

    return read
