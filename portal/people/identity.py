"""Who is behind a request: one statement, a frozen value or nobody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Date, and_, bindparam, case, select
from sqlalchemy.orm import aliased

from portal.kernel.db import UtcDateTime
from portal.kernel.people import CUSTOM, CustomRole, Factor, Identity, Method, Realm
from portal.kernel.request import Request
from portal.people.cookies import read_cookie
from portal.people.models import AccountMembership, Grant, User, UserSession
from portal.people.roles import Role
from portal.people.services.grants import administrators, counts_on
from portal.people.services.memberships import accept, membership_of
from portal.people.services.sessions import digest, touch
from portal.people.settings import SESSION_IDLE, SESSION_LIFETIME
from portal.people.viewing import Viewing, expire

_TOUCH_EVERY = timedelta(minutes=1)

# Whose session it is, and as whom they look at the portal: mostly the same person.
_Owner = aliased(User, name="owner")
_NOW = bindparam("now", type_=UtcDateTime())
_SEEN = case((Viewing.until > _NOW, Viewing.user_id), else_=UserSession.user_id)

# Employees have roles and no memberships, customers the reverse: the two joins do not multiply each other.
_STATEMENT = (
    select(
        UserSession.id.label("session_id"),
        UserSession.method,
        UserSession.factors,
        UserSession.created_at,
        UserSession.verified_at,
        UserSession.seen_at,
        UserSession.ended_at,
        User.id.label("user_id"),
        User.realm,
        User.email,
        User.name,
        User.language,
        _Owner.id.label("owner_id"),
        _Owner.name.label("owner"),
        and_(_Owner.active, User.active).label("active"),
        (UserSession.password_version == _Owner.password_version).label("same_password"),
        Viewing.until.label("viewing_until"),
        Grant.role,
        Role.permissions,
        AccountMembership.customer_id,
        AccountMembership.account,
        AccountMembership.name.label("account_name"),
        AccountMembership.scopes,
        AccountMembership.departments,
        AccountMembership.accepted_at,
    )
    .join(_Owner, _Owner.id == UserSession.user_id)
    .outerjoin(Viewing, Viewing.session_id == UserSession.id)
    .join(User, User.id == _SEEN)
    .outerjoin(Grant, and_(Grant.user_id == User.id, counts_on(bindparam("today", type_=Date()))))
    .outerjoin(Role, and_(Role.name == Grant.role, Role.archived_at.is_(None)))
    .outerjoin(AccountMembership, AccountMembership.user_id == User.id)
    .where(UserSession.token_hash == bindparam("hash"))
)


def identify(request: Request) -> Identity | None:
    """The person whose session cookie came with the request; None for visitors and for dead sessions.

    When the session was last seen is written afterwards, at most once a minute, and that somebody has opened an account
    to which they were invited.
    """
    token = read_cookie(request)
    if not token:
        return None
    now = request.house.clock()
    today = now.astimezone(request.house.company.zone).date()
    asked = {"hash": digest(token), "now": now, "today": today}
    rows: Sequence[Any] = request.db.execute(_STATEMENT, asked).all()
    if not rows or not _is_alive(request, rows[0], now):
        return None
    session_id: int = rows[0].session_id
    if now - rows[0].seen_at >= _TOUCH_EVERY:
        request.afterwards.append(partial(touch, session_id=session_id, address=request.remote_addr or ""))
    first = rows[0]
    if first.viewing_until is not None and first.viewing_until <= now:
        request.afterwards.append(partial(expire, session_id=session_id))
    if first.owner_id == first.user_id:
        _note_arrival(request, rows)
    return identity_of(rows)


def administrator_names(request: Request) -> Iterable[str]:
    """Whom to ask for a role."""
    return administrators(request.unit)


def _note_arrival(request: Request, rows: Sequence[Any]) -> None:
    path: str = request.environ.get("PATH_INFO", "")
    for row in rows:
        if row.customer_id is not None and row.accepted_at is None and path.startswith(f"/my/{row.account}/"):
            request.afterwards.append(partial(accept, customer_id=row.customer_id, user_id=row.user_id))


def _is_alive(request: Request, row: Any, now: datetime) -> bool:
    idle = timedelta(minutes=request.setting(SESSION_IDLE))
    lifetime = timedelta(hours=request.setting(SESSION_LIFETIME))
    return bool(
        row.ended_at is None
        and row.active
        and now - row.seen_at < idle
        and now - row.created_at < lifetime
        and row.same_password
    )


def identity_of(rows: Sequence[Any]) -> Identity:
    """The person of rows of one session or token: one for each role or membership."""
    first = rows[0]
    memberships = {
        row.customer_id: membership_of(row, row.account_name) for row in rows if row.customer_id is not None
    }
    return Identity(
        user_id=first.user_id,
        realm=Realm(first.realm),
        email=first.email,
        name=first.name,
        language=first.language,
        roles=frozenset(
            row.role
            for row in rows
            if row.role is not None and (row.permissions is not None or not row.role.startswith(CUSTOM))
        ),
        memberships=tuple(sorted(memberships.values(), key=lambda membership: membership.name)),
        method=Method(first.method),
        signed_in_at=first.created_at,
        session_id=first.session_id,
        verified_at=first.verified_at,
        factors=frozenset(Factor(word) for word in first.factors.split()),
        viewed_by=None if first.owner_id == first.user_id else first.owner,
        custom=_custom(rows),
    )


def _custom(rows: Sequence[Any]) -> tuple[CustomRole, ...]:
    """The composed roles of the person, with what they allow at this moment."""
    found = {row.role: row.permissions for row in rows if row.permissions is not None}
    return tuple(CustomRole(name, frozenset(found[name].split())) for name in sorted(found))
