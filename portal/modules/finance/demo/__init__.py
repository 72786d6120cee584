"""Finance in the demo: a chart, and an accountant who posts, credits and takes payments, day by day."""

from __future__ import annotations

from datetime import date, timedelta

from portal.kernel.unit import Unit
from portal.modules.finance.demo import further
from portal.modules.finance.demo.accountant import Accountant, at
from portal.modules.finance.services import chart, journals, lock_date, starting_chart
from portal.modules.finance.services.journals import ManualLine
from portal.ops.demo import DemoContext
from portal.people.demo import ACCOUNTANT, CLERK, actor, appoint

#: In minor units of the base currency, for two decimals.
_CAPITAL, _RENT = 40_000_00, 1_850_00
_MONTHS_OPEN = 13


def run(context: DemoContext) -> None:
    """Open the books, and put the accountant's days on the agenda."""
    with context.unit(context.opening) as unit:
        appoint(unit, ACCOUNTANT, "finance.accountant", "finance.controller")
        appoint(unit, CLERK, "finance.reader")
        person = actor(unit, ACCOUNTANT)
    with context.unit(context.opening, person) as unit:
        starting_chart.install_chart(unit)
        books = chart.read(unit)
        line = ManualLine(further.bank(books).public_id, _CAPITAL)
        journals.post_opening(unit, books, context.opening, "Opening balance", [line])
    accountant = Accountant(context, person)
    for days in range((context.today - context.opening).days):
        day = context.opening + timedelta(days=days)
        context.agenda.put(at(day, 15), person, accountant.end_of_day)
        if day.day == 1:
            context.agenda.put(at(day, 6), person, _pay_rent)
    closed = _month_end(context.today, _MONTHS_OPEN)
    if closed > context.opening:
        context.agenda.put(at(context.today, 0), person, lambda unit: _close(unit, closed))
    context.further.steps.append(further.step(person))
    context.further.rules.append(further.rules)


def _pay_rent(unit: Unit) -> None:
    books = chart.read(unit)
    expenses = next(account for account in books.accounts if account.number == "6000")
    lines = [
        ManualLine(expenses.public_id, _RENT),
        ManualLine(further.bank(books).public_id, -_RENT),
    ]
    journals.post_manual(unit, books, unit.today(), "Rent", lines)


def _close(unit: Unit, day: date) -> None:
    lock_date.move(unit, day, "Year-end closing was audited", backwards=False)


def _month_end(today: date, months: int) -> date:
    """The last day of the month so many months before this one."""
    first = today.year * 12 + today.month - 1 - months + 1
    return date(first // 12, first % 12 + 1, 1) - timedelta(days=1)
