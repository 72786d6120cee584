"""Sessions of browsers: opaque to the browser, a row to us, dead as soon as we say so."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import insert, select, update

from portal.kernel.i18n import Text, _
from portal.kernel.people import Factor, Method
from portal.kernel.unit import Unit
from portal.people import viewing
from portal.people.agents import device_name
from portal.people.events import SessionsEnded, SignedIn
from portal.people.models import User, UserSession
from portal.people.settings import SESSION_IDLE, SESSION_LIFETIME

_DEVICE_LENGTH, _ADDRESS_LENGTH = 300, 64
#: How long a session that is dead stays known.
SESSIONS_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a session is used: what the browser calls itself, and the network address."""

    device: str = ""
    address: str = ""


#: Used by tests and the command line, which have no browser.
NOWHERE = Place()


def digest(token: str) -> str:
    """What is stored of a cookie or a link. They are random, so a plain digest gives nothing away."""
    return sha256(token.encode()).hexdigest()


def start_session(
    unit: Unit,
    user: User,
    method: Method = Method.PASSWORD,
    factors: Iterable[Factor] = (),
    place: Place = NOWHERE,
    verified_at: datetime | None = None,
) -> str:
    """Begin a session; returns the 256-bit token for the cookie, which is stored nowhere.

    It belongs to the password that `user` was read with: where somebody has changed it since, the session is dead.
    `verified_at` is when the person proved who they are, if that was not just now.
    """
    token, proved = secrets.token_urlsafe(32), _written(factors)
    now = unit.now()
    unit.db.execute(
        insert(UserSession).values(
            token_hash=digest(token),
            user_id=user.id,
            method=method.value,
            password_version=user.password_version,
            factors=proved,
            device=place.device[:_DEVICE_LENGTH],
            address=place.address[:_ADDRESS_LENGTH],
            verified_at=verified_at or now,
            created_at=now,
            seen_at=now,
        )
    )
    device = place.device[:_DEVICE_LENGTH]
    unit.publish(SignedIn(user.id, user.realm, user.email, user.name, method, tuple(proved.split()), device))
    return token


def end_session(unit: Unit, session_id: int) -> int | None:
    """End one session, and whatever its person looked at as somebody else; returns whose it was.

    One that has ended stays as it is: None.
    """
    viewing.finish(unit, session_id)
    return unit.db.scalar(
        update(UserSession)
        .where(UserSession.id == session_id, UserSession.ended_at.is_(None))
        .values(ended_at=unit.now())
        .returning(UserSession.user_id)
        .execution_options(synchronize_session=False)
    )


def end_sessions(unit: Unit, user_id: int, *, but: int | None = None) -> None:
    """End every session of a person, or every other one."""
    others = update(UserSession).where(UserSession.user_id == user_id, UserSession.ended_at.is_(None))
    if but is not None:
        others = others.where(UserSession.id != but)
    ended = unit.db.scalars(
        others.values(ended_at=unit.now())
        .returning(UserSession.id)
        .execution_options(synchronize_session=False)
    ).all()
    if ended:
        viewing.finish_all(unit, ended)
        unit.publish(SessionsEnded(user_id, len(ended)))


def end_session_of(unit: Unit, user: User, public_id: str) -> None:
    """End one session of a person. LookupError for one that is not theirs, or is over."""
    found = next((one for one in live_sessions(unit, user) if one.public_id == public_id), None)
    if found is None:
        raise LookupError("no such session of this person")
    end_session(unit, found.id)
    unit.publish(SessionsEnded(user.id, 1))


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """A session as its owner sees it: in which browser, how they signed in, and where it was last used."""

    id: int
    public_id: str
    device: Text
    address: str
    method: Text
    factors: tuple[Text, ...]
    created_at: datetime
    seen_at: datetime


_METHODS: dict[Method, Text] = {
    Method.PASSWORD: _("Password"),
    Method.LINK: _("Link by mail"),
    Method.SSO: _("Single sign-on"),
    Method.LDAP: _("Directory"),
    Method.PASSKEY: _("Passkey"),
}
_FACTORS: dict[Factor, Text] = {
    Factor.TOTP: _("One-time code"),
    Factor.PASSKEY: _("Passkey"),
    Factor.RECOVERY: _("Recovery code"),
    Factor.PROVIDER: _("Second factor of the provider"),
}


def live_sessions(unit: Unit, user: User) -> Sequence[SessionFacts]:
    """The sessions of a person that still count, last used first."""
    now = unit.now()
    rows = unit.db.scalars(
        select(UserSession)
        .where(
            UserSession.user_id == user.id,
            UserSession.ended_at.is_(None),
            UserSession.password_version == user.password_version,
            UserSession.seen_at > now - timedelta(minutes=unit.setting(SESSION_IDLE)),
            UserSession.created_at > now - timedelta(hours=unit.setting(SESSION_LIFETIME)),
        )
        .order_by(UserSession.seen_at.desc(), UserSession.id.desc())
    )
    return [
        SessionFacts(
            row.id,
            row.public_id,
            device_name(row.device),
            row.address,
            _METHODS[Method(row.method)],
            tuple(_FACTORS[Factor(word)] for word in row.factors.split()),
            row.created_at,
            row.seen_at,
        )
        for row in rows
    ]


def has_come_before(unit: Unit, user: User) -> bool:
    """Whether a person has ever had a session; of those added long ago it is taken as given, for sessions are forgotten."""
    if user.created_at <= unit.now() - SESSIONS_KEPT:
        return True
    return last_seen(unit, user) is not None


def last_seen(unit: Unit, user: User) -> datetime | None:
    """When a person was last seen, as far as their sessions are still known."""
    return unit.db.scalar(
        select(UserSession.seen_at)
        .where(UserSession.user_id == user.id)
        .order_by(UserSession.seen_at.desc())
        .limit(1)
    )


def verified(unit: Unit, session_id: int, factors: Iterable[Factor] = ()) -> str | None:
    """Note that the person has proved anew who they are, with these further factors.

    Returns the token of the cookie that replaces the one of before: rights have risen, so what was known of the session
    until now is worth nothing. None when it has ended meanwhile.
    """
    before = unit.db.scalar(
        select(UserSession)
        .where(UserSession.id == session_id, UserSession.ended_at.is_(None))
        .with_for_update()
    )
    if before is None:
        return None
    token = secrets.token_urlsafe(32)
    known = {Factor(word) for word in before.factors.split()}
    before.token_hash = digest(token)
    before.factors = _written(known.union(factors))
    before.verified_at = unit.now()
    unit.db.flush()
    return token


def _written(factors: Iterable[Factor]) -> str:
    return " ".join(sorted(factor.value for factor in factors))


def touch(unit: Unit, session_id: int, address: str) -> None:
    """Note that the session was seen, and where."""
    unit.db.execute(
        update(UserSession)
        .where(UserSession.id == session_id, UserSession.ended_at.is_(None))
        .values(seen_at=unit.now(), address=address[:_ADDRESS_LENGTH])
        .execution_options(synchronize_session=False)
    )
