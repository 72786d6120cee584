"""Customers see the catalog in their own currency once a module knows both."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from portal.modules.catalog import services
from portal.modules.catalog.services import ProductData
from portal.modules.customers import services as customers
from portal.modules.customers.services import CustomerData
from portal.modules.taxes import services as taxes
from portal.testing.fixtures import PortalFactory
from portal.testing.portal import Browser, TestPortal


@pytest.fixture
def portal(portals: PortalFactory) -> TestPortal:
    return portals("taxes", "customers", "catalog", "orders")


@pytest.fixture
def customer(portal: TestPortal) -> tuple[Browser, str]:
    with portal.unit() as unit:
        taxes.install_defaults(unit)
        services.create_product(unit, ProductData("CHAI", "Chai", "box", Decimal(18), "standard"))
        made = customers.create_customer(unit, CustomerData("Great Lakes", "US", "USD"))
    browser = portal.customer("buyer@lakes.example", made.id, made.public_id, made.name)
    return browser, f"/my/{made.public_id}/catalog/"


def test_price_in_the_currency_of_the_customer(portal: TestPortal, customer: tuple[Browser, str]) -> None:
    browser, address = customer
    page = browser.get(address)
    assert "Price on request" in page
    portal.run(lambda unit: taxes.add_exchange_rate(unit, "USD", date(2026, 11, 1), Decimal("0.9")))
    page = browser.get(address)
    assert "20.00 USD" in page
    assert "20.00 USD" in page.click("Chai")
