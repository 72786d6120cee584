"""A customer with two departments, North and South: people of each and of the whole account, and documents of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from modules.orders.conftest import CLERK, Shop, make_shop
from webtest import TestResponse

from portal.kernel.people import Actor, Limit, Realm, Scope
from portal.kernel.unit import Unit
from portal.modules.customers import services as customers
from portal.modules.customers.interfaces import CustomerFacts, Department, ICustomers
from portal.modules.customers.services import DepartmentData
from portal.modules.finance.models import BANK, Invoice
from portal.modules.finance.services import (
    chart,
    crediting,
    drafting,
    payments,
    posting,
    reading,
    starting_chart,
)
from portal.modules.finance.services.drafting import InvoiceData
from portal.modules.finance.services.payments import PaymentData
from portal.modules.finance.services.totals import DraftLine as InvoiceLine
from portal.modules.orders.services.billing import Orders
from portal.modules.orders.services.drafting import Created
from portal.people import services as people
from portal.testing import Browser, TestPortal

MODULES = ("taxes", "customers", "catalog", "orders", "finance")
ACCOUNTANT = Actor("employee", "Ada Accountant")
NORTH, SOUTH, WHOLE = "north", "south", "whole"


@dataclass
class Divided:
    """The shop whose customer alpha has departments; people by the word before the @ of their address."""

    shop: Shop
    departments: dict[str, Department]
    orders: dict[str, Created] = field(default_factory=dict[str, Created])
    invoices: dict[str, Invoice] = field(default_factory=dict[str, Invoice])
    browsers: dict[str, Browser] = field(default_factory=dict[str, Browser])

    @property
    def portal(self) -> TestPortal:
        """The portal."""
        return self.shop.portal

    @property
    def alpha(self) -> CustomerFacts:
        """The customer."""
        return self.shop.alpha

    @property
    def base(self) -> str:
        """Where the account stands."""
        return f"/my/{self.alpha.public_id}/"

    def ids(self, *names: str) -> frozenset[int] | None:
        """The ids of departments; None for no name, which is the whole account."""
        return frozenset(self.departments[name].id for name in names) if names else None

    def scope(self, *names: str) -> Scope:
        """What people of these departments may see."""
        return Scope(self.alpha.id, self.ids(*names))

    def person(
        self, name: str, *departments: str, scopes: Sequence[str] = (), limit: int | None = None
    ) -> Browser:
        """Somebody who signed in, limited to departments if any are named; with a limit in euros."""
        browser = self.portal.customer(
            f"{name}@customer.example",
            self.alpha.id,
            self.alpha.public_id,
            self.alpha.name,
            *scopes,
            departments=self.ids(*departments),
        )
        if limit is not None:
            with self.portal.unit() as unit:
                given = Limit(limit * 100, "EUR")
                people.change_membership(
                    unit, self.alpha.id, self.id(name), scopes, given, self.ids(*departments)
                )
        self.browsers[name] = browser
        return browser

    def id(self, name: str) -> int:
        """The number of a person."""
        with self.portal.reading() as unit:
            user = people.find_user(unit, Realm.CUSTOMERS, f"{name}@customer.example")
            assert user is not None
            return user.id

    def page_of(self, name: str) -> str:
        """The page of a colleague."""
        with self.portal.reading() as unit:
            user = people.find_user(unit, Realm.CUSTOMERS, f"{name}@customer.example")
            assert user is not None
            return f"{self.base}colleagues/{user.public_id}/"

    def actor(self, name: str) -> Actor:
        """The person as they act in services."""
        return Actor("customer", name, self.id(name))

    def member(self, name: str) -> people.Member:
        """The person as a member of the account."""
        with self.portal.reading() as unit:
            found = people.members_of(unit, self.alpha.id)
            return next(one for one in found if one.email.startswith(f"{name}@"))

    def order(self, order: Created) -> str:
        """The page of an order for the customer."""
        return f"{self.base}orders/{order.public_id}/"

    def invoice(self, invoice: Invoice) -> str:
        """The page of an invoice for the customer."""
        return f"{self.base}invoices/{invoice.public_id}/"

    def of(self, name: str) -> int | None:
        """The id of a department; None for the whole account."""
        return None if name == WHOLE else self.departments[name].id

    def posted(self, name: str, price: str = "100", **more: Any) -> Invoice:
        """A posted invoice by hand of a department, with one line of a price."""

        def act(unit: Unit) -> str:
            facts = unit.ask(ICustomers).get(self.alpha.id)
            line = InvoiceLine(f"Work in {name}", Decimal(1), Decimal(price), "standard")
            data = InvoiceData("EUR", (line,), department_id=self.of(name), **more)
            public_id = drafting.draft_by_hand(unit, facts, data)
            draft = reading.find_invoice(unit, public_id)
            assert draft is not None
            posting.post_invoice(unit, draft)
            return public_id

        return self.stored(self.portal.run(act, ACCOUNTANT))

    def stored(self, public_id: str) -> Invoice:
        """An invoice as it is stored."""
        with self.portal.reading() as unit:
            found = reading.find_invoice(unit, public_id)
            assert found is not None
            return found

    def invoice_of(self, order: Created) -> Invoice:
        """The posted invoice of what a confirmed order has left to bill."""

        def act(unit: Unit) -> str:
            public_id = drafting.draft_from_order(unit, Orders(unit).lock(order.id))
            assert public_id is not None
            draft = reading.find_invoice(unit, public_id)
            assert draft is not None
            posting.post_invoice(unit, draft)
            return public_id

        return self.stored(self.portal.run(act, ACCOUNTANT))

    def credit(self, invoice: Invoice) -> Invoice:
        """A credit note over the whole of an invoice."""

        def act(unit: Unit) -> str:
            lines = {line.id: Decimal(1) for line in reading.lines_of(unit, invoice.id)}
            return crediting.credit(unit, invoice, lines, unit.today(), "returned")

        return self.stored(self.portal.run(act, ACCOUNTANT))

    def pay(self, amount: int, allocations: dict[str, int]) -> str:
        """A payment in minor units, with what of it settles which invoice; returns its number."""

        def act(unit: Unit) -> str:
            books = chart.read(unit)
            bank = next(one for one in books.accounts if one.purpose == BANK)
            data = PaymentData(
                self.alpha.id,
                self.alpha.name,
                unit.today(),
                amount,
                "EUR",
                bank.public_id,
                "transfer",
                allocations,
            )
            public_id = payments.record(unit, books, data)
            found = reading.find_payment(unit, public_id)
            assert found is not None
            return found.number

        return self.portal.run(act, ACCOUNTANT)

    def staff(self) -> Browser:
        """An employee who may do everything with customers, orders and invoices."""
        if "staff" not in self.browsers:
            roles = ("customers.manager", "orders.manager", "finance.controller")
            self.browsers["staff"] = self.portal.employee("staff@company.example", *roles)
        return self.browsers["staff"]

    def rows(self, statement: str, **values: Any) -> Sequence[Any]:
        """What a statement finds."""
        return self.shop.rows(statement, **values)


def make_divided(portal: TestPortal) -> Divided:
    """The shop, its customer alpha with two departments; documents are made by `with_documents`."""
    shop = make_shop(portal)

    def fill(unit: Unit) -> None:
        if portal.house.has("finance"):
            starting_chart.install_chart(unit)
        for name in ("North", "South"):
            customers.add_department(unit, shop.alpha.id, DepartmentData(name))

    portal.run(fill, CLERK)
    with portal.reading() as unit:
        shop.alpha = unit.ask(ICustomers).get(shop.alpha.id)
    return Divided(shop, {one.name.lower(): one for one in shop.alpha.departments})


def with_documents(divided: Divided) -> Divided:
    """An order that was sent and a posted invoice for each department and for the whole account, with words of their own."""
    for name in (NORTH, SOUTH, WHOLE):
        divided.orders[name] = divided.shop.sent(
            department_id=divided.of(name), notes=f"canary-{name}", customer_reference=f"ref-{name}"
        )
        divided.invoices[name] = divided.posted(
            name, notes=f"canary-{name}", customer_reference=f"ref-{name}"
        )
    portal = divided.portal
    portal.work()
    return divided


def text_of(answer: TestResponse) -> str:
    """What an answer says, in one line."""
    return " ".join(answer.text.split())
