"""What an administrator can do with a background job."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import aliased

from portal.kernel.errors import Refused
from portal.kernel.i18n import _
from portal.kernel.jobs import ENQUEUED, FAILED, RUNNING, WAITING, JobRow
from portal.kernel.unit import Unit


def retry(unit: Unit, job_id: int) -> None:
    """Have a failed job run again, with all its attempts.

    Raises Refused for one that has not failed, or whose work another job will do or is doing already.
    """
    if _is_replaced(unit, job_id):
        raise Refused(_("Another job does the same work already."))
    values = {"state": WAITING, "attempts": 0, "run_after": unit.now(), "finished_at": None}
    changed = unit.db.execute(
        update(JobRow)
        .where(JobRow.id == job_id, JobRow.state == FAILED)
        .values(**values)
        .returning(JobRow.id)
        .execution_options(synchronize_session=False)
    )
    if changed.scalar() is None:
        raise Refused(_("Only a failed job can be run again."))
    unit.db.info[ENQUEUED] = True


def _is_replaced(unit: Unit, job_id: int) -> bool:
    """Whether an open job has the kind and the key of this one; there can be one such at a time."""
    other = aliased(JobRow)
    same = (other.kind == JobRow.kind) & (other.dedupe == JobRow.dedupe) & (other.id != JobRow.id)
    is_open = other.state.in_((WAITING, RUNNING))
    found = select(other.id).join(JobRow, same).where(JobRow.id == job_id, is_open)
    return unit.db.scalar(found.limit(1)) is not None
