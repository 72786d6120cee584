"""Known browsers: a signed cookie says whose password was once typed right, or chosen, in this browser.

Somebody who guesses passwords in another's name can then shut out strangers only, not that person. The cookie lets
nobody in: the password is asked for as ever, and attempts from one network address count as ever.
"""

from __future__ import annotations

import hashlib
import hmac

from pyramid.response import Response
from webob.cookies import SignedCookieProfile

from portal.kernel import SECRET
from portal.kernel.people import Realm
from portal.kernel.request import Request
from portal.people.cookies import is_secure
from portal.people.emails import fold_email
from portal.people.models import User

_YEAR = 365 * 24 * 60 * 60
#: How many people of one browser are remembered.
_MOST = 5


def is_known(request: Request, realm: Realm, email: str) -> bool:
    """Whether the person has signed in from this browser before."""
    return _mark(request, realm, email) in _marks(request)


def remember(request: Request, response: Response, user: User) -> None:
    """Have the browser remember the person for a year."""
    mine = _mark(request, Realm(user.realm), user.email)
    others = [mark for mark in _marks(request) if mark != mine]
    for name, value in _profile(request).get_headers([mine, *others][:_MOST]):
        response.headers.add(name, value)


def follow(request: Request, response: Response, user: User) -> None:
    """Have the browser of somebody who has signed in know them still after their e-mail has changed."""
    if not is_known(request, Realm(user.realm), user.email):
        remember(request, response, user)


def _marks(request: Request) -> list[str]:
    profile = _profile(request)
    if profile.cookie_name not in request.cookies:
        return []
    marks: list[str] | None = profile.bind(request).get_value()
    return marks or []


def _mark(request: Request, realm: Realm, email: str) -> str:
    """A keyed digest: the cookie tells nobody who used the browser."""
    subject = f"device:{realm.value}:{fold_email(email)}".encode()
    return hmac.new(request.setting(SECRET).encode(), subject, hashlib.sha256).hexdigest()


def _profile(request: Request) -> SignedCookieProfile:
    secure = is_secure(request)
    return SignedCookieProfile(
        request.setting(SECRET),
        "portal.device",
        "__Host-device" if secure else "device",
        secure=secure,
        httponly=True,
        samesite="Lax",
        max_age=_YEAR,
        path="/",
    )
