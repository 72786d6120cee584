"""Health: whether the process lives, and whether it can do its work. Nothing secret is said."""

from __future__ import annotations

import logging
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
from portal.kernel.jobs import WAITING, JobRow
from portal.kernel.tree import Root
from portal.ops.settings import READY_JOB_AGE
from portal.web.request import Request

log = logging.getLogger(__name__)


@view_config(context=Root, name="healthz", permission=NO_PERMISSION_REQUIRED, request_method="GET")
def healthz(context: Root, request: Request) -> Response:
    """200 as long as the process answers."""
    return Response(json_body={"status": "ok"})


@view_config(context=Root, name="readyz", permission=NO_PERMISSION_REQUIRED, request_method="GET")
def readyz(context: Root, request: Request) -> Response:
    """200 when the database answers, is migrated and its jobs are done in time; else 503 with a reason."""
    reason = unready(request.house)
    if reason is None:
        return Response(json_body={"status": "ready"})
    return Response(json_body={"status": "not ready", "reason": reason}, status=503)


def unready(house: House) -> str | None:
    """Why the portal cannot do its work, in a few words; None when it can."""
    try:
        with house.database.session(write=False) as session:
            waiting = schema.pending(session.connection(), house.cards)
            if waiting:
                return f"migrations are pending for {', '.join(waiting)}"
            return _late_job(house, session)
    except (SQLAlchemyError, Contention):
        log.exception("the database does not answer")
        return "the database does not answer"


def _late_job(house: House, session: Session) -> str | None:
    now = house.clock()
    oldest = session.scalar(
        select(func.min(JobRow.run_after, type_=UtcDateTime)).where(
            JobRow.state == WAITING, JobRow.run_after <= now, JobRow.kind.in_(sorted(house.jobs))
        )
    )
    if oldest is None or now - oldest <= timedelta(seconds=house.settings[READY_JOB_AGE]):
        return None
    return f"a background job has been due for {int((now - oldest).total_seconds())} seconds"
