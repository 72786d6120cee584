"""Who is behind a request of a program: `Authorization: Bearer portal_…`, one statement, and nothing else counts.

What names itself by a token is that token's or nobody's: a cookie beside it is ignored, and a token that does not work is
answered with 401 rather than with the page for signing in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from pyramid.httpexceptions import HTTPForbidden
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from sqlalchemy import Date, and_, bindparam, literal, null, select

from portal.kernel.errors import Denied
from portal.kernel.i18n import _
from portal.kernel.people import Identity
from portal.kernel.request import Request
from portal.kernel.unit import Unit
from portal.people.api_tokens import ApiToken, touch
from portal.people.identity import identity_of
from portal.people.models import AccountMembership, Grant, User
from portal.people.roles import Role
from portal.people.services import attempts
from portal.people.services.grants import counts_on
from portal.people.services.sessions import digest
from portal.people.settings import ATTEMPTS_WINDOW
from portal.web.bearer import BadToken, bearer

View = Callable[[Any, Any], Response]

_TOUCH_EVERY = timedelta(minutes=1)

# What `identity_of` reads of a session, said of a token.
_STATEMENT = (
    select(
        ApiToken.id.label("session_id"),
        literal("token").label("method"),
        literal("").label("factors"),
        ApiToken.created_at,
        ApiToken.created_at.label("verified_at"),
        ApiToken.expires_at,
        ApiToken.prefix,
        ApiToken.used_at,
        ApiToken.permissions.label("limited_to"),
        ApiToken.customer_id.label("bound_to"),
        and_(
            ApiToken.revoked_at.is_(None), User.active, ApiToken.password_version == User.password_version
        ).label("alive"),
        User.id.label("user_id"),
        User.realm,
        User.email,
        User.name,
        User.language,
        User.id.label("owner_id"),
        User.name.label("owner"),
        null().label("viewing_until"),
        Grant.role,
        Role.permissions,
        AccountMembership.customer_id,
        AccountMembership.account,
        AccountMembership.name.label("account_name"),
        AccountMembership.scopes,
        AccountMembership.limit_amount,
        AccountMembership.limit_currency,
        AccountMembership.departments,
        AccountMembership.accepted_at,
    )
    .join(User, User.id == ApiToken.user_id)
    .outerjoin(Grant, and_(Grant.user_id == User.id, counts_on(bindparam("today", type_=Date()))))
    .outerjoin(Role, and_(Role.name == Grant.role, Role.archived_at.is_(None)))
    .outerjoin(AccountMembership, AccountMembership.user_id == User.id)
    .where(ApiToken.hash == bindparam("hash"))
)


def identify(request: Request) -> Identity | None:
    """The owner of the token that came with the request, limited to what the token may; None without a token.

    Raises BadToken for one that does not work.
    """
    token = bearer(request)
    if token is None:
        return None
    now = request.house.clock()
    asked = {"hash": digest(token), "today": now.astimezone(request.house.company.zone).date()}
    rows: Sequence[Any] = request.db.execute(_STATEMENT, asked).all()
    if not rows or not rows[0].alive or rows[0].expires_at <= now:
        raise _refusal(request, rows[0] if rows else None)
    first = rows[0]
    if first.used_at is None or now - first.used_at >= _TOUCH_EVERY:
        address = request.remote_addr or ""
        request.afterwards.append(partial(touch, token_id=first.session_id, address=address))
    return _limited(identity_of(rows), first)


def _limited(identity: Identity, row: Any) -> Identity:
    memberships = tuple(
        one for one in identity.memberships if row.bound_to is None or one.customer_id == row.bound_to
    )
    return replace(identity, limited_to=frozenset(row.limited_to.split()), memberships=memberships)


def _refusal(request: Request, row: Any) -> BadToken:
    """The 401; a token that never was, for which there is no row, counts as an attempt of its address, up to the limit."""
    # Whoever asks again while the answer is made (the language of the page) learns that it is nobody.
    request.__dict__["identified"] = None
    address = request.remote_addr or ""
    if row is not None:
        return BadToken("ended or revoked token", whose={"prefix": row.prefix, "user_id": row.user_id})
    visitor = attempts.nameless(address)
    if attempts.is_limited(request.unit, attempts.TOKEN, visitor):
        return BadToken("too many unknown tokens", wait=request.setting(ATTEMPTS_WINDOW))
    request.afterwards.append(lambda unit: _count(unit, visitor))
    return BadToken("unknown token")


def _count(unit: Unit, visitor: attempts.Visitor) -> None:
    attempts.reserve(unit, attempts.TOKEN, visitor)


def bearer_deriver(view: View, info: Any) -> View:
    """Keep programs out of open views: signing in, links of mails and the like are for people."""
    if info.exception_only or info.options.get("permission") != NO_PERMISSION_REQUIRED:
        return view

    def wrapper(context: Any, request: Any) -> Response:
        # Whose token it is comes first: one that does not work is told so.
        if bearer(request) is not None and request.identified is not None:
            raise HTTPForbidden(result=Denied(_("A program cannot do this; it takes a person.")))
        return view(context, request)

    return wrapper
