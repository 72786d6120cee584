"""What finance shows on others' pages."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from portal.kernel.composition import staff_root
from portal.kernel.i18n import _
from portal.kernel.tree import Node, account_of, scope_at
from portal.modules.customers.interfaces import CustomerFacts
from portal.modules.finance.events import InvoicePosted
from portal.modules.finance.models import Account
from portal.modules.finance.permissions import DRAFT
from portal.modules.finance.services import own, subledger
from portal.modules.finance.services.drafting import InvoiceDrafted
from portal.modules.finance.services.ledger import EntryWritten
from portal.modules.orders.interfaces import OrderFacts
from portal.web.request import Request
from portal.web.slots import Panel

_TEMPLATES = "portal:modules/finance/templates/"


def invoices_of_order(order: OrderFacts, request: Request) -> Panel | None:
    """The invoices of an order, and the button that drafts what is left to bill; one statement."""
    found = subledger.of_order(request.unit, order.id)
    root = staff_root(request, "finance")
    billable = order.state in ("confirmed", "closed") and any(line.billable > 0 for line in order.lines)
    may_draft = billable and root is not None and request.permits(DRAFT, root)
    if not found and not may_draft:
        return None
    values = {"invoices": found, "order": order, "may_draft": may_draft}
    return Panel(_("Invoices"), f"{_TEMPLATES}order_panel.jinja2", values)


def own_invoices_of_order(order: OrderFacts, request: Request) -> Panel | None:
    """The posted invoices of a customer's own order; one statement."""
    account = account_of(request.context)
    found = [] if account is None else subledger.of_order(request.unit, order.id, account.scope)
    if account is None or not found:
        return None
    values = {"invoices": found, "base": f"/my/{account.__name__}/invoices/"}
    return Panel(_("Invoices"), f"{_TEMPLATES}my_order_panel.jinja2", values)


def receivables_of_customer(customer: CustomerFacts, request: Request) -> Panel | None:
    """What a customer owes; one statement."""
    amounts = subledger.open_amounts(request.unit, customer.id)
    values = {
        "amounts": amounts,
        "currency": request.company.currency,
        "customer": customer,
        "root": staff_root(request, "finance"),
    }
    return Panel(_("Receivables"), f"{_TEMPLATES}customer_panel.jinja2", values)


def to_do(request: Request) -> Panel | None:
    """Drafts to post and overdue receivables; one statement."""
    todo = subledger.todo(request.unit)
    if not todo.drafts and not todo.overdue_count:
        return None
    values = {"todo": todo, "currency": request.company.currency}
    return Panel(_("Finance"), f"{_TEMPLATES}home_card.jinja2", values)


def owed(account: Node, request: Request) -> Panel | None:
    """What the account owes, or the departments of it that this person sees; one statement."""
    found = own.owed(request.unit, scope_at(account))
    if not found:
        return None
    values = {"owed": found, "base": request.resource_path(account, "invoices", "")}
    return Panel(_("To pay"), f"{_TEMPLATES}my_home_card.jinja2", values)


def effects(told: Sequence[object], request: Request) -> Panel | None:
    """What an act writes into the books, and the drafts it makes; at most one statement."""
    entries = [one for one in told if isinstance(one, EntryWritten)]
    drafts = [one for one in told if isinstance(one, InvoiceDrafted)]
    posted = [one for one in told if isinstance(one, InvoicePosted)]
    if not entries and not drafts and not posted:
        return None
    wanted = {line.account_id for entry in entries for line in entry.lines}
    rows = request.db.execute(
        select(Account.id, Account.number, Account.name).where(Account.id.in_(wanted or {0}))
    )
    values = {
        "entries": entries,
        "accounts": {number: f"{code} {name}" for number, code, name in rows},
        "drafts": drafts,
        "posted": posted,
        "currency": request.company.currency,
    }
    return Panel(_("Books"), f"{_TEMPLATES}effects.jinja2", values)
