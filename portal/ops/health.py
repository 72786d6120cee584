"""Health: whether the process lives, can serve pages, and jobs are done in time. Nothing secret is said."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.view import view_config
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal.kernel import schema
from portal.kernel.composition import House
from portal.kernel.db import Contention, UtcDateTime
from portal.kernel.i18n import _
from portal.kernel.jobs import WAITING, JobRow
from portal.kernel.tree import Root
from portal.ops.settings import LATE_AFTER
from portal.web.request import Request

log = logging.getLogger(__name__)


@view_config(
    context=Root,
    name="healthz",
    permission=NO_PERMISSION_REQUIRED,
    open_to_all=_("Tells monitoring whether the portal works."),
    request_method="GET",
)
def healthz(context: Root, request: Request) -> Response:
    """200 as long as the process answers."""
    return Response(json_body={"status": "ok"})


@view_config(
    context=Root,
    name="readyz",
    permission=NO_PERMISSION_REQUIRED,
    open_to_all=_("Tells monitoring whether the portal works."),
    request_method="GET",
)
def readyz(context: Root, request: Request) -> Response:
    """200 when the database answers and is migrated: all that a page needs; else 503 with a reason."""
    reason = _reason(request.house, _pending)
    if reason is None:
        return Response(json_body={"status": "ready"})
    return Response(json_body={"status": "not ready", "reason": reason}, status=503)


@view_config(
    context=Root,
    name="jobsz",
    permission=NO_PERMISSION_REQUIRED,
    open_to_all=_("Tells monitoring whether the portal works."),
    request_method="GET",
)
def jobsz(context: Root, request: Request) -> Response:
    """200 when background jobs are done in time; else 503 with a reason.

    It speaks of the workers, not of the web server that answers: pages are served whatever piles up.
    """
    reason = _reason(request.house, _late_job)
    if reason is None:
        return Response(json_body={"status": "in time"})
    return Response(json_body={"status": "late", "reason": reason}, status=503)


def _reason(house: House, look: Callable[[House, Session], str | None]) -> str | None:
    """What a look at the database finds amiss, in a few words; None when all is well."""
    try:
        with house.database.session(write=False) as session:
            return look(house, session)
    except (SQLAlchemyError, Contention):
        log.exception("the database does not answer")
        return "the database does not answer"


def _pending(house: House, session: Session) -> str | None:
    waiting = schema.pending(session.connection(), house.cards)
    return f"migrations are pending for {', '.join(waiting)}" if waiting else None


def _late_job(house: House, session: Session) -> str | None:
    """Patient jobs may wait as long as others are in their way; those of modules that are off stay waiting."""
    now = house.clock()
    kinds = sorted(job.kind for job in house.jobs.values() if not job.patient)
    oldest = session.scalar(
        select(func.min(JobRow.run_after, type_=UtcDateTime)).where(
            JobRow.state == WAITING, JobRow.run_after <= now, JobRow.kind.in_(kinds)
        )
    )
    if oldest is None or now - oldest <= timedelta(seconds=house.settings[LATE_AFTER]):
        return None
    return f"a background job has been due for {int((now - oldest).total_seconds())} seconds"
