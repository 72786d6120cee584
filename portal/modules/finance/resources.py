"""The tree of finance: /finance with invoices, payments, reports, entries, accounts and posting rules."""

from __future__ import annotations

from typing import Any, ClassVar

from portal.kernel.card import Card
from portal.kernel.db import is_public_id
from portal.kernel.i18n import Text, _
from portal.kernel.tree import ModuleRoot, Node
from portal.modules.finance import CARD
from portal.modules.finance.models import Invoice, Payment
from portal.modules.finance.services import chart, reading, rules
from portal.modules.finance.services.chart import AccountFacts
from portal.modules.finance.services.reading import EntryFacts
from portal.modules.finance.services.rules import RuleFacts
from portal.web.request import Request


class FinanceRoot(ModuleRoot):
    """/finance"""

    card: ClassVar[Card] = CARD
    request: Request

    def __getitem__(self, segment: str) -> Node:
        return _ROOMS[segment](self.request, segment, self)


class _Room(Node):
    """A collection: its children are found by public id."""

    request: Request

    def __getitem__(self, segment: str) -> Node:
        child = self.child(segment) if is_public_id(segment) else None
        if child is None:
            raise KeyError(segment)
        return child

    def child(self, public_id: str) -> Node | None:
        """The child with that public id: one statement."""
        raise NotImplementedError


class Invoices(_Room):
    """/finance/invoices"""

    @property
    def title(self) -> Text:
        """What breadcrumbs call it."""
        return _("Invoices")

    def child(self, public_id: str) -> Node | None:
        """An invoice, credit note, opening item or draft."""
        row = reading.find_invoice(self.request.unit, public_id)
        return None if row is None else InvoiceNode(self.request, public_id, self, row)


class InvoiceNode(Node):
    """An invoice, credit note, opening item or draft."""

    request: Request

    def __init__(self, request: Request, name: str, parent: Node, row: Invoice) -> None:
        super().__init__(request, name, parent)
        self.row = row

    @property
    def title(self) -> Any:
        """Its number."""
        return self.row.number or _("Draft")


class Payments(_Room):
    """/finance/payments"""

    @property
    def title(self) -> Text:
        """What breadcrumbs call it."""
        return _("Payments")

    def child(self, public_id: str) -> Node | None:
        """A payment."""
        row = reading.find_payment(self.request.unit, public_id)
        return None if row is None else PaymentNode(self.request, public_id, self, row)


class PaymentNode(Node):
    """A payment."""

    request: Request

    def __init__(self, request: Request, name: str, parent: Node, row: Payment) -> None:
        super().__init__(request, name, parent)
        self.row = row

    @property
    def title(self) -> Any:
        """Its number."""
        return self.row.number


class Reports(Node):
    """/finance/reports: aged receivables, trial balance, taxes, statements."""

    request: Request

    @property
    def title(self) -> Text:
        """What breadcrumbs call it."""
        return _("Reports")


class Entries(_Room):
    """/finance/entries"""

    @property
    def title(self) -> Text:
        """What breadcrumbs call it."""
        return _("Ledger")

    def child(self, public_id: str) -> Node | None:
        """An entry."""
        found = reading.find_entry(self.request.unit, public_id)
        return None if found is None else EntryNode(self.request, public_id, self, found)


class EntryNode(Node):
    """An entry of the ledger."""

    request: Request

    def __init__(self, request: Request, name: str, parent: Node, entry: EntryFacts) -> None:
        super().__init__(request, name, parent)
        self.entry = entry

    @property
    def title(self) -> Any:
        """Journal and number."""
        return self.entry.label


class Accounts(_Room):
    """/finance/accounts"""

    @property
    def title(self) -> Text:
        """What breadcrumbs call it."""
        return _("Accounts")

    def child(self, public_id: str) -> Node | None:
        """An account."""
        found = chart.find(self.request.unit, public_id)
        return None if found is None else AccountNode(self.request, public_id, self, found)


class AccountNode(Node):
    """An account of the chart."""

    request: Request

    def __init__(self, request: Request, name: str, parent: Node, account: AccountFacts) -> None:
        super().__init__(request, name, parent)
        self.account = account

    @property
    def title(self) -> Any:
        """Number and name."""
        return self.account.title


class Rules(_Room):
    """/finance/rules"""

    @property
    def title(self) -> Text:
        """What breadcrumbs call it."""
        return _("Posting rules")

    def child(self, public_id: str) -> Node | None:
        """A posting rule."""
        found = rules.find_rule(self.request.unit, public_id)
        return None if found is None else RuleNode(self.request, public_id, self, found)


class RuleNode(Node):
    """A posting rule."""

    request: Request

    def __init__(self, request: Request, name: str, parent: Node, rule: RuleFacts) -> None:
        super().__init__(request, name, parent)
        self.rule = rule

    @property
    def title(self) -> Any:
        """The key of its tax."""
        return self.rule.key.tax_key


_ROOMS: dict[str, type[Node]] = {
    "invoices": Invoices,
    "payments": Payments,
    "reports": Reports,
    "entries": Entries,
    "accounts": Accounts,
    "rules": Rules,
}
