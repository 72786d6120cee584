"""Limits on guessing and on mail to strangers: attempts are rows, counted per person, per network address and overall.

An attempt is counted before it is tried, one at a time: however many come at once, no more are tried than the limits
say. What others try never shuts out somebody whose browser is known: those have a count of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address

from sqlalchemy import delete, func, insert, select

from portal.kernel.errors import Refused
from portal.kernel.i18n import _
from portal.kernel.mail import EMAIL_LENGTH
from portal.kernel.people import Realm, Scope
from portal.kernel.settings import Setting
from portal.kernel.unit import Unit
from portal.people.emails import fold_email
from portal.people.models import Attempt
from portal.people.settings import (
    ATTEMPTS_ACCOUNT,
    ATTEMPTS_ADDRESS,
    ATTEMPTS_OVERALL,
    ATTEMPTS_PAIR,
    ATTEMPTS_WINDOW,
    FORGOTTEN_ACCOUNT,
    FORGOTTEN_ADDRESS,
    FORGOTTEN_PAIR,
    INVITATIONS_PER_DAY,
)

SIGN_IN, FACTOR, FORGOTTEN, INVITATION = "sign-in", "factor", "forgotten", "invitation"
#: Keys of programs and links of documents that never were: counted per address, for they name nobody.
TOKEN, DOCUMENT = "token", "document"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who says who they are: the realm and e-mail that were typed, and the network address.

    `known` says that this person has signed in from that browser before.
    """

    realm: Realm
    email: str
    address: str
    known: bool = False

    @property
    def folded(self) -> str:
        """The e-mail as it is counted."""
        return fold_email(self.email).replace("\0", "")[:EMAIL_LENGTH]

    @property
    def network(self) -> str:
        """The address as it is counted: one household of IPv6 has a whole /64 of addresses."""
        try:
            address = ip_address(self.address)
        except ValueError:
            return self.address[:64]
        if isinstance(address, IPv6Address):
            return str(address.ipv4_mapped or IPv6Network((address, 64), strict=False))
        return str(address)


@dataclass(frozen=True, slots=True)
class _Limits:
    """How many attempts are allowed: for a person from one address, for a person, from one address, and of all."""

    pair: Setting[int]
    account: Setting[int]
    address: Setting[int]
    overall: Setting[int]


_NAMELESS = _Limits(ATTEMPTS_ADDRESS, ATTEMPTS_OVERALL, ATTEMPTS_ADDRESS, ATTEMPTS_OVERALL)
_LIMITS = {
    SIGN_IN: _Limits(ATTEMPTS_PAIR, ATTEMPTS_ACCOUNT, ATTEMPTS_ADDRESS, ATTEMPTS_OVERALL),
    # Counted apart: whoever knows the password would otherwise be forgiven their wrong codes by typing it.
    FACTOR: _Limits(ATTEMPTS_PAIR, ATTEMPTS_ACCOUNT, ATTEMPTS_ADDRESS, ATTEMPTS_OVERALL),
    FORGOTTEN: _Limits(FORGOTTEN_PAIR, FORGOTTEN_ACCOUNT, FORGOTTEN_ADDRESS, ATTEMPTS_OVERALL),
    TOKEN: _NAMELESS,
    DOCUMENT: _NAMELESS,
}


def nameless(address: str) -> Visitor:
    """Somebody who names nobody, at a network address."""
    return Visitor(Realm.EMPLOYEES, "", address)


def is_limited(unit: Unit, kind: str, visitor: Visitor) -> bool:
    """Whether there were too many attempts lately; counts nothing."""
    return _is_limited(unit, kind, visitor)


def reserve(unit: Unit, kind: str, visitor: Visitor) -> bool:
    """Count an attempt that is about to be made; False, with nothing counted, where there were too many lately.

    The person need not exist. Where the attempt may be refused, the caller commits before trying.
    """
    _one_at_a_time(unit, kind, visitor)
    if _is_limited(unit, kind, visitor):
        return False
    unit.db.execute(
        insert(Attempt).values(
            kind=kind,
            realm=visitor.realm.value,
            email_folded=visitor.folded,
            address=visitor.network,
            known=visitor.known,
            at=unit.now(),
        )
    )
    return True


def _one_at_a_time(unit: Unit, kind: str, visitor: Visitor) -> None:
    """Wait for whoever is just counting, until the end of their transaction; SQLite has one writer anyway.

    People in known browsers do not stand in the queue of the others.
    """
    if unit.db.get_bind().dialect.name == "postgresql":
        queue = f"{kind}:{visitor.realm.value}:{visitor.folded}" if visitor.known else kind
        unit.db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(queue, 0))))


def _is_limited(unit: Unit, kind: str, visitor: Visitor) -> bool:
    limits = _LIMITS[kind]
    account = (Attempt.realm == visitor.realm.value) & (Attempt.email_folded == visitor.folded)
    lately = (Attempt.kind == kind) & (Attempt.at > _since(unit))
    if visitor.known:
        own = unit.db.scalar(select(func.count()).where(lately, account, Attempt.known.is_(True))) or 0
        return own >= unit.setting(limits.pair)
    address = Attempt.address == visitor.network
    pair, whole, there, overall = unit.db.execute(
        select(
            func.count().filter(account & address),
            func.count().filter(account),
            func.count().filter(address),
            func.count(),
        ).where(lately, Attempt.known.is_(False))
    ).one()
    return bool(
        pair >= unit.setting(limits.pair)
        or whole >= unit.setting(limits.account)
        or there >= unit.setting(limits.address)
        or overall >= unit.setting(limits.overall)
    )


def forgive(unit: Unit, visitor: Visitor, kind: str = SIGN_IN) -> None:
    """Forget the failures of a person at an address, or in their known browsers, after they have signed in there."""
    place = Attempt.known.is_(True) if visitor.known else Attempt.address == visitor.network
    unit.db.execute(
        delete(Attempt)
        .where(
            Attempt.kind == kind,
            Attempt.realm == visitor.realm.value,
            Attempt.email_folded == visitor.folded,
            place,
        )
        .execution_options(synchronize_session=False)
    )


def count_invitation(unit: Unit, scope: Scope, email: str) -> None:
    """Count that somebody of an account invites a colleague. Raises Refused above the limit of a day."""
    realm, account = Realm.CUSTOMERS.value, f"account:{scope.customer_id}"
    limit = unit.setting(INVITATIONS_PER_DAY)
    earlier = select(func.count()).where(
        Attempt.kind == INVITATION, Attempt.address == account, Attempt.at > unit.now() - _DAY
    )
    if (unit.db.scalar(earlier) or 0) >= limit:
        raise Refused(
            _(
                "${limit} colleagues were invited within 24 hours. Please go on tomorrow, or ask us.",
                mapping={"limit": limit},
            )
        )
    folded = fold_email(email)[:EMAIL_LENGTH]
    values = {"realm": realm, "email_folded": folded, "address": account, "at": unit.now()}
    unit.db.execute(insert(Attempt).values(kind=INVITATION, **values))


def forgive_account(unit: Unit, realm: Realm, email: str) -> None:
    """Forget what anybody tried in the name of a person, once their password is a new one."""
    unit.db.execute(
        delete(Attempt)
        .where(
            Attempt.kind.in_((SIGN_IN, FORGOTTEN)),
            Attempt.realm == realm.value,
            Attempt.email_folded == fold_email(email),
        )
        .execution_options(synchronize_session=False)
    )


def _since(unit: Unit) -> datetime:
    return unit.now() - timedelta(minutes=unit.setting(ATTEMPTS_WINDOW))
