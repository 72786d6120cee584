"""Who acts: realms, identities, memberships, actors and scopes, as plain frozen values.

Where people come from (tables, sign-in) is the business of portal.people; the kernel only needs to know what an
identity is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from portal.kernel.i18n import _


class Realm(Enum):
    """The two kinds of people."""

    EMPLOYEES = "employees"
    CUSTOMERS = "customers"


class Method(Enum):
    """How somebody signed in."""

    PASSWORD = "password"  # noqa: S105 - the name of a method, not a password
    #: A passkey verified by its device; it is a second factor too, see Factor.
    PASSKEY = "passkey"
    LINK = "link"
    SSO = "sso"
    LDAP = "ldap"
    TOKEN = "token"  # noqa: S105 - the name of a method, not a token
    #: By a link to one document, without an account.
    DOCUMENT = "document"

    @property
    def is_of_person(self) -> bool:
        """Whether somebody with an account has signed in: neither a program nor the holder of a link."""
        return self not in (Method.TOKEN, Method.DOCUMENT)


class Factor(Enum):
    """What was proved beyond the method of signing in; each counts as a second factor."""

    TOTP = "totp"
    PASSKEY = "passkey"
    RECOVERY = "recovery"
    #: The provider of a single sign-on said that it had asked for more than a password.
    PROVIDER = "provider"


METHODS = frozenset(Method)

#: The scopes that a membership can have, with what they mean to the customer.
SCOPES = {
    "view": _("See documents"),
    "order": _("Request, accept and decline quotations"),
    "approve": _("Approve acceptances above a colleague's spending limit"),
    "pay": _("See what is to be paid, and how"),
    "statements": _("See the account statement"),
    "manage": _("Manage colleagues and addresses"),
}


#: Those that nobody has who is limited to departments: what they show is the whole account's.
WHOLE_ACCOUNT_SCOPES = frozenset({"statements"})


def covers(departments: frozenset[int] | None, department_id: int | None) -> bool:
    """Whether people of these departments (None: of the whole account) may see what belongs to one.

    What has no department belongs to the whole account.
    """
    return departments is None or department_id in departments


def includes(departments: frozenset[int] | None, others: frozenset[int] | None) -> bool:
    """Whether people of these departments (None: of the whole account) see all that people of the others see."""
    return departments is None or (others is not None and others <= departments)


@dataclass(frozen=True, slots=True)
class Scope:
    """What customer-side code may see of an account; the only key its services take.

    `departments` None stands for the whole account; else only what belongs to one of these departments is there.
    """

    customer_id: int
    departments: frozenset[int] | None

    @classmethod
    def whole(cls, customer_id: int) -> Scope:
        """The account with everything in it: for what the company does, never for what one of its people asks."""
        return cls(customer_id, None)

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the account is left out."""
        return self.departments is None

    def covers(self, department_id: int | None) -> bool:
        """Whether something of this department (None: of none) may be seen."""
        return covers(self.departments, department_id)

    def includes(self, departments: frozenset[int] | None) -> bool:
        """Whether all that people of these departments see (None: of the whole account) may be seen."""
        return includes(self.departments, departments)


@dataclass(frozen=True, slots=True)
class Limit:
    """What a person may order at once without asking, in minor units of a currency."""

    amount: int
    currency: str

    def covers(self, amount: int, currency: str) -> bool:
        """Whether an amount lies within the limit; one in another currency never does."""
        return currency == self.currency and amount <= self.amount


@dataclass(frozen=True, slots=True)
class Membership:
    """A person's place in one customer account; `account` is the segment in `/my/<account>`.

    `accepted` says that they have opened the account since they were invited to it. `departments` are the ids of those
    that they are limited to, None for the whole account.
    """

    customer_id: int
    account: str
    name: str
    scopes: frozenset[str]
    accepted: bool
    departments: frozenset[int] | None

    @property
    def scope(self) -> Scope:
        """What they may see of the account."""
        return Scope(self.customer_id, self.departments)


#: What the names of roles begin with that administrators compose themselves.
CUSTOM = "custom."


@dataclass(frozen=True, slots=True)
class CustomRole:
    """A role that an administrator composed from the permissions of any modules."""

    name: str
    permissions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Identity:
    """The person behind a request, read once and detached from the database.

    `verified_at` is when they last proved who they are (by signing in, or anew since), `factors` what they proved
    beyond the method. `limited_to` holds the only permissions of an API token; None stands for all that the person
    has. `document` is the kind and public id of the one document that a link opens; whoever holds it is nobody whom the portal
    knows, and their numbers are negative. `roles` are the names of all roles, `custom` tells what those among them allow that no card declares. `viewed_by`
    names the administrator who looks at the portal as this person: method, factors and session are then theirs.
    """

    user_id: int
    realm: Realm
    email: str
    name: str
    language: str
    roles: frozenset[str]
    memberships: tuple[Membership, ...]
    method: Method
    signed_in_at: datetime
    session_id: int
    verified_at: datetime
    factors: frozenset[Factor] = frozenset()
    limited_to: frozenset[str] | None = None
    viewed_by: str | None = None
    custom: tuple[CustomRole, ...] = ()
    document: tuple[str, str] | None = None

    def membership(self, account: str) -> Membership | None:
        """The membership in the account with that address segment."""
        return next((m for m in self.memberships if m.account == account), None)

    @property
    def first_membership(self) -> Membership | None:
        """By name the first account that they have opened, else the first to which they were invited."""
        return min(self.memberships, key=lambda m: (not m.accepted, m.name), default=None)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is named in history and books as the one who did it."""

    kind: str
    name: str
    user_id: int | None = None

    @classmethod
    def of(cls, identity: Identity) -> Actor:
        """The person of a request."""
        if identity.method is Method.DOCUMENT:
            return cls("link", identity.name)
        kind = "employee" if identity.realm is Realm.EMPLOYEES else "customer"
        return cls(kind, identity.name, identity.user_id)


#: The portal itself: jobs, the command line.
SYSTEM = Actor("system", "system")
#: A visitor who has not signed in.
ANONYMOUS = Actor("anonymous", "anonymous")


def role_principal(role: str) -> str:
    """The principal of a granted role."""
    return f"role:{role}"


def scope_principal(customer_id: int, scope: str) -> str:
    """The principal of a scope in one account."""
    return f"scope:{customer_id}:{scope}"


def principals(identity: Identity) -> set[str]:
    """All principals of a person: realm, roles, and scopes per account."""
    found = {f"realm:{identity.realm.value}"}
    found.update(role_principal(role) for role in identity.roles)
    for membership in identity.memberships:
        found.update(scope_principal(membership.customer_id, scope) for scope in membership.scopes)
    return found
