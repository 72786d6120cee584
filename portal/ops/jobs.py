"""What an administrator can do with a background job."""

from __future__ import annotations

from sqlalchemy import update

from portal.kernel.errors import Refused
from portal.kernel.i18n import _
from portal.kernel.jobs import ENQUEUED, FAILED, WAITING, JobRow
from portal.kernel.unit import Unit


def retry(unit: Unit, job_id: int) -> None:
    """Have a failed job run again, with all its attempts. Raises Refused for one that has not failed."""
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
