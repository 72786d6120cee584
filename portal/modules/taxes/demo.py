"""Taxes in the demo: the company's starting table, and exchange rates of each month, made up near real ones."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from portal.kernel.unit import Unit
from portal.modules.taxes.services import add_exchange_rate, install_defaults
from portal.ops.demo import DemoContext
from portal.people.demo import ACCOUNTANT, CLERK, actor, appoint

#: Euro for one unit, and how much that moves from month to month.
_RATES = {
    "CHF": (Decimal("1.0650"), Decimal("0.0035")),
    "GBP": (Decimal("1.1590"), Decimal("-0.0042")),
    "USD": (Decimal("0.8710"), Decimal("0.0061")),
}
_SWING = (0, 1, 2, 1, 0, -1, -2, -1)


def run(context: DemoContext) -> None:
    """Fill the tax tables as the accountant does."""
    with context.unit(context.opening) as unit:
        appoint(unit, ACCOUNTANT, "taxes.manager")
        appoint(unit, CLERK, "taxes.reader")
        accountant = actor(unit, ACCOUNTANT)
    with context.unit(context.opening, accountant) as unit:
        install_defaults(unit)
        for place, day in enumerate(_months(context.opening, context.today)):
            _record_rates(unit, day, _SWING[place % len(_SWING)])


def _record_rates(unit: Unit, day: date, swing: int) -> None:
    for currency, (rate, step) in _RATES.items():
        if currency != unit.company.currency:
            add_exchange_rate(unit, currency, day, rate + swing * step)


def _months(first: date, last: date) -> list[date]:
    """The first days of the months from that of `first` to that of `last`."""
    begin, end = first.year * 12 + first.month - 1, last.year * 12 + last.month - 1
    return [date(month // 12, month % 12 + 1, 1) for month in range(begin, end + 1)]
