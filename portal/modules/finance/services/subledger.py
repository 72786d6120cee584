"""Short questions about what customers owe, for cards and panels."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, case, func, or_, select

from portal.kernel.people import Scope
from portal.kernel.scoping import within
from portal.kernel.unit import Unit
from portal.modules.finance.models import CREDIT_NOTE, DRAFT, POSTED, Invoice, Payment


def has_open_documents(unit: Unit, customer_id: int, department_id: int, *, drafts: bool) -> bool:
    """Whether a department of a customer has open documents or, where those count, `drafts`: one statement."""
    states = or_(Invoice.state == DRAFT, Invoice.open > 0) if drafts else Invoice.open > 0
    found = select(Invoice.id).where(
        Invoice.customer_id == customer_id, Invoice.department_id == department_id, states
    )
    return bool(unit.db.scalar(select(found.exists())))


def has_open_items(unit: Unit, customer_id: int) -> bool:
    """Whether a customer has drafts, open documents or payments that are not allocated: one statement."""
    invoices = select(Invoice.id).where(
        Invoice.customer_id == customer_id, or_(Invoice.state == DRAFT, Invoice.open > 0)
    )
    payments = select(Payment.id).where(Payment.customer_id == customer_id, Payment.open > 0)
    return bool(unit.db.scalar(select(or_(invoices.exists(), payments.exists()))))


@dataclass(frozen=True, slots=True)
class OpenAmounts:
    """What a customer owes, in the base currency: `open` less what is unallocated, and what of it is overdue."""

    open: int
    overdue: int
    unallocated: int


def open_amounts(unit: Unit, customer_id: int) -> OpenAmounts:
    """The open amounts of a customer: one statement."""
    today = unit.today()
    owed = and_(Invoice.kind != CREDIT_NOTE, Invoice.state == POSTED)
    invoices = (
        select(
            func.coalesce(func.sum(case((owed, Invoice.base_open), else_=0)), 0).label("open"),
            func.coalesce(
                func.sum(case((and_(owed, Invoice.due_date < today), Invoice.base_open), else_=0)), 0
            ).label("overdue"),
            func.coalesce(func.sum(case((owed, 0), else_=Invoice.base_open)), 0).label("credits"),
        )
        .where(Invoice.customer_id == customer_id, Invoice.open > 0)
        .subquery()
    )
    payments = (
        select(func.coalesce(func.sum(Payment.base_open), 0))
        .where(Payment.customer_id == customer_id, Payment.open > 0)
        .scalar_subquery()
    )
    row = unit.db.execute(select(invoices.c.open, invoices.c.overdue, invoices.c.credits + payments)).one()
    return OpenAmounts(*(int(value) for value in row))


@dataclass(frozen=True, slots=True)
class Todo:
    """What waits in finance: drafts to post, and overdue receivables in the base currency."""

    drafts: int
    overdue: int
    overdue_count: int


def todo(unit: Unit) -> Todo:
    """What waits: one statement."""
    late = and_(
        Invoice.open > 0,
        Invoice.kind != CREDIT_NOTE,
        Invoice.state == POSTED,
        Invoice.due_date < unit.today(),
    )
    row = unit.db.execute(
        select(
            select(func.count()).where(Invoice.state == DRAFT).scalar_subquery(),
            select(func.coalesce(func.sum(Invoice.base_open), 0)).where(late).scalar_subquery(),
            select(func.count()).where(late).scalar_subquery(),
        )
    ).one()
    return Todo(*(int(value) for value in row))


@dataclass(frozen=True, slots=True)
class OrderInvoice:
    """An invoice of an order in few words."""

    public_id: str
    kind: str
    state: str
    number: str | None
    gross: int
    open: int
    currency: str


def of_order(unit: Unit, order_id: int, scope: Scope | None = None) -> list[OrderInvoice]:
    """The invoices of an order, oldest first; with a `scope` only what may be seen in it: one statement."""
    statement = select(
        Invoice.public_id,
        Invoice.kind,
        Invoice.state,
        Invoice.number,
        Invoice.gross,
        Invoice.open,
        Invoice.currency,
    ).where(Invoice.order_id == order_id)
    if scope is not None:
        statement = statement.where(within(scope, Invoice), Invoice.state == POSTED)
    return [OrderInvoice(*row) for row in unit.db.execute(statement.order_by(Invoice.id))]
