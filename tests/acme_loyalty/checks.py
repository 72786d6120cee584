"""What `portal verify` recomputes, by SQL of its own."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.kernel.composition import Finding


def points_belong_to_orders(session: Session) -> Iterable[Finding]:
    """No order gives less than nothing."""
    wrong = text(
        "SELECT order_public_id, SUM(points) FROM acme_loyalty_points WHERE order_public_id <> ''"
        " GROUP BY order_public_id HAVING SUM(points) < 0"
    )
    for order, points in session.execute(wrong):
        yield Finding("acme_loyalty.points", f"order {order}", f"its points sum to {points}")
