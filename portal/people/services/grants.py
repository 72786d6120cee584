"""Roles of employees: granted and revoked by name, counted at the next request."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from portal.kernel.db import Contention
from portal.kernel.errors import Refused
from portal.kernel.i18n import _
from portal.kernel.unit import Unit
from portal.people.events import RoleGranted, RoleRevoked
from portal.people.models import Grant, User
from portal.people.permissions import ADMINISTRATOR


def grant(unit: Unit, user: User, role: str) -> None:
    """Give an employee a role; one they have already is left as it is.

    Raises Refused for a role that no module in the house has, and for people of customers.
    """
    if role not in {known.name for card in unit.house.cards for known in card.roles}:
        raise Refused(_("No module of this portal has a role “${role}”.", mapping={"role": role}))
    if not user.is_employee:
        raise Refused(_("Only employees have roles."))
    if role in roles_of(unit, user):
        return
    row = {"user_id": user.id, "role": role, "granted_by": unit.actor.name, "granted_at": unit.now()}
    try:
        unit.db.execute(insert(Grant).values(**row))
    except IntegrityError as error:
        raise Contention(str(error)) from error
    unit.publish(RoleGranted(user.id, role))


def revoke(unit: Unit, user: User, role: str) -> None:
    """Take a role away, also one of a module that is not in the house; one they do not have is no error.

    Raises Refused for the last administrator of people.
    """
    if role not in roles_of(unit, user):
        return
    if role == ADMINISTRATOR:
        keep_an_administrator(unit, user)
    unit.db.execute(
        delete(Grant)
        .where(Grant.user_id == user.id, Grant.role == role)
        .execution_options(synchronize_session=False)
    )
    unit.publish(RoleRevoked(user.id, role))


def set_roles(unit: Unit, user: User, wanted: Collection[str], shown: Collection[str]) -> None:
    """Grant and revoke what differs between the roles that a page showed and those that were wanted.

    What somebody else changed meanwhile stays as they left it. Raises like `grant` and `revoke`.
    """
    for role in sorted(set(wanted) - set(shown)):
        grant(unit, user, role)
    for role in sorted(set(shown) - set(wanted)):
        revoke(unit, user, role)


def roles_of(unit: Unit, user: User) -> frozenset[str]:
    """The roles of a person, those of modules that are not in the house included."""
    return frozenset(unit.db.scalars(select(Grant.role).where(Grant.user_id == user.id)))


def administrators(unit: Unit, limit: int = 5) -> Sequence[str]:
    """Names of the people who can grant roles."""
    found = select(User.name).join(Grant, Grant.user_id == User.id)
    found = found.where(Grant.role == ADMINISTRATOR, User.active.is_(True))
    return list(unit.db.scalars(found.order_by(User.name, User.id).limit(limit)))


def keep_an_administrator(unit: Unit, user: User) -> None:
    """Refuse unless somebody else who can sign in administers people.

    Locks the grants of the role first, so that two administrators cannot remove each other at the same moment.
    """
    role = Grant.role == ADMINISTRATOR
    holders = set(unit.db.scalars(select(Grant.user_id).where(role).order_by(Grant.id).with_for_update()))
    if user.id not in holders:
        return
    others = select(User.id).join(Grant, Grant.user_id == User.id)
    others = others.where(role, User.active.is_(True), User.password_hash.is_not(None), User.id != user.id)
    if unit.db.scalar(others.limit(1)) is None:
        raise Refused(_("This is the last administrator of people. Make somebody else one first."))
