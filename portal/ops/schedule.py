"""Periodic jobs: each has one open row at a time, due one interval after the last one was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.kernel.composition import House, Job
from portal.kernel.db import UtcDateTime
from portal.kernel.jobs import RUNNING, WAITING, JobRow

DEDUPE = "periodic"


@dataclass(frozen=True, slots=True)
class _History:
    last: datetime
    open: bool


def schedule(house: House) -> list[str]:
    """Give every periodic job without an open row its next one; returns their kinds.

    A job that never ran is due at once; one that missed its time runs once, not once for each time missed.
    """
    periodic = [job for job in house.jobs.values() if job.every is not None]
    with house.database.session(write=False) as reading:
        histories = _histories(reading, periodic)
    lacking = [job for job in periodic if job.kind not in histories or not histories[job.kind].open]
    return [job.kind for job in lacking if _plan(house, job, histories.get(job.kind))]


def _histories(session: Session, periodic: list[Job]) -> dict[str, _History]:
    is_open = case((JobRow.state.in_((WAITING, RUNNING)), 1), else_=0)
    statement = (
        select(JobRow.kind, func.max(JobRow.run_after, type_=UtcDateTime), func.max(is_open))
        .where(JobRow.kind.in_([job.kind for job in periodic]), JobRow.dedupe == DEDUPE)
        .group_by(JobRow.kind)
    )
    return {kind: _History(last, bool(open_)) for kind, last, open_ in session.execute(statement)}


def _plan(house: House, job: Job, history: _History | None) -> bool:
    due = house.clock() if history is None or job.every is None else history.last + job.every
    after = max(due - house.clock(), timedelta(0))
    with house.database.session(write=True) as session:
        try:
            house.unit(session).enqueue(job.kind, {}, after=after, dedupe=DEDUPE)
            session.commit()
        except IntegrityError:
            return False  # another worker was faster
    return True
