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
from portal.modules.finance.permissions import LOCK_DATE_ACT
from portal.modules.finance.services.numbers import ALLOCATIONS, journal_series
from portal.proposals.intents import Intent, demand


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


def present(unit: Unit) -> date | None:
    """The lock date that holds: one statement."""
    return unit.db.scalar(select(LockDate.day).order_by(LockDate.id.desc()).limit(1))


def move(unit: Unit, day: date, reason: str, *, backwards: bool) -> None:
    """Close the books up to and including a day.

    `backwards` says whether this person may open a closed period again. Waits for postings under way. Raises Refused
    for a step back without that right, Invalid for a day that is not over, NeedsSecond where one person alone may not.
    """
    place = case(
        (Counter.series == journal_series(GENERAL_JOURNAL).name, 2),
        (Counter.series == ALLOCATIONS.name, 1),
        else_=0,
    )
    unit.db.execute(
        select(Counter.series).where(Counter.year == 0).order_by(place, Counter.series).with_for_update()
    ).all()
    now = present(unit)
    if day >= unit.today():
        raise Invalid({"day": _("Only days that are over can be closed.")})
    if now is not None and day < now and not backwards:
        raise Refused(_("Only a controller opens a closed period again."))
    demand(unit, LOCK_DATE_ACT, None, lambda: _intent(day, reason, now))
    unit.db.execute(
        insert(LockDate).values(day=day, reason=reason, set_at=unit.now(), set_by=unit.actor.name[:200])
    )


def _intent(day: date, reason: str, now: date | None) -> Intent:
    return Intent(
        arguments={"day": day.isoformat(), "reason": reason},
        title=day.isoformat(),
        seen=seen_of(now),
        target="lock date",
    )


def seen_of(now: date | None) -> str:
    """What moving the lock date depends on: where it stands."""
    return "" if now is None else now.isoformat()
