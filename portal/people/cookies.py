"""The session cookie: opaque, for this host alone, out of reach of scripts."""

from __future__ import annotations

from pyramid.response import Response

from portal.kernel import BASE_URL
from portal.kernel.request import Request


def is_secure(request: Request) -> bool:
    """Whether people reach the portal by https, by the ini."""
    return request.setting(BASE_URL).startswith("https:")


def cookie_name(request: Request) -> str:
    """`__Host-session` (browsers then insist on https and on this very host), or `session` without https."""
    return "__Host-session" if is_secure(request) else "session"


def read_cookie(request: Request) -> str | None:
    """The token that the browser carries."""
    return request.cookies.get(cookie_name(request))


def set_cookie(request: Request, response: Response, token: str) -> None:
    """Have the browser carry the token until it is closed."""
    response.set_cookie(
        cookie_name(request), token, path="/", secure=is_secure(request), httponly=True, samesite="Lax"
    )


def drop_cookie(request: Request, response: Response) -> None:
    """Have the browser forget the token."""
    response.set_cookie(
        cookie_name(request),
        "",
        max_age=0,
        path="/",
        secure=is_secure(request),
        httponly=True,
        samesite="Lax",
    )
