"""How one request and its transactions belong together.

The main transaction is pyramid_tm's: it commits unless the veto speaks. Whatever must outlive a refusal
(attempts to sign in, when a session was last seen) is collected on the request and written afterwards, in a
transaction of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from pyramid.registry import Registry
from pyramid.response import Response

from portal.kernel import audit
from portal.kernel.db import Contention, Statements, statements
from portal.kernel.request import Request
from portal.kernel.unit import Unit
from portal.web.auditing import Flood, note_answer, note_left_out

log = logging.getLogger(__name__)

#: How often what is left to write is tried when the database is busy.
_TRIES = 2

Handler = Callable[[Request], Response]


def commit_veto(request: Request, response: Response) -> bool:
    """An exception or a status of 400 and above aborts.

    The stock veto lets an exception view that answers 200 commit half-done work, and without any veto a
    returned 422 commits.
    """
    return getattr(request, "exception", None) is not None or response.status_int >= 400


def commit_so_far(request: Request) -> None:
    """Commit what the request has written until now, whatever becomes of the rest; what it has read stays at hand."""
    loaded = list(request.db.identity_map.values())
    request.tm.commit()
    request.tm.begin()
    request.db.add_all(loaded)


def statements_tween(handler: Handler, registry: Registry) -> Handler:
    """Count the SQL statements of each request; the count goes to the log and the `Server-Timing` header."""

    def tween(request: Request) -> Response:
        counter = Statements()
        token = statements.set(counter)
        try:
            response = handler(request)
        finally:
            statements.reset(token)
        response.headers["Server-Timing"] = f'sql;desc="{counter.count} statements"'
        return response

    return tween


def afterwards_tween(handler: Handler, registry: Registry) -> Handler:
    """Run what was collected on the request, after the main transaction has ended, and note refusals and files."""
    flood = Flood()

    def tween(request: Request) -> Response:
        response = handler(request)
        note_answer(request, response, flood)
        if request.afterwards:
            _write(request)
        note_left_out(request.house, flood)
        return response

    return tween


def _write(request: Request) -> None:
    """Best effort: the answer has been decided, and neither a busy database nor an error may take it back."""
    for _attempt in range(_TRIES):
        try:
            with request.house.database.session(write=True) as session:
                audit.come_from(session, request.origin)
                unit = Unit(request.house, session, request.actor)
                for act in request.afterwards:
                    act(unit)
                session.commit()
        except Contention:
            continue
        except Exception:
            log.exception("what request %s left to write was lost", request.request_id)
        return
    log.warning("what request %s left to write met a busy database", request.request_id)
