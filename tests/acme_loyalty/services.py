"""The verbs: reward, take back, grant, expire; and what pages read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select

from acme_loyalty.models import Points
from portal.kernel.errors import Invalid
from portal.kernel.i18n import Text, _
from portal.kernel.people import Scope
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import ICustomers

LIFETIME = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an account of points."""

    at: datetime
    reason: str
    points: int


def add(unit: Unit, customer_id: int, points: int, reason: Text, order: str = "") -> None:
    """Add points (negative: take them back); none are no row. What is stored is in the company's language."""
    if points:
        said = unit.translate(reason, unit.company.language)
        values = {"customer_id": customer_id, "points": points, "reason": said, "order_public_id": order}
        unit.db.execute(insert(Points).values(**values, at=unit.now()))


def grant(unit: Unit, customer: str, points: int, reason: str) -> None:
    """Give points by hand to the customer with that public id. Raises Invalid."""
    facts = unit.ask(ICustomers).find(customer)
    if facts is None:
        raise Invalid({"customer": _("There is no such customer.")})
    if points < 1:
        raise Invalid({"points": _("Grant at least one point.")})
    unit.ask(ICustomers).record(facts.id, _("Loyalty points granted: ${points}", mapping={"points": points}))
    add(unit, facts.id, points, reason)


def of_order(unit: Unit, order: str) -> int:
    """The points that an order has given so far."""
    total = select(func.coalesce(func.sum(Points.points), 0)).where(Points.order_public_id == order)
    return unit.db.scalars(total).one()


def balance(unit: Unit, customer_id: int) -> int:
    """The points of a customer."""
    total = select(func.coalesce(func.sum(Points.points), 0)).where(Points.customer_id == customer_id)
    return unit.db.scalars(total).one()


def entries(unit: Unit, scope: Scope, limit: int = 50) -> Sequence[Entry]:
    """The newest entries within a customer's scope."""
    newest = (
        select(Points.at, Points.reason, Points.points)
        .where(Points.customer_id == scope.customer_id)
        .order_by(Points.id.desc())
        .limit(limit)
    )
    return [Entry(*row) for row in unit.db.execute(newest)]


def balances(unit: Unit, limit: int = 50) -> Sequence[tuple[int, int]]:
    """The customers with most points: (customer id, points)."""
    total = func.sum(Points.points)
    most = select(Points.customer_id, total).group_by(Points.customer_id).order_by(total.desc()).limit(limit)
    return [(customer, points) for customer, points in unit.db.execute(most)]


def expire(unit: Unit) -> int:
    """Take back what is older than two years and has not been taken back; returns the number of customers."""
    old = Points.at <= unit.now() - LIFETIME
    total = func.sum(Points.points)
    earned = dict(
        unit.db.execute(
            select(Points.customer_id, total).where(old, Points.points > 0).group_by(Points.customer_id)
        ).all()
    )
    spent = dict(
        unit.db.execute(
            select(Points.customer_id, total).where(Points.points < 0).group_by(Points.customer_id)
        ).all()
    )
    due = {customer: points + spent.get(customer, 0) for customer, points in earned.items()}
    for customer, points in sorted(due.items()):
        if points > 0:
            add(unit, customer, -points, _("Points expired"))
    return sum(points > 0 for points in due.values())
