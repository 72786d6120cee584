"""Points are rows that are only added: what an order gave, what it took back, what was granted by hand."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.db import Base, Id
from portal.kernel.walls import of_customer


class Points(Base):
    """Points of a customer; negative ones were taken back or have expired."""

    __tablename__ = "acme_loyalty_points"
    __wall__ = of_customer()
    __table_args__ = (
        CheckConstraint("points <> 0", name="points_not_zero"),
        Index("ix_acme_loyalty_points_customer_id", "customer_id", "id"),
        Index("ix_acme_loyalty_points_order_public_id", "order_public_id"),
    )

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers_customer.id"))
    order_public_id: Mapped[str] = mapped_column(String(26), default="")
    points: Mapped[int]
    reason: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
