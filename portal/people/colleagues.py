"""What the people of a customer may do about each other, within the scope of their account.

Whoever manages an account may give scopes that they lack themselves, for that is what managing it means; nobody changes
their own spending limit. About e-mail, password and name of a colleague they can do nothing. Who is limited to departments
meets only colleagues who are within these, and gives nobody more of the account than they have.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import select

from portal.kernel.errors import Invalid, Refused
from portal.kernel.i18n import _
from portal.kernel.people import Limit, Scope, includes
from portal.kernel.unit import Unit
from portal.kernel.walls import lifted
from portal.people.interfaces import AccountTerms, IAccountTerms
from portal.people.models import AccountMembership
from portal.people.services import attempts, memberships
from portal.people.services.memberships import Member

__all__ = [
    "Member",
    "approvers",
    "change",
    "deciders",
    "end",
    "find",
    "invite",
    "members",
    "myself",
    "terms",
]


def members(unit: Unit, scope: Scope) -> Sequence[Member]:
    """The people whom somebody of this scope meets, by name; one statement."""
    return [one for one in memberships.members_of(unit, scope.customer_id) if scope.includes(one.departments)]


def find(unit: Unit, scope: Scope, public_id: str) -> Member | None:
    """One of them by public id."""
    return next((member for member in members(unit, scope) if member.public_id == public_id), None)


def myself(unit: Unit, people: Iterable[Member]) -> Member | None:
    """Whoever acts, among the people of the account; None for an act of somebody who is no member."""
    return next((member for member in people if member.user_id == unit.actor.user_id), None)


def deciders(unit: Unit, scope: Scope) -> Sequence[Member]:
    """Whoever acts and all who may have to decide on what they do, of whatever departments: one statement.

    Of the others at most a name is shown, and only to say who approves.
    """
    return memberships.members_of(unit, scope.customer_id)


def approvers(
    people: Iterable[Member], amount: int, currency: str, *, department: int | None, asker: int
) -> list[Member]:
    """Those who may approve what a colleague, the `asker`, may not order for this amount at once.

    They have to see what they decide on: an order of this `department`, or with None of the whole account.
    """
    return [
        member
        for member in people
        if "approve" in member.scopes
        and member.active
        and not member.invited
        and member.user_id != asker
        and member.sees(department)
        and member.may_order(amount, currency)
    ]


def terms(unit: Unit, scope: Scope) -> AccountTerms:
    """The currency of limits and the departments to choose from: the account's where accounts are kept, else the company's."""
    accounts = unit.ask_if(IAccountTerms)
    return AccountTerms(unit.company.currency) if accounts is None else accounts.terms(scope)


def invite(
    unit: Unit,
    scope: Scope,
    *,
    email: str,
    name: str,
    language: str,
    scopes: Collection[str],
    limit: Limit | None = None,
    departments: frozenset[int] | None,
) -> None:
    """Invite somebody to the account, or to departments of it; one mail is queued.

    Raises Invalid, and Refused above the limit of a day. Address and name of the account are those that the acting
    members know it by.
    """
    here = unit.db.scalar(
        select(AccountMembership).where(AccountMembership.customer_id == scope.customer_id).limit(1)
    )
    if here is None:
        raise LookupError(f"the account {scope.customer_id} has no members")
    _demand_departments(unit, scope, departments)
    _lock(unit, scope)
    # Whom the address belongs to is not the account's to know: the house looks.
    with lifted(unit.db):
        attempts.count_invitation(unit, scope, email)
        memberships.invite_member(
            unit,
            scope.customer_id,
            here.account,
            here.name,
            email=email,
            name=name,
            language=language,
            scopes=scopes,
            limit=limit,
            departments=departments,
            within=scope,
        )


def change(
    unit: Unit,
    scope: Scope,
    public_id: str,
    scopes: Collection[str],
    limit: Limit | None,
    departments: frozenset[int] | None,
) -> None:
    """Change what a colleague may do, up to which amount, and in which departments (None: in the whole account).

    Raises Refused for the last one who manages what they manage, Invalid for one's own limit and for departments that
    are not to be given.
    """
    member = _locked(unit, scope, public_id)
    if limit != member.limit and member.user_id == unit.actor.user_id:
        raise Invalid(
            {"limit": _("Nobody changes their own limit. Ask a colleague who manages the account.")}
        )
    if departments != member.departments:
        _demand_departments(unit, scope, departments)
    if "manage" not in scopes or not includes(departments, member.departments):
        _keep_a_manager(unit, scope, member)
    memberships.change_membership(unit, scope.customer_id, member.user_id, scopes, limit, departments)


def end(unit: Unit, scope: Scope, public_id: str) -> None:
    """Take a colleague out of the account. Raises Refused for the last one who manages what they manage."""
    member = _locked(unit, scope, public_id)
    _keep_a_manager(unit, scope, member)
    memberships.end_membership(unit, scope.customer_id, member.user_id)


def _demand_departments(unit: Unit, scope: Scope, departments: frozenset[int] | None) -> None:
    """Raise Invalid unless these may be given in the scope: its own, and none that is out of use."""
    if not scope.includes(departments):
        raise Invalid({"departments": _("You can give nobody more of the account than you see yourself.")})
    if departments and not departments <= {one.id for one in terms(unit, scope).departments}:
        raise Invalid({"departments": _("This department is no longer there.")})


def _locked(unit: Unit, scope: Scope, public_id: str) -> Member:
    """The member, with the account's memberships locked: two managers cannot remove each other at one moment."""
    _lock(unit, scope)
    member = find(unit, scope, public_id)
    if member is None:
        raise Refused(_("This person does not use the account any more."))
    return member


def _lock(unit: Unit, scope: Scope) -> None:
    rows = select(AccountMembership.id).where(AccountMembership.customer_id == scope.customer_id)
    unit.db.execute(rows.order_by(AccountMembership.id).with_for_update()).all()


def _keep_a_manager(unit: Unit, scope: Scope, member: Member) -> None:
    """Raise Refused where nobody else would manage all that this member manages."""
    if "manage" not in member.scopes:
        return
    others = (other for other in deciders(unit, scope) if other.user_id != member.user_id)
    if not any(
        "manage" in other.scopes
        and other.active
        and not other.invited
        and includes(other.departments, member.departments)
        for other in others
    ):
        raise Refused(_("Somebody has to manage the account. Give another colleague that right first."))
