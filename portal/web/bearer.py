"""What programs are told: they send a token with each request and get a few words, never a page to sign in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.httpexceptions import HTTPUnauthorized
from pyramid.response import Response

from portal.kernel.i18n import Text, _
from portal.kernel.request import Request


class BadToken(HTTPUnauthorized):
    """A token that is unknown, has ended or was revoked; `wait` minutes after too many that never were.

    `why` and `whose` are for the audit log: what is known of the token, which itself is no one's to read.
    """

    def __init__(self, why: str, *, wait: int = 0, whose: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.why = why
        self.wait = wait
        self.whose: Mapping[str, Any] = whose or {}


def bearer(request: Request) -> str | None:
    """The token by which a request names itself; None where it names none."""
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def says_no(request: Request, status: int, error: str, reason: Text) -> Response:
    """A refusal as programs read it."""
    response = Response(json_body={"error": error, "reason": request.translate(reason)}, status=status)
    response.headers["WWW-Authenticate"] = f'Bearer error="{error}"'
    return response


def bad_token(context: BadToken, request: Request) -> Response:
    """401, or 429 after too many tokens that never were."""
    if context.wait:
        reason = _(
            "Too many attempts. Please wait ${minutes} minutes, then try again.",
            mapping={"minutes": context.wait},
        )
        response = says_no(request, 429, "invalid_token", reason)
        response.headers["Retry-After"] = str(context.wait * 60)
        return response
    return says_no(request, 401, "invalid_token", _("This token is unknown, has ended or was revoked."))
