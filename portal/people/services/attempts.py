"""Limits on guessing: failed attempts are rows, counted per person and network address.

The rows are written after the transaction of the refusal has been aborted, so that they survive it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address

from sqlalchemy import delete, func, insert, or_, select

from portal.kernel.people import Realm
from portal.kernel.unit import Unit
from portal.people.emails import fold_email
from portal.people.models import EMAIL_LENGTH, Attempt
from portal.people.settings import ATTEMPTS_ACCOUNT, ATTEMPTS_ADDRESS, ATTEMPTS_PAIR, ATTEMPTS_WINDOW

SIGN_IN, FORGOTTEN = "sign-in", "forgotten"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who says who they are: the realm and e-mail that were typed, and the network address."""

    realm: Realm
    email: str
    address: str

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


def is_limited(unit: Unit, kind: str, visitor: Visitor) -> bool:
    """Whether there were too many attempts lately: for this person from this address, for the person, from there.

    One statement. The person need not exist.
    """
    account = (Attempt.realm == visitor.realm.value) & (Attempt.email_folded == visitor.folded)
    address = Attempt.address == visitor.network
    counts = select(
        func.count().filter(account & address), func.count().filter(account), func.count().filter(address)
    ).where(Attempt.kind == kind, Attempt.at > _since(unit), or_(account, address))
    pair, whole, there = unit.db.execute(counts).one()
    return bool(
        pair >= unit.setting(ATTEMPTS_PAIR)
        or whole >= unit.setting(ATTEMPTS_ACCOUNT)
        or there >= unit.setting(ATTEMPTS_ADDRESS)
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


def _since(unit: Unit) -> datetime:
    return unit.now() - timedelta(minutes=unit.setting(ATTEMPTS_WINDOW))
