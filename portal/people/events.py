"""What others may HEAR of people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from portal.kernel.events import Event
from portal.kernel.people import Factor, Method, Realm


@dataclass(frozen=True, slots=True)
class UserAdded(Event):
    """A person may use the portal from now on, or as soon as they have accepted their invitation."""

    user_id: int
    realm: Realm
    email: str
    name: str


@dataclass(frozen=True, slots=True)
class SignedIn(Event):
    """A person began a session, after having proved who they are."""

    user_id: int
    realm: str
    email: str
    name: str
    method: Method
    factors: tuple[str, ...]
    device: str


@dataclass(frozen=True, slots=True)
class SignedOut(Event):
    """A person ended the session that they were in."""

    user_id: int


@dataclass(frozen=True, slots=True)
class RoleGranted(Event):
    """An employee got a role; it counts from their next request, and until the end of a date where one is given."""

    user_id: int
    role: str
    until: date | None = None


@dataclass(frozen=True, slots=True)
class RoleRevoked(Event):
    """An employee lost a role."""

    user_id: int
    role: str


@dataclass(frozen=True, slots=True)
class UserDisabled(Event):
    """A person can no longer sign in; their sessions have ended."""

    user_id: int


@dataclass(frozen=True, slots=True)
class PasswordChanged(Event):
    """A person has a new password; the sessions from before have ended."""

    user_id: int


@dataclass(frozen=True, slots=True)
class ApiTokenCreated(Event):
    """A person made a key for a program, limited to these permissions and, with a customer's id, to that account."""

    user_id: int
    prefix: str
    name: str
    permissions: tuple[str, ...]
    expires_at: datetime
    customer_id: int | None


@dataclass(frozen=True, slots=True)
class ApiTokenRevoked(Event):
    """A key for a program works no longer."""

    user_id: int
    prefix: str
    name: str


@dataclass(frozen=True, slots=True)
class DocumentLinkCreated(Event):
    """Whoever has the link can open one document of a customer without an account until a moment."""

    kind: str
    document: str
    customer_id: int
    sent_to: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class DocumentLinkOpened(Event):
    """Somebody opened a document by a link."""

    kind: str
    document: str
    customer_id: int
    sent_to: str


@dataclass(frozen=True, slots=True)
class DocumentLinkRevoked(Event):
    """A link to a document works no longer."""

    kind: str
    document: str
    customer_id: int
    sent_to: str


@dataclass(frozen=True, slots=True)
class GrantLimited(Event):
    """A role that an employee has ends on a date from now on, or no longer does."""

    user_id: int
    role: str
    until: date | None


@dataclass(frozen=True, slots=True)
class RoleComposed(Event):
    """An administrator composed a role from the permissions of modules."""

    role: str
    title: str
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RoleChanged(Event):
    """A composed role allows something else; it counts from the next request of everybody who has it."""

    role: str
    title: str
    before: tuple[str, ...]
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RoleArchived(Event):
    """A composed role allows nothing any more."""

    role: str


@dataclass(frozen=True, slots=True)
class ViewingBegan(Event):
    """An administrator began to look at the portal as somebody else, at most until a moment."""

    viewer_id: int
    user_id: int
    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class ViewingEnded(Event):
    """An administrator no longer looks at the portal as somebody else."""

    viewer_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class FactorAdded(Event):
    """A person has a further second factor."""

    user_id: int
    kind: Factor
    name: str


@dataclass(frozen=True, slots=True)
class FactorRemoved(Event):
    """A person removed one of their second factors."""

    user_id: int
    kind: Factor
    name: str


@dataclass(frozen=True, slots=True)
class FactorsReset(Event):
    """All factors and recovery codes of a person who lost theirs were removed, and their sessions ended."""

    user_id: int
    removed: int


@dataclass(frozen=True, slots=True)
class RecoveryCodesRenewed(Event):
    """A person has new recovery codes; the earlier ones no longer work."""

    user_id: int


@dataclass(frozen=True, slots=True)
class RecoveryCodeUsed(Event):
    """A recovery code stood in for a second factor."""

    user_id: int
    left: int


@dataclass(frozen=True, slots=True)
class MembershipAdded(Event):
    """Somebody may use a customer account; the limit in minor units of its currency.

    `departments` are the ids of those that they are limited to, separated by spaces; None for the whole account.
    """

    user_id: int
    customer_id: int
    scopes: str
    limit_amount: int | None
    limit_currency: str | None
    departments: str | None


@dataclass(frozen=True, slots=True)
class MembershipChanged(Event):
    """What somebody may do in a customer account was changed; the fields are those of MembershipAdded, now and before."""

    user_id: int
    customer_id: int
    scopes: str
    limit_amount: int | None
    limit_currency: str | None
    departments: str | None
    scopes_before: str
    limit_amount_before: int | None
    limit_currency_before: str | None
    departments_before: str | None


@dataclass(frozen=True, slots=True)
class MembershipEnded(Event):
    """Somebody may no longer use a customer account."""

    user_id: int
    customer_id: int


@dataclass(frozen=True, slots=True)
class SessionsEnded(Event):
    """Sessions of a person were ended by hand, or because what they rested on has changed."""

    user_id: int
    count: int


@dataclass(frozen=True, slots=True)
class EmailChanged(Event):
    """A person is reached, and signs in, by another e-mail."""

    user_id: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ExternalLinked(Event):
    """An employee may come in as whom a provider of single sign-on, or a directory, knows."""

    user_id: int
    issuer: str


@dataclass(frozen=True, slots=True)
class ExternalUnlinked(Event):
    """Who an employee is outside was forgotten; they are linked anew at their next coming."""

    user_id: int


@dataclass(frozen=True, slots=True)
class RoleKept(Event):
    """A role that no group gives any more stayed, for else nobody would have it."""

    user_id: int
    role: str
