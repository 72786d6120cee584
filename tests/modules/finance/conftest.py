"""A company with books to test finance in: a starting chart, two customers, and verbs that read like the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from portal.kernel.composition import Finding
from portal.kernel.people import Actor
from portal.kernel.unit import Unit
from portal.modules.customers import services as customers
from portal.modules.customers.interfaces import CustomerFacts, ICustomers
from portal.modules.customers.services.accounts import CustomerData
from portal.modules.customers.services.addresses import AddressData
from portal.modules.customers.services.contacts import ContactData
from portal.modules.finance.models import Allocation, Invoice, InvoiceLine, Payment
from portal.modules.finance.services import (
    ageing,
    allocation,
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
from portal.modules.finance.services.totals import DraftLine
from portal.modules.taxes import services as taxes
from portal.testing.fixtures import PortalFactory
from portal.testing.portal import Browser, TestPortal

ACCOUNTANT = Actor("employee", "Ada Accountant")
TODAY = date(2026, 11, 2)


def line(quantity: str = "1", price: str = "100", tax_class: str = "standard", **more: Any) -> DraftLine:
    """A line by hand."""
    return DraftLine("Tea", Decimal(quantity), Decimal(price), tax_class, **more)


@dataclass
class Books:
    """A portal with books: what tests do to them, and what they read."""

    portal: TestPortal
    alpha: CustomerFacts
    beta: CustomerFacts
    browsers: dict[str, Browser] = field(default_factory=dict[str, Browser])

    def draft(
        self, *lines: DraftLine, customer: CustomerFacts | None = None, currency: str = "EUR", **more: Any
    ) -> Invoice:
        """A draft by hand (default: one line of 100.00 and its tax)."""
        data = InvoiceData(currency, lines or (line(),), **more)
        whose = customer or self.alpha
        public_id = self.portal.run(lambda unit: drafting.draft_by_hand(unit, whose, data), ACCOUNTANT)
        return self.invoice(public_id)

    def post(self, draft: Invoice, day: date | None = None) -> Invoice:
        """Post a draft."""
        self.portal.run(lambda unit: posting.post_invoice(unit, draft, day=day), ACCOUNTANT)
        return self.invoice(draft.public_id)

    def posted(self, *lines: DraftLine, day: date | None = None, **more: Any) -> Invoice:
        """A posted invoice."""
        return self.post(self.draft(*lines, **more), day)

    def pay(
        self,
        amount: int,
        allocations: Mapping[str, int] | None = None,
        *,
        customer: CustomerFacts | None = None,
        currency: str = "EUR",
        day: date = TODAY,
        account: str = "1000",
    ) -> Payment:
        """Record a payment."""
        whose = customer or self.alpha

        def act(unit: Unit) -> str:
            books = chart.read(unit)
            bank = next(one for one in books.accounts if one.number == account)
            data = PaymentData(
                whose.id, whose.name, day, amount, currency, bank.public_id, "transfer", allocations or {}
            )
            return payments.record(unit, books, data)

        return self.payment(self.portal.run(act, ACCOUNTANT))

    def allocate(self, payment: Payment, amounts: Mapping[str, int], day: date = TODAY) -> None:
        """Allocate a payment."""
        self.portal.run(lambda unit: allocation.allocate_payment(unit, payment, amounts, day), ACCOUNTANT)

    def undo(self, one: Allocation, day: date = TODAY) -> None:
        """Take an allocation back."""
        self.portal.run(lambda unit: allocation.undo(unit, one.public_id, one.customer_id, day), ACCOUNTANT)

    def reverse(self, payment: Payment, day: date = TODAY) -> None:
        """The bank takes a payment back."""
        self.portal.run(
            lambda unit: payments.reverse(unit, chart.read(unit), payment, day, "bounced"), ACCOUNTANT
        )

    def credit(self, invoice: Invoice, *quantities: str, day: date = TODAY) -> Invoice:
        """Credit quantities of the lines in their order."""
        wanted = {
            one.id: Decimal(quantity)
            for one, quantity in zip(self.lines(invoice), quantities, strict=False)
            if Decimal(quantity)
        }
        public_id = self.portal.run(
            lambda unit: crediting.credit(unit, invoice, wanted, day, "returned"), ACCOUNTANT
        )
        return self.invoice(public_id)

    # --- reading -------------------------------------------------------------------------------------------

    def invoice(self, public_id: str) -> Invoice:
        """An invoice as it is stored."""
        with self.portal.reading() as unit:
            found = reading.find_invoice(unit, public_id)
            assert found is not None
            return found

    def again(self, invoice: Invoice) -> Invoice:
        """The same invoice as it is stored now."""
        return self.invoice(invoice.public_id)

    def payment(self, public_id: str) -> Payment:
        """A payment as it is stored."""
        with self.portal.reading() as unit:
            found = reading.find_payment(unit, public_id)
            assert found is not None
            return found

    def lines(self, invoice: Invoice) -> Sequence[InvoiceLine]:
        """The lines of an invoice."""
        with self.portal.reading() as unit:
            return reading.lines_of(unit, invoice.id)

    def allocations(self) -> Sequence[Allocation]:
        """All allocations, oldest first."""
        with self.portal.reading() as unit:
            return unit.db.query(Allocation).order_by(Allocation.id).all()

    def aged(self, day: date = TODAY) -> ageing.AgedReceivables:
        """Aged receivables."""
        with self.portal.reading() as unit:
            return ageing.aged_receivables(unit, day)

    def rows(self, statement: str, **values: Any) -> Sequence[Any]:
        """What a statement finds."""
        with self.portal.reading() as unit:
            return unit.db.execute(text(statement), values).all()

    def ledger(self) -> dict[str, int]:
        """The balance of each account in base, by number; those of zero left out."""
        rows = self.rows(
            "SELECT a.number, SUM(l.base_amount) AS amount FROM finance_entry_line l"
            " JOIN finance_account a ON a.id = l.account_id GROUP BY a.number ORDER BY a.number"
        )
        return {row.number: int(row.amount) for row in rows if row.amount}

    def control(self, day: date) -> int:
        """The receivable accounts as of a day, in base."""
        rows = self.rows(
            "SELECT COALESCE(SUM(l.base_amount), 0) AS amount FROM finance_entry_line l"
            " JOIN finance_account a ON a.id = l.account_id JOIN finance_entry e ON e.id = l.entry_id"
            " WHERE a.purpose = 'receivable' AND e.day <= :day",
            day=day.isoformat(),
        )
        return int(rows[0].amount)

    def findings(self) -> list[Finding]:
        """What `portal verify` finds wrong."""
        with self.portal.reading() as unit:
            return [
                finding
                for check in self.portal.house.checks.values()
                if check.module == "finance"
                for finding in check.run(unit.db)
            ]

    def staff(self, role: str = "accountant") -> Browser:
        """A browser of an employee of finance."""
        if role not in self.browsers:
            self.browsers[role] = self.portal.employee(f"{role}@company.example", f"finance.{role}")
        return self.browsers[role]

    def buyer(self, customer: CustomerFacts | None = None) -> Browser:
        """A browser of somebody at a customer's."""
        whose = customer or self.alpha
        key = f"buyer {whose.number}"
        if key not in self.browsers:
            self.browsers[key] = self.portal.customer(
                f"{whose.number}@customer.example",
                whose.id,
                whose.public_id,
                whose.name,
                "view",
                "pay",
                "statements",
            )
        return self.browsers[key]


