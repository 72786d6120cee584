"""Limits on guessing and on mail to strangers: attempts are rows, counted per person and network address.

Rows of failures are written after the transaction of the refusal has been aborted, so that they survive it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address

from sqlalchemy import delete, func, insert, or_, select

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
    ATTEMPTS_PAIR,
    ATTEMPTS_WINDOW,
    FORGOTTEN_ACCOUNT,
    FORGOTTEN_ADDRESS,
    FORGOTTEN_PAIR,
    INVITATIONS_PER_DAY,
)

SIGN_IN, FORGOTTEN, INVITATION = "sign-in", "forgotten", "invitation"
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
    """How many attempts are allowed: for a person from one address, for a person, from one address."""

    pair: Setting[int]
    account: Setting[int]
    address: Setting[int]


_LIMITS = {
    SIGN_IN: _Limits(ATTEMPTS_PAIR, ATTEMPTS_ACCOUNT, ATTEMPTS_ADDRESS),
    FORGOTTEN: _Limits(FORGOTTEN_PAIR, FORGOTTEN_ACCOUNT, FORGOTTEN_ADDRESS),
}


def is_limited(unit: Unit, kind: str, visitor: Visitor) -> bool:
    """Whether there were too many attempts lately: for this person from this address, for the person, from there.

    What others try elsewhere does not shut out somebody whose browser is known. One statement. The person need not
    exist.
    """
    limits = _LIMITS[kind]
    account = (Attempt.realm == visitor.realm.value) & (Attempt.email_folded == visitor.folded)
    address = Attempt.address == visitor.network
    counts = select(
        func.count().filter(account & address), func.count().filter(account), func.count().filter(address)
    ).where(Attempt.kind == kind, Attempt.at > _since(unit), or_(account, address))
    pair, whole, there = unit.db.execute(counts).one()
    return bool(
        pair >= unit.setting(limits.pair)
        or (whole >= unit.setting(limits.account) and not visitor.known)
        or there >= unit.setting(limits.address)
    )


def record(unit: Unit, kind: str, visitor: Visitor) -> None:
    """Count an attempt."""
    unit.db.execute(
        insert(Attempt).values(
            kind=kind,
            realm=visitor.realm.value,
            email_folded=visitor.folded,
            address=visitor.network,
            at=unit.now(),
        )
    )


def forgive(unit: Unit, visitor: Visitor) -> None:
    """Forget the failures of a person at an address, after they have signed in there."""
    unit.db.execute(
        delete(Attempt)
        .where(
            Attempt.kind == SIGN_IN,
            Attempt.realm == visitor.realm.value,
            Attempt.email_folded == visitor.folded,
            Attempt.address == visitor.network,
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
