"""Messages for the next page, in a signed short-lived cookie: no server keeps them, and no GET writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webob.cookies import SignedCookieProfile

from portal.kernel import SECRET
from portal.web.cookies import cookie_name, is_secure

if TYPE_CHECKING:
    from portal.web.request import Request

_COOKIE = "flash"


def _profile(request: Request) -> SignedCookieProfile:
    return SignedCookieProfile(
        request.setting(SECRET),
        "portal.flash",
        cookie_name(request, _COOKIE),
        secure=is_secure(request),
        httponly=True,
        samesite="Lax",
        max_age=60,
        path="/",
    )


def write_flash(request: Request, kind: str, text: str) -> None:
    """Add a message to the answer of this request."""
    request.messages.append((kind, text))
    if len(request.messages) == 1:
        request.add_response_callback(_set)


def _set(request: Request, response: object) -> None:
    headers = getattr(response, "headers")  # noqa: B009 - WebOb's response is untyped here
    for name, value in _profile(request).get_headers(request.messages):
        headers.add(name, value)


def read_flashes(request: Request) -> list[tuple[str, str]]:
    """The messages of the previous answer and of this one; the cookie is emptied."""
    profile = _profile(request).bind(request)
    name = cookie_name(request, _COOKIE)
    carried: list[tuple[str, str]] | None = profile.get_value() if name in request.cookies else None
    if carried:
        request.add_response_callback(_clear)
    fresh, request.messages = request.messages, []
    return [(kind, text) for kind, text in (*(carried or []), *fresh)]


def _clear(request: Request, response: object) -> None:
    if not request.messages:
        headers = getattr(response, "headers")  # noqa: B009 - WebOb's response is untyped here
        for name, value in _profile(request).get_headers(None, max_age=0):
            headers.add(name, value)
