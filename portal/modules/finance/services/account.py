"""A customer's account in one currency: every document and payment with the running balance. Takes the customer's scope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, cast

from sqlalchemy import case, func, literal, select, union_all

from portal.kernel.people import Scope
from portal.kernel.unit import Unit
from portal.modules.finance.models import CREDIT_NOTE, POSTED, Invoice, Payment, PaymentReversal

MoveKind = Literal["invoice", "credit_note", "payment", "reversal", "entry"]


@dataclass(frozen=True, slots=True)
class Move:
    """A line of the account; amounts in minor units, a balance above zero is owed to the company."""

    day: date
    kind: MoveKind
    public_id: str
    number: str
    reference: str
    debit: int
    credit: int
    balance: int


@dataclass(frozen=True, slots=True)
class AccountStatement:
    """An account from `start` to `end`, both included."""

    currency: str
    start: date
    end: date
    opening: int
    rows: tuple[Move, ...]

    @property
    def closing(self) -> int:
        """The balance at the end."""
        return self.rows[-1].balance if self.rows else self.opening


def statement(unit: Unit, scope: Scope, currency: str, start: date, end: date) -> AccountStatement:
    """The account in a currency: one statement. What stood before `start` is the opening balance."""
    moves = _moves(scope, currency, end)
    inside = moves.c.day >= start
    # One row carries all that was before: its kind is empty, and it comes first.
    shown = select(
        moves.c.day, moves.c.rank, moves.c.id, moves.c.kind, moves.c.public_id, moves.c.number,
        moves.c.reference, moves.c.amount,
    ).where(inside)  # fmt: skip
    before = select(
        func.min(moves.c.day), literal(-1), literal(0), literal(""), literal(""), literal(""), literal(""),
        func.sum(moves.c.amount),
    ).where(~inside)  # fmt: skip
    both = union_all(shown, before).subquery()
    found = unit.db.execute(select(both).order_by(both.c.day, both.c.rank, both.c.id)).all()
    opening = sum(int(row.amount or 0) for row in found if not row.kind)
    balance, rows = opening, list[Move]()
    for row in found:
        if row.kind:
            balance += int(row.amount)
            rows.append(_move(row, balance))
    return AccountStatement(currency, start, end, opening, tuple(rows))


def currencies(unit: Unit, scope: Scope) -> list[str]:
    """The currencies in which the customer has documents or payments, in alphabetical order: one statement."""
    both = union_all(
        select(Invoice.currency).where(Invoice.customer_id == scope.customer_id, Invoice.state == POSTED),
        select(Payment.currency).where(Payment.customer_id == scope.customer_id),
    ).subquery()
    return list(unit.db.scalars(select(both.c.currency).distinct().order_by(both.c.currency)))


def _move(row: Any, balance: int) -> Move:
    return Move(
        day=row.day,
        kind=cast(MoveKind, row.kind),
        public_id=row.public_id,
        number=row.number,
        reference=row.reference,
        debit=max(int(row.amount), 0),
        credit=max(-int(row.amount), 0),
        balance=balance,
    )


def _moves(scope: Scope, currency: str, end: date) -> Any:
    kind = case(
        (Invoice.kind == "opening", "entry"),
        else_=Invoice.kind,
    )
    documents = select(
        Invoice.invoice_date.label("day"),
        literal(0).label("rank"),
        Invoice.id.label("id"),
        kind.label("kind"),
        Invoice.public_id.label("public_id"),
        Invoice.number.label("number"),
        Invoice.customer_reference.label("reference"),
        case((Invoice.kind == CREDIT_NOTE, -Invoice.gross), else_=Invoice.gross).label("amount"),
    ).where(
        Invoice.customer_id == scope.customer_id,
        Invoice.currency == currency,
        Invoice.state == POSTED,
        Invoice.invoice_date <= end,
    )
    own = (Payment.customer_id == scope.customer_id, Payment.currency == currency)
    payments = select(
        Payment.day,
        literal(1),
        Payment.id,
        literal("payment"),
        Payment.public_id,
        Payment.number,
        Payment.reference,
        -Payment.amount,
    ).where(*own, Payment.day <= end)
    reversals = (
        select(
            PaymentReversal.day,
            literal(2),
            PaymentReversal.id,
            literal("reversal"),
            Payment.public_id,
            Payment.number,
            # The reason is a note of the company's own; the statement goes to the customer.
            Payment.reference,
            Payment.amount,
        )
        .join(Payment, Payment.id == PaymentReversal.payment_id)
        .where(*own, PaymentReversal.day <= end)
    )
    return union_all(documents, payments, reversals).subquery("moves")
