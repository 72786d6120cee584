"""Rows that nobody needs any more: finished jobs, and answers to forms that nobody sends again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete

from portal.kernel.jobs import DONE, JobRow
from portal.kernel.operations import Operation
from portal.kernel.unit import Unit

TIDY = "ops.tidy"
EVERY = timedelta(hours=12)

_DONE_JOBS = timedelta(days=30)
_OPERATIONS = timedelta(days=14)


def tidy_job(unit: Unit, payload: Mapping[str, Any]) -> None:
    """Delete jobs done more than a month ago and one-time operations of more than two weeks; failed jobs stay."""
    now = unit.now()
    unit.db.execute(delete(JobRow).where(JobRow.state == DONE, JobRow.finished_at < now - _DONE_JOBS))
    unit.db.execute(delete(Operation).where(Operation.created_at < now - _OPERATIONS))
