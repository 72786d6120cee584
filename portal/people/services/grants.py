"""Roles of employees: granted and revoked by name, maybe until a date, counted at the next request."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from portal.kernel.db import Contention
from portal.kernel.errors import Invalid, Refused
from portal.kernel.four_eyes import Reference
from portal.kernel.i18n import Text, _
from portal.kernel.people import CUSTOM
from portal.kernel.unit import Unit
from portal.people.events import GrantLimited, RoleGranted, RoleRevoked
from portal.people.models import Grant, User
from portal.people.permissions import ADMINISTRATOR, GRANT_ACT
from portal.people.roles import Role
from portal.proposals.intents import Intent, demand, fingerprint, is_asked

#: How people are referred to from proposals.
USER_KIND = "people.user"
#: The source of what an administrator granted; a group's is the method of signing in by which it was told.
BY_HAND = "hand"


@dataclass(frozen=True, slots=True)
class GrantFacts:
    """A role that somebody was given; `in_force` says whether it counts today, `source` where it came from."""

    role: str
    source: str
    granted_by: str
    granted_at: datetime
    ends_on: date | None
    in_force: bool


def counts_on(day: ColumnElement[date] | date) -> ColumnElement[bool]:
    """Whether a grant counts on a day: its last day included."""
    return or_(Grant.ends_on.is_(None), Grant.ends_on >= day)


def grant(unit: Unit, user: User, role: str, until: date | None = None, *, source: str = BY_HAND) -> None:
    """Give an employee a role, `until` a last day where one is given; one they have already is left as it is.

    `source` is the method of signing in whose groups gave it, or by hand.

    Raises Refused for a role that neither a module in the house has nor an administrator composed, and for people of
    customers; Invalid for a last day that has passed; NeedsSecond where one person alone grants none by hand.
    """
    if source == BY_HAND:
        _demand_second(unit, user, [role], (), until)
    _give(unit, user, role, until, source)


def _give(unit: Unit, user: User, role: str, until: date | None, source: str = BY_HAND) -> None:
    _demand_grantable(unit, user, role, until)
    held = next((given for given in grants_of(unit, user) if given.role == role), None)
    if held is not None and held.in_force:
        return
    facts = {
        "granted_by": unit.actor.name if source == BY_HAND else source,
        "granted_at": unit.now(),
        "ends_on": until,
        "source": source,
    }
    if held is not None:
        _update(unit, user, role, facts)
    else:
        try:
            unit.db.execute(insert(Grant).values(user_id=user.id, role=role, **facts))
        except IntegrityError as error:
            raise Contention(str(error)) from error
    unit.publish(RoleGranted(user.id, role, until))


def _demand_grantable(unit: Unit, user: User, role: str, until: date | None) -> None:
    if not _is_known(unit, role):
        raise Refused(_("No module of this portal has a role “${role}”.", mapping={"role": role}))
    if not user.is_employee:
        raise Refused(_("Only employees have roles."))
    _check_end(unit, until)


def limit(unit: Unit, user: User, role: str, until: date | None) -> None:
    """Let a role that an employee has end on a date, or no longer do so. LookupError when they do not have it.

    Raises Invalid for a last day that has passed, Refused for the last administrator of people, NeedsSecond for a later
    end where one person alone grants nothing.
    """
    held = next((given for given in grants_of(unit, user) if given.role == role and given.in_force), None)
    if held is None:
        raise LookupError(f"{user.email} does not have {role}")
    if held.ends_on == until:
        return
    _check_end(unit, until)
    if role == ADMINISTRATOR and until is not None:
        keep_an_administrator(unit, user)
    if held.ends_on is not None and (until is None or until > held.ends_on):
        _demand_longer(unit, user, role, until)
    _update(unit, user, role, {"ends_on": until})
    unit.publish(GrantLimited(user.id, role, until))


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


def set_roles(
    unit: Unit, user: User, wanted: Collection[str], shown: Collection[str], until: date | None = None
) -> None:
    """Grant and revoke what differs between the roles that a page showed and those that were wanted.

    What somebody else changed meanwhile stays as they left it. Raises like `grant` and `revoke`; under four eyes all of it
    waits together.
    """
    given, taken = sorted(set(wanted) - set(shown)), sorted(set(shown) - set(wanted))
    _demand_second(unit, user, given, taken, until)
    for role in given:
        _give(unit, user, role, until)
    for role in taken:
        revoke(unit, user, role)


# --- four eyes ---------------------------------------------------------------------------------------------


def _demand_second(
    unit: Unit, user: User, given: Sequence[str], taken: Sequence[str], until: date | None
) -> None:
    """Ask for a second person where roles are given that somebody does not have yet."""
    if not is_asked(unit, GRANT_ACT) or not set(given) - roles_of(unit, user) or _is_beginning(unit):
        return
    for role in given:
        _demand_grantable(unit, user, role, until)
    _demand(unit, user, {"grant": list(given), "revoke": list(taken), "until": _written(until)})


def _demand_longer(unit: Unit, user: User, role: str, until: date | None) -> None:
    """Ask for a second person where somebody would have a role for longer."""
    if is_asked(unit, GRANT_ACT) and not _is_beginning(unit):
        _demand(unit, user, {"prolong": role, "until": _written(until)})


def _demand(unit: Unit, user: User, arguments: Mapping[str, object]) -> None:
    demand(
        unit,
        GRANT_ACT,
        None,
        lambda: Intent(
            arguments={"user": user.public_id, **arguments},
            title=f"{user.name} <{user.email}>",
            seen=seen_of(unit, user),
            about=Reference(USER_KIND, user.public_id),
        ),
    )


def seen_of(unit: Unit, user: User) -> str:
    """What granting depends on: the roles that somebody has, until when, and whether they may sign in."""
    held = [(one.role, one.ends_on) for one in grants_of(unit, user) if one.in_force]
    return fingerprint(user.active, held)


def _is_beginning(unit: Unit) -> bool:
    """Whether the portal itself acts and nobody could agree yet: the first administrator comes from the command line."""
    return unit.actor.kind == "system" and not administrators(unit, limit=1)


def _written(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


# --- reading -----------------------------------------------------------------------------------------------


def roles_of(unit: Unit, user: User) -> frozenset[str]:
    """The roles that a person has today, those of modules that are not in the house included."""
    return frozenset(
        unit.db.scalars(select(Grant.role).where(Grant.user_id == user.id, counts_on(unit.today())))
    )


def grants_of(unit: Unit, user: User) -> Sequence[GrantFacts]:
    """What a person was given, by role, also what has ended."""
    today = unit.today()
    rows = unit.db.scalars(select(Grant).where(Grant.user_id == user.id).order_by(Grant.role))
    return [
        GrantFacts(
            row.role,
            row.source,
            row.granted_by,
            row.granted_at,
            row.ends_on,
            row.ends_on is None or row.ends_on >= today,
        )
        for row in rows
    ]


def rights_of(unit: Unit, user: User) -> frozenset[str]:
    """The permissions that the roles of an employee hold today."""
    held = roles_of(unit, user)
    found = {
        name
        for card in unit.house.cards
        for role in card.roles
        if role.name in held
        for name in role.permissions
    }
    composed = unit.db.scalars(
        select(Role.permissions).where(Role.name.in_(held), Role.archived_at.is_(None))
    )
    return frozenset(found.union(*(permissions.split() for permissions in composed)))


def administrators(unit: Unit, limit: int = 5) -> Sequence[str]:
    """Names of the people who can grant roles."""
    found = select(User.name).join(Grant, Grant.user_id == User.id)
    found = found.where(Grant.role == ADMINISTRATOR, counts_on(unit.today()), User.active.is_(True))
    return list(unit.db.scalars(found.order_by(User.name, User.id).limit(limit)))


def keep_an_administrator(unit: Unit, user: User) -> None:
    """Refuse unless somebody else who can sign in administers people, without an end.

    Locks the grants of the role first, so that two administrators cannot remove each other at the same moment.
    """
    role = Grant.role == ADMINISTRATOR
    holders = set(unit.db.scalars(select(Grant.user_id).where(role).order_by(Grant.id).with_for_update()))
    if user.id not in holders:
        return
    others = select(User.id).join(Grant, Grant.user_id == User.id)
    others = others.where(
        role,
        Grant.ends_on.is_(None),
        User.active.is_(True),
        User.password_hash.is_not(None),
        User.id != user.id,
    )
    if unit.db.scalar(others.limit(1)) is None:
        raise Refused(_("This is the last administrator of people. Make somebody else one first."))


def _is_known(unit: Unit, role: str) -> bool:
    if role.startswith(CUSTOM):
        live = select(Role.id).where(Role.name == role, Role.archived_at.is_(None))
        return unit.db.scalar(live) is not None
    return role in {known.name for card in unit.house.cards for known in card.roles}


def _check_end(unit: Unit, until: date | None) -> None:
    if until is not None and until < unit.today():
        passed: Text = _("This day has passed.")
        raise Invalid({"until": passed})


def _update(unit: Unit, user: User, role: str, values: Mapping[str, object]) -> None:
    unit.db.execute(
        update(Grant)
        .where(Grant.user_id == user.id, Grant.role == role)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
