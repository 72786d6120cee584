"""API tokens: keys for programs, which may do a part of what their owner may.

A token is `portal_<prefix>_<secret>`; only its SHA-256 is known, and the prefix by which people recognise it. What it is
limited to is chosen when it is made; what of that counts is what its owner has at the moment of use.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import ForeignKey, Index, String, Text, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel import SECRET
from portal.kernel.card import Card, Permission
from portal.kernel.db import Base, Id, PublicId
from portal.kernel.errors import Invalid
from portal.kernel.i18n import Text as Words
from portal.kernel.i18n import _
from portal.kernel.people import Membership
from portal.kernel.unit import Unit
from portal.kernel.walls import STAFF
from portal.people import mails
from portal.people.events import ApiTokenCreated, ApiTokenRevoked, UserDisabled
from portal.people.models import User
from portal.people.services.grants import rights_of
from portal.people.services.memberships import memberships_of
from portal.people.services.sessions import digest
from portal.people.settings import TOKEN_DAYS

SCHEME = "portal_"
NAME_LENGTH = 60
_PREFIX_LENGTH = 8
_ADDRESS_LENGTH = 64


class ApiToken(Base):
    """A key for programs of a person; once revoked, it stays so.

    `permissions` are words separated by spaces, in alphabetical order. With a `customer_id` it opens only that account.
    `password_version` is that of the owner's password when it was made: it lives no longer than that password.
    """

    __tablename__ = "people_api_token"
    __wall__ = STAFF
    __table_args__ = (
        Index("ix_people_api_token_user_id", "user_id"),
        Index("ix_people_api_token_customer_id", "customer_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    prefix: Mapped[str] = mapped_column(String(_PREFIX_LENGTH))
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    user_id: Mapped[int] = mapped_column(ForeignKey("people_user.id"))
    password_version: Mapped[int]
    permissions: Mapped[str] = mapped_column(Text)
    customer_id: Mapped[int | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(info={"audit": False})
    used_from: Mapped[str | None] = mapped_column(String(_ADDRESS_LENGTH), info={"audit": False})
    revoked_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """A token as pages list it; `state` is active, expired or revoked, `account` the one it is bound to."""

    public_id: str
    prefix: str
    name: str
    permissions: tuple[str, ...]
    account: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    used_from: str
    state: str


@dataclass(frozen=True, slots=True)
class Choosable:
    """The permissions of one module that a person may give to a token."""

    card: Card
    permissions: tuple[Permission, ...]


def choosable(unit: Unit, user: User) -> list[Choosable]:
    """What a person may give to a token, by module: what they have, without what takes a person."""
    if user.is_employee:
        held = rights_of(unit, user)
    else:
        scopes = {scope for one in memberships_of(unit, user) for scope in one.scopes}
        held = frozenset(
            name for card in unit.house.cards for scope in scopes for name in card.scopes.get(scope, ())
        )
    given = held - unit.house.personal
    found = [
        Choosable(card, tuple(one for one in card.permissions if one.name in given))
        for card in unit.house.cards
    ]
    return [one for one in found if one.permissions]


def accounts_of(unit: Unit, user: User) -> Sequence[Membership]:
    """The accounts among which a person may choose one for a token."""
    return [] if user.is_employee else memberships_of(unit, user)


def create(
    unit: Unit,
    user: User,
    *,
    name: str,
    permissions: Collection[str],
    expires_on: date,
    account: str = "",
    operation: str,
) -> str:
    """Make a token and tell its owner by mail; returns it, for it is stored nowhere.

    It is derived from the one-time `operation` of the form: sent twice, the form makes one token and shows it twice. It
    works until the end of `expires_on`. Raises Invalid for fields (name, permissions, account, expires_on).
    """
    name = " ".join(name.split())
    bound = _checked(unit, user, name, permissions, expires_on, account)
    token = _derived(unit, user, operation)
    if unit.db.scalar(select(ApiToken.id).where(ApiToken.hash == digest(token))) is not None:
        return token
    row = ApiToken(
        hash=digest(token),
        prefix=token.split("_")[1],
        name=name,
        user_id=user.id,
        password_version=user.password_version,
        permissions=" ".join(sorted(permissions)),
        customer_id=bound,
        created_at=unit.now(),
        expires_at=_end_of(unit, expires_on),
    )
    unit.db.add(row)
    unit.db.flush()
    allowed = tuple(sorted(permissions))
    unit.publish(ApiTokenCreated(user.id, row.prefix, name, allowed, row.expires_at, bound))
    mails.token_created(unit, user, name, row.prefix, row.expires_at)
    return token


def revoke(unit: Unit, user: User, public_id: str) -> None:
    """End a token at once; one that has ended stays as it is. LookupError when the person has none of that id."""
    row = unit.db.scalar(select(ApiToken).where(ApiToken.user_id == user.id, ApiToken.public_id == public_id))
    if row is None:
        raise LookupError(f"no token {public_id}")
    if row.revoked_at is None:
        row.revoked_at = unit.now()
        unit.db.flush()
        unit.publish(ApiTokenRevoked(user.id, row.prefix, row.name))


def revoke_all(unit: Unit, user_id: int) -> None:
    """End every token of a person."""
    unit.db.execute(
        update(ApiToken)
        .where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=unit.now())
        .execution_options(synchronize_session=False)
    )


def end_with_owner(event: UserDisabled, unit: Unit) -> None:
    """Whoever is let in again begins with new tokens."""
    revoke_all(unit, event.user_id)


def tokens_of(unit: Unit, user: User) -> list[TokenFacts]:
    """Every token that a person has made, newest first."""
    accounts = {one.customer_id: one.name for one in accounts_of(unit, user)}
    rows = unit.db.scalars(select(ApiToken).where(ApiToken.user_id == user.id).order_by(ApiToken.id.desc()))
    return [
        TokenFacts(
            public_id=row.public_id,
            prefix=f"{SCHEME}{row.prefix}",
            name=row.name,
            permissions=tuple(row.permissions.split()),
            account="" if row.customer_id is None else accounts.get(row.customer_id, "–"),
            created_at=row.created_at,
            expires_at=row.expires_at,
            used_at=row.used_at,
            used_from=row.used_from or "",
            state=_state(row, user, unit.now()),
        )
        for row in rows
    ]


def touch(unit: Unit, token_id: int, address: str) -> None:
    """Note that the token was used, and from where."""
    unit.db.execute(
        update(ApiToken)
        .where(ApiToken.id == token_id)
        .values(used_at=unit.now(), used_from=address[:_ADDRESS_LENGTH])
        .execution_options(synchronize_session=False)
    )


def _state(row: ApiToken, user: User, now: datetime) -> str:
    if row.revoked_at is not None or row.password_version != user.password_version or not user.active:
        return "revoked"
    return "active" if row.expires_at > now else "expired"


def _checked(
    unit: Unit, user: User, name: str, permissions: Collection[str], expires_on: date, account: str
) -> int | None:
    """The id of the account that the token is bound to, if any."""
    errors: dict[str, Words] = {}
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        errors["name"] = _("Enter a name of at most ${longest} characters.", mapping={"longest": NAME_LENGTH})
    allowed = {one.name for group in choosable(unit, user) for one in group.permissions}
    if not permissions:
        errors["permissions"] = _("Choose what the token may do.")
    elif not set(permissions) <= allowed:
        errors["permissions"] = _("You no longer have this right yourself. Please choose again.")
    longest = unit.setting(TOKEN_DAYS)
    if not unit.today() <= expires_on <= unit.today() + timedelta(days=longest):
        errors["expires_on"] = _(
            "Choose a day from today on, at most ${days} days ahead.", mapping={"days": longest}
        )
    bound = next((one.customer_id for one in accounts_of(unit, user) if one.account == account), None)
    if account and bound is None:
        errors["account"] = _("This is no account of yours.")
    if errors:
        raise Invalid(errors)
    return bound


def _end_of(unit: Unit, day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), unit.company.zone)


def _derived(unit: Unit, user: User, operation: str) -> str:
    key = unit.setting(SECRET).encode()
    made = hmac.new(key, f"api-token:{user.id}:{operation}".encode(), hashlib.sha512).digest()
    prefix = base64.b32encode(made[:5]).decode().lower()
    return f"{SCHEME}{prefix}_{base64.urlsafe_b64encode(made[16:48]).decode().rstrip('=')}"
