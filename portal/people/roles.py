"""Roles that administrators compose from the permissions of any modules.

What a role allows is read with the person, in the one statement of `portal.people.identity`: an edited role counts at
the very next request of everybody who has it, on every server.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, Text, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.composition import House
from portal.kernel.db import Base, Id, PublicId
from portal.kernel.errors import Conflict, Invalid, Refused
from portal.kernel.four_eyes import Reference
from portal.kernel.i18n import _
from portal.kernel.people import CUSTOM, Identity
from portal.kernel.unit import Unit
from portal.kernel.walls import STAFF
from portal.people.events import RoleArchived, RoleChanged, RoleComposed
from portal.people.models import Grant, User
from portal.people.permissions import GRANT_ACT
from portal.proposals.intents import Intent, demand

#: How composed roles are referred to from proposals.
ROLE_KIND = "people.role"
_LONGEST_SLUG = 40
_LONGEST_TITLE = 100
_SLUG = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
#: The packages whose permissions give power over people or over the portal itself.
POWERFUL = ("people.", "ops.")


class Role(Base):
    """A composed role, named `custom.<slug>`; `permissions` are words separated by spaces, in alphabetical order.

    An archived role allows nothing and is granted to nobody anew. `version` rises with every change.
    """

    __tablename__ = "people_role"
    __wall__ = STAFF

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    name: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[str] = mapped_column(String(_LONGEST_TITLE))
    permissions: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    changed_by: Mapped[str] = mapped_column(String(200))
    changed_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]

    @property
    def allowed(self) -> frozenset[str]:
        """The permissions as a set."""
        return frozenset(self.permissions.split())


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who has a role."""

    name: str
    email: str
    public_id: str


def is_powerful(permission: str) -> bool:
    """Whether a permission gives power over people or the portal itself."""
    return permission.startswith(POWERFUL)


def grantable(house: House) -> frozenset[str]:
    """The permissions that a composed role can hold: those that the roles of modules hold."""
    return frozenset(name for card in house.cards for name in card.grantable)


def held(house: House, identity: Identity) -> frozenset[str]:
    """The permissions that the roles of the person behind a request hold."""
    declared = (
        name
        for card in house.cards
        for role in card.roles
        if role.name in identity.roles
        for name in role.permissions
    )
    return frozenset(declared).union(*(role.permissions for role in identity.custom))


def roles(unit: Unit) -> Sequence[Role]:
    """All composed roles by title, archived ones last."""
    return unit.db.scalars(select(Role).order_by(Role.archived_at.is_not(None), Role.title, Role.id)).all()


def live_roles(unit: Unit) -> Sequence[Role]:
    """The composed roles that can be granted, by title."""
    return unit.db.scalars(select(Role).where(Role.archived_at.is_(None)).order_by(Role.title, Role.id)).all()


def find_role(unit: Unit, public_id: str) -> Role | None:
    """The role with that public id."""
    return unit.db.scalar(select(Role).where(Role.public_id == public_id))


def is_live(unit: Unit, name: str) -> bool:
    """Whether a composed role of that name can be granted."""
    return unit.db.scalar(select(Role.id).where(Role.name == name, Role.archived_at.is_(None))) is not None


def holders(unit: Unit, role: str, limit: int = 100) -> Sequence[Holder]:
    """The people who have a role today, by name."""
    found = (
        select(User.name, User.email, User.public_id)
        .join(Grant, Grant.user_id == User.id)
        .where(Grant.role == role, or_(Grant.ends_on.is_(None), Grant.ends_on >= unit.today()))
        .order_by(User.name, User.id)
        .limit(limit)
    )
    return [Holder(*row) for row in unit.db.execute(found)]


def counts(unit: Unit) -> dict[str, int]:
    """How many people have each composed role today."""
    found = (
        select(Grant.role, func.count().label("number"))
        .where(
            Grant.role.startswith(CUSTOM, autoescape=True),
            or_(Grant.ends_on.is_(None), Grant.ends_on >= unit.today()),
        )
        .group_by(Grant.role)
    )
    return {row.role: row.number for row in unit.db.execute(found)}


