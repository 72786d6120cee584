"""Between the password and the second factor: a sealed cookie that says who may now show a factor, and lets nobody in.

There is no session before the factor was right, so nothing has to ask whether one is whole. Where somebody proves anew who
they are, their session stays as it is until the factor was right.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from pyramid.response import Response

from portal.kernel.people import Method
from portal.kernel.sealing import Unsealable, seal, unseal
from portal.people.cookies import is_secure
from portal.people.models import User
from portal.web.request import Request

_LIFETIME = timedelta(minutes=10)
_PURPOSE = "pending proof"


@dataclass(frozen=True, slots=True)
class Pending:
    """Somebody who has signed in but for the second factor, how, and when they proved it if that was not just now.

    `session_id` is the session that goes on with the factor, where none is to begin.
    """

    user: User
    method: Method
    verified_at: datetime | None = None
    session_id: int | None = None


def set_pending(request: Request, response: Response, pending: Pending) -> None:
    """Have the browser remember for some minutes who it is that must show a factor."""
    user, verified = pending.user, pending.verified_at
    proved_at = None if verified is None else verified.isoformat()
    said = json.dumps([user.id, user.password_version, pending.method.value, proved_at, pending.session_id])
    response.set_cookie(
        _name(request),
        seal(request.unit, _PURPOSE, said),
        max_age=_LIFETIME,
        path="/",
        secure=is_secure(request),
        httponly=True,
        samesite="Lax",
    )


def read_pending(request: Request) -> Pending | None:
    """Who must show a factor: None when nobody does, too late, or when the password was changed meanwhile."""
    sealed = request.cookies.get(_name(request))
    if not sealed:
        return None
    try:
        said = json.loads(unseal(request.unit, _PURPOSE, sealed, within=_LIFETIME))
    except Unsealable:
        return None
    user_id, version, method, verified, session_id = said
    user = request.db.get(User, user_id)
    if user is None or not user.active or user.password_version != version:
        return None
    return Pending(user, Method(method), datetime.fromisoformat(verified) if verified else None, session_id)


def drop_pending(request: Request, response: Response) -> None:
    """Have the browser forget it, if it carries any."""
    name = _name(request)
    if name in request.cookies:
        response.set_cookie(
            name, "", max_age=0, path="/", secure=is_secure(request), httponly=True, samesite="Lax"
        )


def _name(request: Request) -> str:
    return "__Host-pending" if is_secure(request) else "pending"
