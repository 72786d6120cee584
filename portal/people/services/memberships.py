"""Memberships: which customer accounts a person may use, seen from the company's side.

What customers do themselves stands in `portal.people.colleagues`, within a scope.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from portal.kernel.db import Contention, is_duplicate
from portal.kernel.errors import Invalid, Refused
from portal.kernel.i18n import Text, _
from portal.kernel.people import SCOPES, WHOLE_ACCOUNT_SCOPES, Limit, Membership, Realm, Scope, covers
from portal.kernel.unit import Unit
from portal.people import mails
from portal.people.events import MembershipAdded, MembershipChanged, MembershipEnded
from portal.people.models import AccountMembership, User
from portal.people.services import tokens, users

#: In minor units: far above any order, and within what every database and the totals can hold.
LARGEST_LIMIT = 10**15


@dataclass(frozen=True, slots=True)
class Member:
    """A person of an account as its people see them. `active` says that they may sign in.

    `invited` says that they have not opened this account yet. Until then `name` is the one that the invitation gave
    them, and nothing tells whether they use the portal with other accounts. Without a `limit` they may order for any
    amount. `departments` are the ids of those that they are limited to, None for the whole account.
    """

    user_id: int
    public_id: str
    name: str
    email: str
    scopes: frozenset[str]
    active: bool
    invited: bool
    limit: Limit | None = None
    departments: frozenset[int] | None = None

    def sees(self, department_id: int | None) -> bool:
        """Whether they may see what belongs to a department, or with None to none."""
        return covers(self.departments, department_id)

    def may_order(self, amount: int, currency: str) -> bool:
        """Whether an amount lies within what they may order without asking."""
        return self.limit is None or self.limit.covers(amount, currency)


def add_membership(
    unit: Unit,
    user: User,
    customer_id: int,
    account: str,
    account_name: str,
    scopes: Collection[str],
    *,
    limit: Limit | None = None,
    departments: Collection[int] | None = None,
    invited_as: str | None = None,
    within: Scope | None = None,
) -> None:
    """Let a customer's person use an account, without telling them.

    `account` is the segment in `/my/<account>`. Seeing documents (`view`) belongs to every membership. `departments` are
    those of the account that they are limited to, None for all of it. `invited_as` is the name that an invitation gave
    them; without it they count as having come. Whoever acts `within` a scope is told no name of people beyond it.
    Raises Refused for an employee and for somebody who is a member already, Invalid for an unknown scope or a limit
    that is none.
    """
    if user.is_employee:
        raise Refused(_("Employees have no customer accounts."))
    for member in members_of(unit, customer_id):
        if member.user_id == user.id:
            raise Refused(_already(member, within))
    granted = _granted(scopes, limit, departments)
    values = {
        "user_id": user.id,
        "customer_id": customer_id,
        "account": account,
        "name": account_name,
        **granted,
        "invited_as": invited_as,
        "created_at": unit.now(),
        "accepted_at": unit.now() if invited_as is None else None,
    }
    try:
        unit.db.execute(insert(AccountMembership).values(**values))
    except IntegrityError as error:
        if is_duplicate(error):
            raise Contention(str(error)) from error
        raise
    unit.publish(MembershipAdded(user.id, customer_id, **granted))


def invite_member(
    unit: Unit,
    customer_id: int,
    account: str,
    account_name: str,
    *,
    email: str,
    name: str,
    language: str | None = None,
    scopes: Collection[str] = ("view", "order"),
    limit: Limit | None = None,
    departments: Collection[int] | None = None,
    within: Scope | None = None,
) -> User:
    """Let somebody use a customer account and send them one mail.

    Whoever has an e-mail of a customer's person already gets a further membership; their name, language and
    password stay their own. Raises Invalid for e-mail, name or scopes, and for a disabled person; Refused for a member.
    """
    name = users.checked_name(name)
    user = users.find_user(unit, Realm.CUSTOMERS, email)
    if user is None:
        user = users.add_user(unit, Realm.CUSTOMERS, email, name, language=language)
    elif not user.active:
        raise Invalid({"email": _disabled(unit, user)})
    add_membership(
        unit,
        user,
        customer_id,
        account,
        account_name,
        scopes,
        limit=limit,
        departments=departments,
        invited_as=name,
        within=within,
    )
    if user.is_invited:
        tokens.send_invitation(unit, user, replace=False)
    else:
        mails.further_account(unit, user, account, account_name)
    return user


def members_of(unit: Unit, customer_id: int) -> Sequence[Member]:
    """Everybody who may use an account, by name; one statement."""
    pending = AccountMembership.accepted_at.is_(None)
    name = case((pending, func.coalesce(AccountMembership.invited_as, User.name)), else_=User.name)
    # Folded, what was typed and what is stored look alike: whether it was stored before does not show.
    email = case((pending, User.email_folded), else_=User.email)
    rows = unit.db.execute(
        select(
            User.id,
            User.public_id,
            name,
            email,
            User.active,
            pending,
            AccountMembership.scopes,
            AccountMembership.limit_amount,
            AccountMembership.limit_currency,
            AccountMembership.departments,
        )
        .join(AccountMembership, AccountMembership.user_id == User.id)
        .where(AccountMembership.customer_id == customer_id)
        .order_by(name, User.id)
    )
    return [
        Member(
            user_id,
            public_id,
            name,
            email,
            _counting(scopes, _ids(departments)),
            active,
            invited,
            _limit(amount, currency),
            _ids(departments),
        )
        for user_id, public_id, name, email, active, invited, scopes, amount, currency, departments in rows
    ]


def memberships_of(unit: Unit, user: User) -> Sequence[Membership]:
    """The accounts that a person may use, by name."""
    rows = unit.db.scalars(
        select(AccountMembership)
        .where(AccountMembership.user_id == user.id)
        .order_by(AccountMembership.name, AccountMembership.id)
    )
    return [membership_of(row, row.name) for row in rows]


def membership_of(row: Any, name: str) -> Membership:
    """A stored membership, or a row with its columns, in the account of this name."""
    departments = _ids(row.departments)
    return Membership(
        row.customer_id,
        row.account,
        name,
        _counting(row.scopes, departments),
        row.accepted_at is not None,
        departments,
    )


def change_membership(
    unit: Unit,
    customer_id: int,
    user_id: int,
    scopes: Collection[str],
    limit: Limit | None,
    departments: Collection[int] | None,
) -> None:
    """Change what a member may do, up to which amount, and in which departments; it counts from their next request.

    Raises Invalid for an unknown scope, a limit that is none or no department, LookupError when they are no member.
    """
    membership = unit.db.scalar(
        select(AccountMembership)
        .where(AccountMembership.customer_id == customer_id, AccountMembership.user_id == user_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if membership is None:
        raise LookupError(f"user {user_id} is no member of the account {customer_id}")
    granted = _granted(scopes, limit, departments)
    before = {f"{name}_before": getattr(membership, name) for name in granted}
    if all(before[f"{name}_before"] == value for name, value in granted.items()):
        return
    for name, value in granted.items():
        setattr(membership, name, value)
    unit.db.flush()
    unit.publish(MembershipChanged(user_id, customer_id, **granted, **before))


def end_membership(unit: Unit, customer_id: int, user_id: int) -> None:
    """Let a member no longer use the account, from their next request on. LookupError when they are no member."""
    membership = unit.db.scalar(
        select(AccountMembership).where(
            AccountMembership.customer_id == customer_id, AccountMembership.user_id == user_id
        )
    )
    if membership is None:
        raise LookupError(f"user {user_id} is no member of the account {customer_id}")
    unit.db.delete(membership)
    unit.db.flush()
    unit.publish(MembershipEnded(user_id, customer_id))


def accept(unit: Unit, customer_id: int, user_id: int) -> None:
    """Note that a person has opened an account to which they were invited."""
    unit.db.execute(
        update(AccountMembership)
        .where(
            AccountMembership.customer_id == customer_id,
            AccountMembership.user_id == user_id,
            AccountMembership.accepted_at.is_(None),
        )
        .values(accepted_at=unit.now())
        .execution_options(synchronize_session=False)
    )


def rename_account(unit: Unit, customer_id: int, name: str) -> None:
    """Tell how an account is called now."""
    unit.db.execute(
        update(AccountMembership)
        .where(AccountMembership.customer_id == customer_id)
        .values(name=name)
        .execution_options(synchronize_session=False)
    )


def _disabled(unit: Unit, user: User) -> Text:
    facts = {"email": user.email_folded, "company": unit.company.name}
    return _(
        "The access of ${email} has been disabled. Ask an administrator of ${company} to enable it again, then invite.",
        mapping=facts,
    )


def _already(member: Member, within: Scope | None) -> Text:
    if within is None or within.includes(member.departments):
        return _("${name} uses this account already.", mapping={"name": member.name})
    return _("This person uses the account already. Ask a colleague who manages the whole account.")


def _granted(
    scopes: Collection[str], limit: Limit | None, departments: Collection[int] | None
) -> dict[str, Any]:
    """The columns that say what a member may do. Raises Invalid (scopes, limit, departments)."""
    if set(scopes) - set(SCOPES):
        raise Invalid({"scopes": _("This is not one of the choices.")})
    if departments is not None and not departments:
        raise Invalid({"departments": _("Choose the whole account, or at least one department.")})
    written = None if departments is None else " ".join(map(str, sorted(set(departments))))
    counting = _counting(" ".join({"view", *scopes}), _ids(written))
    return {"scopes": " ".join(sorted(counting)), **_limit_values(limit), "departments": written}


def _ids(departments: str | None) -> frozenset[int] | None:
    return None if departments is None else frozenset(map(int, departments.split()))


def _counting(scopes: str, departments: frozenset[int] | None) -> frozenset[str]:
    """Those of the scopes that count: what the whole account is needed for is nothing for people of departments."""
    found = frozenset(scopes.split())
    return found if departments is None else found - WHOLE_ACCOUNT_SCOPES


def _limit(amount: int | None, currency: str | None) -> Limit | None:
    return None if amount is None or currency is None else Limit(amount, currency)


def _limit_values(limit: Limit | None) -> dict[str, Any]:
    if limit is None:
        return {"limit_amount": None, "limit_currency": None}
    if not 0 <= limit.amount <= LARGEST_LIMIT:
        raise Invalid({"limit": _("The limit has to be an amount from nothing upwards.")})
    return {"limit_amount": limit.amount, "limit_currency": limit.currency}