def make_books(portal: TestPortal) -> Books:
    """Fill a portal."""

    def customer(unit: Unit, name: str, country: str, currency: str, **more: Any) -> CustomerFacts:
        email = f"office@{name.split(maxsplit=1)[0].lower()}.example"
        data = CustomerData(name, country, currency, email=email, payment_days=30, **more)
        made = customers.create_customer(unit, data, anyway=True)
        customers.add_address(unit, made.id, AddressData(name, country, "Hauptstraße 1", "20095", "Hamburg"))
        customers.add_contact(
            unit, made.id, ContactData(f"Bill of {name}", email=f"bills.{email}", billing=True)
        )
        return unit.ask(ICustomers).get(made.id)

    def fill(unit: Unit) -> Books:
        taxes.install_defaults(unit)
        starting_chart.install_chart(unit)
        taxes.add_exchange_rate(unit, "USD", date(2026, 1, 1), Decimal("0.90"))
        taxes.add_exchange_rate(unit, "JPY", date(2026, 1, 1), Decimal("0.0061"))
        return Books(
            portal,
            customer(unit, "Alpha GmbH", "DE", "EUR", language="de"),
            customer(unit, "Beta Inc", "US", "USD"),
        )

    return portal.run(fill)


@pytest.fixture
def books(portals: PortalFactory) -> Books:
    """The books on a fresh database, without orders."""
    return make_books(portals("taxes", "customers", "finance"))
