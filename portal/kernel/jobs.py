"""Background work as rows: whatever leaves the house is written in the transaction that decided it.

The row is the truth. A worker claims it, and finishes it in the same transaction as the effects of the work,
so that a job runs at least once and its database effects exactly once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Index, String, Text, insert, select, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.db import Base, Id
from portal.kernel.walls import Wall

if TYPE_CHECKING:
    from portal.kernel.unit import Unit

#: Set in `Session.info` when the session has written a job: whoever runs jobs in this process looks after its commit.
ENQUEUED = "portal_enqueued"

WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"


class JobRow(Base):
    """A piece of work: waiting → running → done, or back to waiting, or failed for good."""

    __tablename__ = "kernel_job"
    __wall__ = Wall(read=("id", "kind", "dedupe", "state"), insert=True)
    __table_args__ = (
        Index("ix_kernel_job_due", "state", "run_after"),
        Index(
            "uq_kernel_job_dedupe",
            "kind",
            "dedupe",
            unique=True,
            sqlite_where=text("dedupe IS NOT NULL AND state IN ('waiting', 'running')"),
            postgresql_where=text("dedupe IS NOT NULL AND state IN ('waiting', 'running')"),
        ),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(80))
    payload: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default=WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    dedupe: Mapped[str | None] = mapped_column(String(120))
    created_at: Mapped[datetime]
    run_after: Mapped[datetime]
    heartbeat_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    worker: Mapped[str | None] = mapped_column(String(80))
    error: Mapped[str | None] = mapped_column(Text)


def enqueue(
    unit: Unit, kind: str, payload: Mapping[str, Any], *, after: timedelta, dedupe: str | None
) -> None:
    """Insert a job row. With `dedupe`, a second open job of that kind and key is left out.

    Raises LookupError for a kind that no module registered.
    """
    if kind not in unit.house.jobs:
        raise LookupError(f"no module handles jobs of the kind {kind}")
    if dedupe is not None and _open_job(unit, kind, dedupe):
        return
    unit.db.execute(
        insert(JobRow.__table__),  # type: ignore[arg-type]
        {
            "kind": kind,
            "payload": json.dumps(payload, sort_keys=True),
            "state": WAITING,
            "attempts": 0,
            "dedupe": dedupe,
            "created_at": unit.now(),
            "run_after": unit.now() + after,
        },
    )
    unit.db.info[ENQUEUED] = True


def _open_job(unit: Unit, kind: str, dedupe: str) -> bool:
    open_job = select(JobRow.id).where(
        JobRow.kind == kind, JobRow.dedupe == dedupe, JobRow.state.in_((WAITING, RUNNING))
    )
    return unit.db.scalar(open_job.limit(1)) is not None
