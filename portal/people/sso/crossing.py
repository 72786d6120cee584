"""The way to the provider and back is bound to the browser that began it, by a sealed cookie of ten minutes."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from pyramid.response import Response

from portal.kernel import BASE_URL
from portal.kernel.sealing import Unsealable, seal, unseal
from portal.people.sso.provider import Crossing
from portal.web.cookies import cookie_name, is_secure
from portal.web.request import Request

#: Where the provider sends people back to, below the portal's base URL.
RETURN = "/sign-in-sso-return"
_LIFETIME = timedelta(minutes=10)
_PURPOSE = "single sign-on"


@dataclass(frozen=True, slots=True)
class Journey:
    """A crossing, where the person wants to go afterwards, and whose session is to be verified anew, if any."""

    crossing: Crossing
    wanted: str
    began_at: datetime
    session_id: int | None


def new_journey(request: Request, wanted: str, session_id: int | None) -> Journey:
    """A journey that nobody can guess."""
    crossing = Crossing(
        state=secrets.token_urlsafe(24),
        nonce=secrets.token_urlsafe(24),
        verifier=secrets.token_urlsafe(48),
        return_to=request.setting(BASE_URL).rstrip("/") + RETURN,
    )
    return Journey(crossing, wanted, request.house.clock(), session_id)


def remember(request: Request, response: Response, journey: Journey) -> None:
    """Have the browser carry the journey, which it can neither read nor change."""
    said = json.dumps(
        [asdict(journey.crossing), journey.wanted, journey.began_at.isoformat(), journey.session_id]
    )
    _set(request, response, seal(request.unit, _PURPOSE, said), _LIFETIME)


def carried(request: Request) -> Journey | None:
    """The journey of this browser, unless it has none or took too long."""
    sealed = request.cookies.get(cookie_name(request, "sso"))
    if not sealed:
        return None
    try:
        crossing, wanted, began, session_id = json.loads(
            unseal(request.unit, _PURPOSE, sealed, within=_LIFETIME)
        )
    except Unsealable:
        return None
    return Journey(Crossing(**crossing), wanted, datetime.fromisoformat(began), session_id)


def forget(request: Request, response: Response) -> None:
    """Each journey comes to one end."""
    if cookie_name(request, "sso") in request.cookies:
        _set(request, response, "", timedelta(0))


def _set(request: Request, response: Response, value: str, lifetime: timedelta) -> None:
    response.set_cookie(
        cookie_name(request, "sso"),
        value,
        max_age=lifetime,
        path="/",
        secure=is_secure(request),
        httponly=True,
        samesite="Lax",
    )
