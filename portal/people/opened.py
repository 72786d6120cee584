"""Who is behind a request below `/my/document/<link>`: whoever opened that link, and only for its one document.

The cookie is signed, lives half an hour, and is sent by browsers to that address alone; it says which link was opened. The
row says, on each request, whether the link still works.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pyramid.response import Response
from pyramid.traversal import traversal_path_info
from sqlalchemy import select
from webob.cookies import SignedCookieProfile

from portal.kernel import SECRET
from portal.kernel.db import is_public_id
from portal.kernel.people import SCOPES, Identity, Membership, Method, Realm
from portal.kernel.request import Request
from portal.people.document_links import DocumentLink
from portal.web.cookies import is_secure

#: How long an opened document stays open in a browser.
LIFETIME = timedelta(minutes=30)
PLACE = ("my", "document")
_COOKIE = "document"

_STATEMENT = select(DocumentLink)


def identify(request: Request) -> Identity | None:
    """Whoever opened the link that the address names; None elsewhere, and for a link that works no longer."""
    link = _named(request)
    if link is None or not _is_open(request, link):
        return None
    row = request.db.scalar(_STATEMENT.where(DocumentLink.public_id == link))
    if row is None or row.revoked_at is not None or row.expires_at <= request.house.clock():
        return None
    kind = request.house.documents.get(row.kind)
    if kind is None or not kind.linked:
        return None
    return Identity(
        # Nobody's number: what is remembered by person is remembered for this link.
        user_id=-row.id,
        realm=Realm.CUSTOMERS,
        email=row.sent_to,
        name=f"document link sent to {row.sent_to}",
        language=row.language,
        roles=frozenset(),
        memberships=(
            # Nothing but the one document stands below it, whatever department that is of.
            Membership(
                row.customer_id,
                row.public_id,
                row.customer_name,
                frozenset(SCOPES),
                accepted=True,
                departments=None,
            ),
        ),
        method=Method.DOCUMENT,
        signed_in_at=row.created_at,
        session_id=-row.id,
        verified_at=row.created_at,
        limited_to=frozenset(kind.linked),
        document=(row.kind, row.document),
    )


def remember(request: Request, response: Response, link: str) -> None:
    """Let the browser show the document of this link from now on, for a while."""
    until = (request.house.clock() + LIFETIME).timestamp()
    response.headerlist.extend(_profile(request, link).get_headers([link, until]))


def _named(request: Request) -> str | None:
    """The link that the address names, as traversal reads it."""
    try:
        segments = traversal_path_info(request.environ.get("PATH_INFO", ""))
    except UnicodeDecodeError:
        return None
    if len(segments) < 3 or tuple(segments[:2]) != PLACE or not is_public_id(segments[2]):
        return None
    return segments[2]


def _is_open(request: Request, link: str) -> bool:
    if _COOKIE not in request.cookies:
        return False
    # What is not signed by us comes back as None.
    said: list[Any] | None = _profile(request, link).bind(request).get_value()
    return said is not None and said[0] == link and said[1] > request.house.clock().timestamp()


def _profile(request: Request, link: str) -> SignedCookieProfile:
    return SignedCookieProfile(
        request.setting(SECRET),
        "portal.document",
        _COOKIE,
        secure=is_secure(request),
        httponly=True,
        samesite="Strict",
        max_age=int(LIFETIME.total_seconds()),
        path=f"/{'/'.join(PLACE)}/{link}/",
    )
