"""Numbers without gaps: a counter row for each series and fiscal year, locked last and given back when anything fails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Table, or_
from sqlalchemy.dialects import postgresql, sqlite

from portal.kernel.errors import Refused
from portal.kernel.i18n import _
from portal.kernel.unit import Unit
from portal.modules.finance.models import Counter
from portal.modules.finance.settings import FISCAL_YEAR_START


@dataclass(frozen=True, slots=True)
class Series:
    """A series of numbers in a fiscal year; where `day` is given, later numbers never have earlier dates.

    A counter that the database moves on, row by row, has no `step` of its own.
    """

    name: str
    year: int
    day: date | None = None
    step: int = 1

    def label(self, number: int) -> str:
        """The number as documents carry it: INV-2026-00001."""
        return f"{self.name}-{self.year}-{number:05d}"


@dataclass(frozen=True, slots=True)
class Taken:
    """A number that was taken; `last_hash` is that of the row before, in a series that is chained."""

    number: int
    last_hash: str


def document_series(unit: Unit, name: str, day: date) -> Series:
    """The series of documents of that day; the fiscal year is called after the calendar year it begins in."""
    year = day.year if day.month >= unit.setting(FISCAL_YEAR_START) else day.year - 1
    return Series(name, year, day)


def journal_series(journal: str) -> Series:
    """The series of a journal: its entries count through all years."""
    return Series(f"journal:{journal}", 0)


#: The series of allocations, through all years: taking it locks it, and says the last number and hash.
ALLOCATIONS = Series("allocations", 0, step=0)


def take(unit: Unit, *series: Series) -> tuple[Taken, ...]:
    """The next number of each series, in one statement; their counters stay locked until the transaction ends.

    This is the last lock that a command takes, and journals come after documents, then allocations, the general journal
    last. Raises Refused where a document would be dated before the newest of its series.
    """
    table: Table = Counter.__table__  # type: ignore[assignment]
    insert = sqlite.insert if unit.house.database.is_sqlite else postgresql.insert
    rows = [
        {"series": one.name, "year": one.year, "last": one.step, "last_date": one.day, "last_hash": ""}
        for one in series
    ]
    statement = insert(table).values(rows)
    new = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=[table.c.series, table.c.year],
        set_={"last": table.c.last + new.last, "last_date": new.last_date},
        where=or_(table.c.last_date.is_(None), new.last_date >= table.c.last_date),
    )
    taken = {
        row.series: Taken(row.last, row.last_hash)
        for row in unit.db.execute(statement.returning(table.c.series, table.c.last, table.c.last_hash))
    }
    if len(taken) < len(series):
        raise Refused(_("There is a posted document with a later date. Numbers follow the dates."))
    return tuple(taken[one.name] for one in series)
