"""Keeping exchange rates by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import select

from portal.kernel.errors import Invalid
from portal.kernel.i18n import _
from portal.kernel.money import CURRENCIES, to_scaled
from portal.kernel.unit import Unit
from portal.modules.taxes.models import ExchangeRateRow


def find_exchange_rate(unit: Unit, public_id: str) -> ExchangeRateRow | None:
    """The rate with that public id, None when unknown."""
    return unit.db.scalar(select(ExchangeRateRow).where(ExchangeRateRow.public_id == public_id))


def add_exchange_rate(unit: Unit, currency: str, day: date, rate: Decimal) -> ExchangeRateRow:
    """Units of the base currency for one unit of `currency` from that day on; at most six decimals.

    Raises Invalid for the base currency itself, an unknown one, a rate that is not above zero, or a day that has a
    rate already.
    """
    if currency == unit.company.currency:
        raise Invalid({"currency": _("This is the base currency; its rate is always 1.")})
    if currency not in CURRENCIES:
        raise Invalid({"currency": _("This is not an ISO 4217 currency.")})
    taken = select(ExchangeRateRow.id).where(ExchangeRateRow.currency == currency, ExchangeRateRow.day == day)
    if unit.db.scalar(taken) is not None:
        raise Invalid({"day": _("There is a rate for this day already; correct that one.")})
    row = ExchangeRateRow(
        currency=currency,
        day=day,
        rate=_scaled(rate),
        recorded_at=unit.now(),
        recorded_by=unit.actor.name,
    )
    unit.db.add(row)
    unit.db.flush()
    return row


def correct_exchange_rate(unit: Unit, row: ExchangeRateRow, rate: Decimal) -> None:
    """Correct a mistyped rate; documents keep the rate they were issued with."""
    row.rate = _scaled(rate)
    row.recorded_at = unit.now()
    row.recorded_by = unit.actor.name


def _scaled(rate: Decimal) -> int:
    try:
        scaled = to_scaled(rate)
    except ValueError:
        raise Invalid({"rate": _("An exchange rate has at most six decimals.")}) from None
    if scaled <= 0:
        raise Invalid({"rate": _("An exchange rate is above zero.")})
    return scaled