def compose(unit: Unit, slug: str, title: str, permissions: Collection[str], *, own: Collection[str]) -> Role:
    """Make a new role. `own` are the powerful permissions of whoever composes it: nobody gives away what they lack.

    Raises Invalid for a name that is malformed or was ever used, an empty title, no or unknown permissions.
    """
    name = f"{CUSTOM}{slug}"
    if not _SLUG.fullmatch(slug) or len(slug) > _LONGEST_SLUG:
        raise Invalid(
            {"slug": _("Use small letters, digits and single underscores, beginning with a letter.")}
        )
    if unit.db.scalar(select(Role.id).where(Role.name == name)) is not None:
        raise Invalid({"slug": _("There is or was a role of this name.")})
    role = Role(
        name=name,
        title=_checked_title(title),
        permissions=_written(unit, permissions, (), own),
        version=1,
        changed_by=unit.actor.name,
        changed_at=unit.now(),
    )
    unit.db.add(role)
    unit.db.flush()
    unit.publish(RoleComposed(role.name, role.title, tuple(sorted(role.allowed))))
    return role


def change(
    unit: Unit, role: Role, title: str, permissions: Collection[str], *, version: int, own: Collection[str]
) -> None:
    """Change what a role is called and allows, from the next request of everybody who has it.

    Raises like `compose`, Refused for an archived role, Conflict where it was changed since `version`, and NeedsSecond for
    further rights where one person alone grants none.
    """
    _live(role)
    if role.version != version:
        raise Conflict(_("Somebody else has changed this role meanwhile. This is how it stands now."))
    before = role.allowed
    kept_of_absent = before - grantable(unit.house)
    checked, wanted = _checked_title(title), _written(unit, {*permissions, *kept_of_absent}, before, own)
    if not set(wanted.split()) <= before:
        demand(unit, GRANT_ACT, None, lambda: _intent(role, checked, permissions))
    role.title, role.permissions = checked, wanted
    _touched(unit, role)
    unit.publish(RoleChanged(role.name, role.title, tuple(sorted(before)), tuple(sorted(role.allowed))))


def _intent(role: Role, title: str, permissions: Collection[str]) -> Intent:
    return Intent(
        arguments={"role": role.public_id, "title": title, "permissions": sorted(permissions)},
        title=f"{title} ({role.name})",
        seen=str(role.version),
        about=Reference(ROLE_KIND, role.public_id),
    )


def archive(unit: Unit, role: Role) -> None:
    """Let a role allow nothing any more; who had it is still known. Doing it twice does no harm."""
    if role.archived_at is not None:
        return
    role.archived_at = unit.now()
    _touched(unit, role)
    unit.publish(RoleArchived(role.name))


def _touched(unit: Unit, role: Role) -> None:
    role.version += 1
    role.changed_by, role.changed_at = unit.actor.name, unit.now()
    unit.db.flush()


def _live(role: Role) -> None:
    if role.archived_at is not None:
        raise Refused(_("This role is archived."))


def _checked_title(title: str) -> str:
    title = " ".join(title.split())
    if not title or len(title) > _LONGEST_TITLE or not title.isprintable():
        raise Invalid(
            {"title": _("Enter a title of at most ${longest} characters.", mapping={"longest": 100})}
        )
    return title


def _written(unit: Unit, wanted: Iterable[str], before: Collection[str], own: Collection[str]) -> str:
    """The permissions as they are stored. What a role allowed before stays, be its module absent or its power another's."""
    asked, known = set(wanted), grantable(unit.house)
    if not asked:
        raise Invalid({"permissions": _("Choose at least one permission.")})
    if not asked <= known | set(before):
        raise Invalid({"permissions": _("This is not one of the choices.")})
    lacking = sorted(name for name in asked - set(before) - set(own) if is_powerful(name))
    if lacking:
        names = ", ".join(lacking)
        text = _(
            "Nobody can give a right over people or the portal that they lack: ${names}.",
            mapping={"names": names},
        )
        raise Invalid({"permissions": text})
    return " ".join(sorted(asked))
