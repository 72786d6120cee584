"""The session cookie: opaque, for this host alone, out of reach of scripts."""

from __future__ import annotations

from pyramid.response import Response

from portal.kernel.request import Request
from portal.web import cookies
from portal.web.cookies import is_secure


def cookie_name(request: Request) -> str:
    """The name of the cookie that holds the session's token."""
    return cookies.cookie_name(request, "session")


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
