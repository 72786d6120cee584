"""CSRF tokens without server state: bound to the session of a person, to a signed cookie of a visitor.

A page carries its token under a mask of chance, so that the length of a compressed page tells nothing of it (BREACH).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from pyramid.interfaces import ICSRFStoragePolicy
from webob.cookies import SignedCookieProfile
from zope.interface import implementer

from portal.kernel import SECRET
from portal.kernel.people import Method
from portal.web.cookies import cookie_name, is_secure
from portal.web.masks import unmasked
from portal.web.request import CSRF_FIELD, Request

_COOKIE = "visitor"


@implementer(ICSRFStoragePolicy)
class CsrfTokens:
    """The token changes when somebody signs in, so that a page from before cannot act for them."""

    def new_csrf_token(self, request: Request) -> str:
        """A fresh token for a visitor; a person's token follows their session."""
        request.visitor = None
        return self.get_csrf_token(request)

    def get_csrf_token(self, request: Request) -> str:
        """The token itself; pages carry it masked, see `Request.csrf_token`."""
        identity = request.identified
        if identity is not None and identity.method is Method.TOKEN:
            # Not a session of a browser: its number must not name one.
            return _sign(request, f"token:{identity.session_id}")
        if identity is not None:
            return _of_session(request, identity.session_id)
        return _sign(request, f"visitor:{self._visitor(request)}")

    def check_csrf_token(self, request: Request, supplied_token: str) -> bool:
        """Whether the token came from a page that this browser was shown."""
        if request.identified is None and cookie_name(request, _COOKIE) not in request.cookies:
            return False
        return hmac.compare_digest(self.get_csrf_token(request).encode(), unmasked(supplied_token).encode())

    def _visitor(self, request: Request) -> str:
        known = request.visitor
        if known is None:
            profile = self._profile(request)
            carried = cookie_name(request, _COOKIE) in request.cookies
            known = profile.bind(request).get_value() if carried else None
            if not known:
                known = secrets.token_urlsafe(16)
                headers = profile.get_headers(known)
                request.add_response_callback(lambda _request, response: response.headerlist.extend(headers))
            request.visitor = known
        return str(known)

    @staticmethod
    def _profile(request: Request) -> SignedCookieProfile:
        return SignedCookieProfile(
            request.setting(SECRET),
            "portal.csrf",
            cookie_name(request, _COOKIE),
            secure=is_secure(request),
            httponly=True,
            samesite="Lax",
            path="/",
        )


def session_of_form(request: Request) -> int | None:
    """The session, gone or not, on whose page the form that was sent stood; None for what no page of ours sent."""
    token = unmasked(str(request.POST.get(CSRF_FIELD, ""))) if request.method == "POST" else ""
    number, dot, _signature = token.partition(".")
    if not dot or not number.isascii() or not number.isdecimal() or len(number) > 18:
        return None
    session_id = int(number)
    genuine = _of_session(request, session_id)
    return session_id if hmac.compare_digest(genuine.encode(), token.encode()) else None


def _of_session(request: Request, session_id: int) -> str:
    """The token of a session names it, so that a form that comes too late can be told from a forged one."""
    return f"{session_id}.{_sign(request, f'session:{session_id}')}"


def _sign(request: Request, subject: str) -> str:
    key = request.setting(SECRET).encode()
    return hmac.new(key, f"csrf:{subject}".encode(), hashlib.sha256).hexdigest()
