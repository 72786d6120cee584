"""Rights under four eyes: what granting is shown as, and how the second administrator does it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from portal.kernel.composition import House
from portal.kernel.four_eyes import Allowed, Description, Reference
from portal.kernel.i18n import Text, _
from portal.kernel.money import Money
from portal.kernel.unit import Unit
from portal.people import roles
from portal.people.models import User
from portal.people.roles import Role
from portal.people.services import grants, users

Arguments = Mapping[str, Any]
Lines = list[tuple[Text, Text | date | Money]]


def describe(unit: Unit, arguments: Arguments) -> Description:
    """Who gets what, or which role allows more."""
    return _describe_role(unit, arguments) if "role" in arguments else _describe_grant(unit, arguments)


def seen(unit: Unit, arguments: Arguments) -> str | None:
    """The roles that the person has; of a composed role its version."""
    if "role" in arguments:
        role = roles.find_role(unit, arguments["role"])
        return None if role is None or role.archived_at is not None else str(role.version)
    user = users.user_by_public_id(unit, arguments["user"])
    return None if user is None else grants.seen_of(unit, user)


def perform(unit: Unit, arguments: Arguments, allowed: Allowed) -> Reference:
    """Grant, prolong, or change the composed role, as the second administrator."""
    if "role" in arguments:
        role = _role(unit, arguments)
        own = _powerful(unit.house, allowed)
        given = arguments["permissions"]
        roles.change(unit, role, arguments["title"], given, version=role.version, own=own)
        return Reference(roles.ROLE_KIND, role.public_id)
    user, until = _user(unit, arguments), _until(arguments)
    if "prolong" in arguments:
        grants.limit(unit, user, arguments["prolong"], until)
    else:
        grants.set_roles(unit, user, arguments["grant"], arguments["revoke"], until)
    return Reference(grants.USER_KIND, user.public_id)


def _describe_grant(unit: Unit, arguments: Arguments) -> Description:
    user, until = _user(unit, arguments), _until(arguments)
    given = [arguments["prolong"]] if "prolong" in arguments else arguments["grant"]
    lines: Lines = [
        (_("Person"), f"{user.name} <{user.email}>"),
        (_("Roles they have"), _named(unit, grants.roles_of(unit, user))),
        (_("Roles to grant"), _named(unit, given)),
        (_("Roles to take away"), _named(unit, arguments.get("revoke", ()))),
        (_("Last day"), until or _("No end")),
    ]
    return Description(_("Grant roles"), tuple(lines))


def _describe_role(unit: Unit, arguments: Arguments) -> Description:
    role = _role(unit, arguments)
    wanted = set(arguments["permissions"])
    people = ", ".join(one.name for one in roles.holders(unit, role.name))
    lines: Lines = [
        (_("Role"), f"{role.title} ({role.name})"),
        (_("Title"), arguments["title"]),
        (_("Rights to add"), ", ".join(sorted(wanted - role.allowed))),
        (_("Rights to take away"), ", ".join(sorted(role.allowed - wanted))),
        (_("Who has it"), people),
    ]
    return Description(_("Add rights to a role"), tuple(lines))


def _named(unit: Unit, names: Iterable[str]) -> str:
    """Roles by title and name; of composed ones what they allow, which the name does not tell."""
    known = {role.name: f"{role.title} ({role.name})" for card in unit.house.cards for role in card.roles}
    known |= {role.name: f"{role.title} ({role.name}: {role.permissions})" for role in roles.live_roles(unit)}
    return ", ".join(known.get(name, name) for name in sorted(names))


def _powerful(house: House, allowed: Allowed) -> frozenset[str]:
    """The rights over people and the portal that whoever agrees has: nobody gives away what they lack."""
    return frozenset(
        permission.name
        for card in house.cards
        for permission in card.permissions
        if roles.is_powerful(permission.name) and allowed(card.name, permission.name)
    )


def _until(arguments: Arguments) -> date | None:
    return None if arguments["until"] is None else date.fromisoformat(arguments["until"])


def _user(unit: Unit, arguments: Arguments) -> User:
    found = users.user_by_public_id(unit, arguments["user"])
    if found is None:
        raise LookupError("the person is gone")
    return found


def _role(unit: Unit, arguments: Arguments) -> Role:
    found = roles.find_role(unit, arguments["role"])
    if found is None:
        raise LookupError("the role is gone")
    return found
