"""The lock date: nothing is posted on or before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import case, insert, select

from portal.kernel.errors import Invalid, Refused
from portal.kernel.i18n import _
from portal.kernel.unit import Unit
from portal.modules.finance.models import GENERAL_JOURNAL, Counter, LockDate
from portal.modules.finance.services.numbers import ALLOCATIONS, journal_series


@dataclass(frozen=True, slots=True)
class Locked:
    """A lock date as it was set."""

    day: date
    reason: str
    set_at: datetime
    set_by: str


def history(unit: Unit, limit: int = 50) -> Sequence[Locked]:
    """The lock dates, newest first; the first one holds."""
    rows = unit.db.execute(
        select(LockDate.day, LockDate.reason, LockDate.set_at, LockDate.set_by)
        .order_by(LockDate.id.desc())
        .limit(limit)
    )
    return [Locked(*row) for row in rows]


def move(unit: Unit, day: date, reason: str, *, backwards: bool) -> None:
    """Close the books up to and including a day.

    `backwards` says whether this person may open a closed period again. Waits for postings under way. Raises Refused
    for a step back without that right, Invalid for a day that is not over.
    """
    place = case(
        (Counter.series == journal_series(GENERAL_JOURNAL).name, 2),
        (Counter.series == ALLOCATIONS.name, 1),
        else_=0,
    )
    unit.db.execute(
        select(Counter.series).where(Counter.year == 0).order_by(place, Counter.series).with_for_update()
    ).all()
    now = unit.db.scalar(select(LockDate.day).order_by(LockDate.id.desc()).limit(1))
    if day >= unit.today():
        raise Invalid({"day": _("Only days that are over can be closed.")})
    if now is not None and day < now and not backwards:
        raise Refused(_("Only a controller opens a closed period again."))
    unit.db.execute(
        insert(LockDate).values(day=day, reason=reason, set_at=unit.now(), set_by=unit.actor.name[:200])
    )
