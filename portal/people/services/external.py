"""Employees who are known outside: found or linked when they come in, and given the roles of their groups."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from portal.kernel.db import Contention
from portal.kernel.errors import Invalid, Refused
from portal.kernel.i18n import Text, _
from portal.kernel.people import Method, Realm
from portal.kernel.policy import roles_of_groups
from portal.kernel.unit import Unit
from portal.people.events import ExternalLinked, ExternalUnlinked, RoleKept
from portal.people.external import LONGEST_ISSUER, LONGEST_SUBJECT, ExternalIdentity
from portal.people.models import User
from portal.people.services import grants, users

log = logging.getLogger(__name__)

_NOBODY: Text = _("Nobody in this portal goes with the account you have there. Ask an administrator.")


class Unknown(Refused):
    """Nobody here goes with an outsider, or nobody who may come in."""


@dataclass(frozen=True, slots=True)
class Outsider:
    """Somebody as an issuer vouches for them; `email` is empty unless the issuer has verified it."""

    method: Method
    issuer: str
    subject: str
    email: str
    name: str
    groups: frozenset[str]


def admit(unit: Unit, outsider: Outsider, *, create: bool) -> User:
    """The employee behind an outsider, linked at their first coming, with the roles of their groups from now on.

    `create` says whether somebody unknown with a verified e-mail is added. Raises Unknown when nobody goes with the
    outsider, or may not come in.
    """
    user = linked(unit, outsider)
    if user is None:
        user = _link(unit, outsider, create=create)
    if not user.active:
        raise Unknown(_NOBODY)
    follow_groups(unit, user, outsider)
    return user


def linked(unit: Unit, outsider: Outsider) -> User | None:
    """The employee whom the issuer names so, whether they may come in or not."""
    return unit.db.scalar(
        select(User)
        .join(ExternalIdentity, ExternalIdentity.user_id == User.id)
        .where(
            ExternalIdentity.issuer == outsider.issuer,
            ExternalIdentity.subject == outsider.subject,
            User.realm == Realm.EMPLOYEES.value,
        )
    )


def unlink(unit: Unit, user: User) -> int:
    """Forget who a person is outside: at their next coming they are linked anew. Returns how many were forgotten."""
    gone = unit.db.execute(
        delete(ExternalIdentity)
        .where(ExternalIdentity.user_id == user.id)
        .returning(ExternalIdentity.id)
        .execution_options(synchronize_session=False)
    ).all()
    if gone:
        unit.publish(ExternalUnlinked(user.id))
    return len(gone)


def follow_groups(unit: Unit, user: User, outsider: Outsider) -> None:
    """Grant and take away what the ini says of the groups. What was granted by hand stays.

    The last administrator of people keeps that role: nobody is locked out by a change in a directory.
    """
    source = outsider.method.value
    wanted = roles_of_groups(unit.house.cards, unit.house.settings, outsider.groups)
    held = grants.grants_of(unit, user)
    for role in sorted(wanted - {given.role for given in held if given.in_force}):
        grants.grant(unit, user, role, source=source)
    for given in held:
        if given.source != source or given.role in wanted:
            continue
        try:
            grants.revoke(unit, user, given.role)
        except Refused:
            log.warning(
                "%s keeps %s: no group gives it any more, but nobody else has it", user.email, given.role
            )
            unit.publish(RoleKept(user.id, given.role))


def _link(unit: Unit, outsider: Outsider, *, create: bool) -> User:
    if len(outsider.issuer) > LONGEST_ISSUER or not 0 < len(outsider.subject) <= LONGEST_SUBJECT:
        raise Unknown(_NOBODY)
    user = users.find_user(unit, Realm.EMPLOYEES, outsider.email) if outsider.email else None
    if user is None:
        if not (create and outsider.email):
            raise Unknown(_NOBODY)
        user = _added(unit, outsider)
    # Who is disabled is not linked, and an e-mail that went to somebody else there does not bring them in here.
    if not user.active or _has_link(unit, user, outsider.issuer):
        raise Unknown(_NOBODY)
    try:
        unit.db.execute(
            insert(ExternalIdentity).values(
                issuer=outsider.issuer, subject=outsider.subject, user_id=user.id, created_at=unit.now()
            )
        )
    except IntegrityError as error:
        raise Contention(str(error)) from error
    unit.publish(ExternalLinked(user.id, outsider.issuer))
    return user


def _has_link(unit: Unit, user: User, issuer: str) -> bool:
    same: Collection[int] = unit.db.scalars(
        select(ExternalIdentity.id).where(
            ExternalIdentity.user_id == user.id, ExternalIdentity.issuer == issuer
        )
    ).all()
    return bool(same)


def _added(unit: Unit, outsider: Outsider) -> User:
    try:
        return users.add_user(unit, Realm.EMPLOYEES, outsider.email, outsider.name or outsider.email)
    except Invalid as error:
        log.warning("somebody at %s cannot be added: %s", outsider.issuer, error)
        raise Unknown(_NOBODY) from error
