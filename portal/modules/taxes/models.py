"""Tables of taxes: classes, rates by position and date, exchange rates by date."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.db import Base, Id, PublicId
from portal.kernel.walls import shared


class TaxClassRow(Base):
    """Goods or services that are taxed alike."""

    __tablename__ = "taxes_class"
    __wall__ = shared()

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(30), unique=True)
    title: Mapped[str] = mapped_column(String(100))
    active: Mapped[bool] = mapped_column(default=True)


class TaxRateRow(Base):
    """One rate of a class in a position from a date on. Rows that begin on one day belong together.

    `percent` is scaled. `valid_to` is the last day on which the rate holds; open where it is NULL: it then holds until
    the next rows of its class and position begin.
    """

    __tablename__ = "taxes_rate"
    __wall__ = shared()
    __table_args__ = (
        UniqueConstraint("class_id", "position", "valid_from", "key"),
        CheckConstraint("percent BETWEEN 0 AND 100000000", name="percent"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="period"),
        CheckConstraint("(category = 'S') = (percent > 0)", name="category"),
        Index("ix_taxes_rate_key", "key", "id"),
        Index("ix_taxes_rate_valid_from", "valid_from", "id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    class_id: Mapped[int] = mapped_column(ForeignKey("taxes_class.id"))
    position: Mapped[str] = mapped_column(String(20))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    key: Mapped[str] = mapped_column(String(30))
    title: Mapped[str] = mapped_column(String(100))
    percent: Mapped[int]
    category: Mapped[str] = mapped_column(String(2))
    exemption_en: Mapped[str] = mapped_column(String(500), default="")
    exemption_de: Mapped[str] = mapped_column(String(500), default="")
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str] = mapped_column(String(200))


class ExchangeRateRow(Base):
    """Units of the base currency for one unit of `currency`, scaled, from a day on."""

    __tablename__ = "taxes_exchange_rate"
    __wall__ = shared()
    __table_args__ = (
        UniqueConstraint("currency", "day"),
        CheckConstraint("rate > 0", name="rate"),
        Index("ix_taxes_exchange_rate_day", "day", "id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    currency: Mapped[str] = mapped_column(String(3))
    day: Mapped[date] = mapped_column(Date)
    rate: Mapped[int]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str] = mapped_column(String(200))
