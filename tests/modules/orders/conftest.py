"""A shop to test orders in: two customers, goods, a service, people of every role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from portal.kernel.people import Actor
from portal.kernel.unit import Unit
from portal.modules.catalog import services as catalog
from portal.modules.catalog.interfaces import SERVICE, ProductFacts
from portal.modules.catalog.services import ProductData
from portal.modules.customers import services as customers
from portal.modules.customers.interfaces import CustomerFacts, ICustomers
from portal.modules.customers.services.accounts import CustomerData
from portal.modules.customers.services.addresses import AddressData
from portal.modules.customers.services.contacts import ContactData
from portal.modules.orders.interfaces import OrderFacts
from portal.modules.orders.models import Order
from portal.modules.orders.services import deliveries, drafting, lifecycle
from portal.modules.orders.services.billing import Orders
from portal.modules.orders.services.drafting import Created
from portal.modules.orders.services.drafts import Draft, DraftLine
from portal.modules.taxes import services as taxes
from portal.testing.fixtures import PortalFactory
from portal.testing.portal import Browser, TestPortal

CLERK = Actor("employee", "Clara Clerk")
_COUNTRY = {"currency": "EUR", "country": "DE"}


@dataclass
class Shop:
    """A portal with goods to sell and customers to sell them to."""

    portal: TestPortal
    alpha: CustomerFacts
    beta: CustomerFacts
    tea: ProductFacts
    soap: ProductFacts
    advice: ProductFacts
    browsers: dict[str, Browser] = field(default_factory=dict[str, Browser])

    def order(self, *lines: DraftLine, customer: CustomerFacts | None = None, **terms: Any) -> Created:
        """A draft with these lines (default: 10 boxes of tea and an hour of advice)."""
        wanted = lines or (
            DraftLine(Decimal(10), product=self.tea.public_id),
            DraftLine(Decimal(1), product=self.advice.public_id),
        )

        def act(unit: Unit) -> Created:
            found = unit.ask(ICustomers).get((customer or self.alpha).id)
            draft = drafting.standard_draft(unit, found)
            values = {name: getattr(draft, name) for name in draft.__slots__}
            return drafting.create(unit, found, Draft(**{**values, "lines": wanted, **terms}))

        return self.portal.run(act, CLERK)

    def confirmed(self, *lines: DraftLine, **terms: Any) -> Created:
        """A confirmed order."""
        created = self.order(*lines, **terms)
        self.portal.run(lambda unit: lifecycle.confirm(unit, created.id), CLERK)
        return created

    def sent(self, *lines: DraftLine, **terms: Any) -> Created:
        """A quotation that was sent."""
        created = self.order(*lines, **terms)
        self.portal.run(lambda unit: lifecycle.send(unit, created.id), CLERK)
        return created

    def deliver(self, order: Created, *quantities: str) -> deliveries.Made:
        """Deliver quantities of the lines in their order."""
        lines = self.facts(order).lines
        wanted = {line.id: Decimal(quantity) for line, quantity in zip(lines, quantities, strict=False)}
        return self.portal.run(lambda unit: deliveries.deliver(unit, order.id, wanted), CLERK)

    def facts(self, order: Created) -> OrderFacts:
        """The order as it is stored."""
        with self.portal.reading() as unit:
            return Orders(unit).get(order.id)

    def row(self, order: Created) -> Order:
        """The order's row."""
        with self.portal.reading() as unit:
            return unit.db.get_one(Order, order.id)

    def rows(self, statement: str, **values: Any) -> Sequence[Any]:
        """What a statement finds."""
        with self.portal.reading() as unit:
            return unit.db.execute(text(statement), values).all()

    def staff(self, *roles: str) -> Browser:
        """A browser of an employee with these roles of orders; the same for the same roles."""
        key = " ".join(roles)
        if key not in self.browsers:
            name = "-".join(roles) or "nobody"
            self.browsers[key] = self.portal.employee(
                f"{name}@company.example", *(f"orders.{role}" for role in roles)
            )
        return self.browsers[key]

    def buyer(self, customer: CustomerFacts | None = None, *scopes: str) -> Browser:
        """A browser of somebody at a customer's."""
        whose = customer or self.alpha
        key = f"{whose.number} {' '.join(scopes)}"
        if key not in self.browsers:
            self.browsers[key] = self.portal.customer(
                f"buyer-{len(self.browsers)}@customer.example", whose.id, whose.public_id, whose.name, *scopes
            )
        return self.browsers[key]


def make_shop(portal: TestPortal) -> Shop:
    """Fill a portal."""

    def customer(unit: Unit, name: str, email: str) -> CustomerFacts:
        data = CustomerData(name, email=email, payment_terms="30 days net", **_COUNTRY)
        made = customers.create_customer(unit, data, anyway=True)
        customers.add_address(unit, made.id, AddressData(name, "DE", "Hauptstraße 1", "20095", "Hamburg"))
        customers.add_contact(unit, made.id, ContactData(f"Buyer of {name}", email=f"person.{email}"))
        return unit.ask(ICustomers).get(made.id)

    def product(unit: Unit, sku: str, name: str, price: str, **more: Any) -> ProductFacts:
        return catalog.create_product(unit, ProductData(sku, name, "box", Decimal(price), "standard", **more))

    def fill(unit: Unit) -> Shop:
        taxes.install_defaults(unit)
        return Shop(
            portal,
            customer(unit, "Alpha GmbH", "office@alpha.example"),
            customer(unit, "Beta GmbH", "office@beta.example"),
            product(unit, "TEA", "Tea", "12.50"),
            product(unit, "SOAP", "Soap", "3.99"),
            product(unit, "ADVICE", "Advice", "90.00", kind=SERVICE),
        )

    return portal.run(fill)


@pytest.fixture
def shop(portals: PortalFactory) -> Shop:
    """The shop on a fresh database."""
    return make_shop(portals("taxes", "customers", "catalog", "orders"))
