"""Aged receivables as of any day: what stood open then, by how long it was due.

Only what was dated up to that day counts, allocations by their own day, so that a report stays as it is after a later
allocation or undoing. Something due on the day itself is not overdue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Date, Subquery, case, cast, func, null, or_, select, union_all

from portal.kernel.people import Scope
from portal.kernel.unit import Unit
from portal.modules.finance.models import (
    CREDIT_NOTE,
    POSTED,
    Allocation,
    Invoice,
    Payment,
    PaymentReversal,
)

#: Days overdue of the buckets, first and last included: not due, 1 to 30, 31 to 60, 61 to 90, 91 and more.
BUCKETS: tuple[tuple[int | None, int | None], ...] = ((None, None), (1, 30), (31, 60), (61, 90), (91, None))


@dataclass(frozen=True, slots=True)
class Aged:
    """What is open by bucket, in minor units; `credits` is what payments and credit notes have left (negative)."""

    buckets: tuple[int, int, int, int, int]
    credits: int

    @property
    def total(self) -> int:
        """All together."""
        return sum(self.buckets) + self.credits

    @property
    def overdue(self) -> int:
        """What is past its due date."""
        return sum(self.buckets[1:])


@dataclass(frozen=True, slots=True)
class AgedCustomer:
    """The aged receivables of one customer."""

    customer_id: int
    aged: Aged


@dataclass(frozen=True, slots=True)
class AgedReceivables:
    """The report in the base currency: the greatest customers first, and the sums over all of them."""

    day: date
    customers: tuple[AgedCustomer, ...]
    total: Aged
    count: int


def aged_receivables(unit: Unit, day: date, limit: int | None = None) -> AgedReceivables:
    """The report as of a day, in base: one statement; at most `limit` customers are listed, all are summed."""
    moves = _moves(day, base=True)
    sums = [func.sum(column) for column in _buckets(moves, day)]
    total = func.sum(moves.c.amount)
    over = [func.sum(one).over() for one in sums]
    statement = (
        select(moves.c.customer_id, *sums, func.count().over(), *over)
        .group_by(moves.c.customer_id)
        .having(or_(*(one != 0 for one in sums)))
        .order_by(total.desc(), moves.c.customer_id)
    )
    rows: Any = unit.db.execute(statement if limit is None else statement.limit(limit)).all()
    customers = tuple(AgedCustomer(row[0], _aged(row[1:7])) for row in rows)
    if not rows:
        return AgedReceivables(day, (), Aged((0, 0, 0, 0, 0), 0), 0)
    return AgedReceivables(day, customers, _aged(rows[0][8:14]), rows[0][7])


def aged_of_customer(unit: Unit, scope: Scope, currency: str, day: date) -> Aged:
    """What a customer owes in a currency as of a day: one statement."""
    moves = _moves(day, base=False, customer_id=scope.customer_id, currency=currency)
    row = unit.db.execute(select(*(func.sum(column) for column in _buckets(moves, day)))).one()
    return _aged(row)


def _aged(values: Sequence[Any]) -> Aged:
    first, second, third, fourth, fifth, rest = (int(value or 0) for value in values)
    return Aged((first, second, third, fourth, fifth), rest)


def _buckets(moves: Subquery, day: date) -> list[Any]:
    """The amount of a move in each bucket, and in the column of credits (which have no due date)."""
    due, amount = moves.c.due, moves.c.amount
    limits = [day - timedelta(days=days) for days in (0, 30, 60, 90)]
    inside = [
        due >= limits[0],
        (due < limits[0]) & (due >= limits[1]),
        (due < limits[1]) & (due >= limits[2]),
        (due < limits[2]) & (due >= limits[3]),
        due < limits[3],
        due.is_(None),
    ]
    return [case((condition, amount), else_=0) for condition in inside]


def _moves(day: date, *, base: bool, customer_id: int | None = None, currency: str | None = None) -> Subquery:
    """Everything up to the day that raised or lowered what was open, with the due date of the item it belongs to."""

    def narrowed(statement: Any, table: Any) -> Any:
        if customer_id is not None:
            statement = statement.where(table.customer_id == customer_id)
        return statement if currency is None else statement.where(table.currency == currency)

    gross = Invoice.base_gross if base else Invoice.gross
    paid = Payment.base_amount if base else Payment.amount
    off_invoice = Allocation.base_amount if base else Allocation.amount
    off_other = Allocation.base_other if base else Allocation.amount
    parts = [
        narrowed(
            select(
                Invoice.customer_id,
                case((Invoice.kind == CREDIT_NOTE, None), else_=Invoice.due_date).label("due"),
                case((Invoice.kind == CREDIT_NOTE, -gross), else_=gross).label("amount"),
            ).where(Invoice.state == POSTED, Invoice.invoice_date <= day),
            Invoice,
        ),
        narrowed(
            select(Allocation.customer_id, Invoice.due_date, -off_invoice)
            .join(Invoice, Invoice.id == Allocation.invoice_id)
            .where(Allocation.day <= day),
            Allocation,
        ),
        narrowed(
            select(Allocation.customer_id, cast(null(), Date), off_other).where(Allocation.day <= day),
            Allocation,
        ),
        narrowed(select(Payment.customer_id, cast(null(), Date), -paid).where(Payment.day <= day), Payment),
        narrowed(
            select(Payment.customer_id, cast(null(), Date), paid)
            .join(PaymentReversal, PaymentReversal.payment_id == Payment.id)
            .where(PaymentReversal.day <= day),
            Payment,
        ),
    ]
    return union_all(*parts).subquery("moves")
