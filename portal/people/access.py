"""Explaining: whether somebody may do something, and why, decided by the very function that decides every page.

The person's request is imagined, not made: their roles and accounts are read as they stand, how they would have signed in
is chosen, the address is traversed for them, and `portal.kernel.security.decide` answers. Nothing is shown of what stands
at the address.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from pyramid.httpexceptions import HTTPException, HTTPForbidden
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.traversal import ResourceTreeTraverser
from sqlalchemy import select

from portal.kernel.card import Card
from portal.kernel.composition import House, customer_root, staff_root
from portal.kernel.errors import Denied
from portal.kernel.i18n import Text
from portal.kernel.people import CUSTOM, CustomRole, Factor, Identity, Method, Realm
from portal.kernel.security import Rule, Ruling, decide
from portal.kernel.settings import origins
from portal.kernel.tree import Node, Root
from portal.kernel.unit import Unit
from portal.people import services
from portal.people.models import Grant, User, UserSession
from portal.people.roles import Role, live_roles
from portal.people.services.grants import counts_on
from portal.web.request import Request
from portal.web.slots import ADMIN_PAGES


@dataclass(frozen=True, slots=True)
class Circumstances:
    """How somebody would have signed in, when they last proved who they are, and where they are."""

    method: Method
    factors: frozenset[Factor]
    verified_at: datetime
    address: str


@dataclass(frozen=True, slots=True)
class Demanded:
    """A setting that decided: its key, the text of its value, and where it stands."""

    key: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What was decided at a place, by what; `ruling` is None where there is nothing to decide."""

    place: str
    permission: str | None
    ruling: Ruling | None
    node: str = ""
    kind: str = ""
    principal: str = ""
    setting: Demanded | None = None

    @property
    def is_allowed(self) -> bool:
        """Whether the person may."""
        return self.ruling is not None and self.ruling.is_allowed


@dataclass(frozen=True, slots=True)
class Right:
    """A permission that somebody has, by which role or scope, until when, and in which account."""

    permission: str
    title: Text
    by: str
    until: date | None = None
    account: str = ""


# --- people --------------------------------------------------------------------------------------------------


def usual(unit: Unit, person: User) -> Circumstances:
    """As in the latest session of the person; else as by password, this moment, from nowhere."""
    latest = unit.db.scalars(
        select(UserSession).where(UserSession.user_id == person.id).order_by(UserSession.id.desc()).limit(1)
    ).first()
    if latest is None:
        return Circumstances(Method.PASSWORD, frozenset(), unit.now(), "")
    factors = frozenset(Factor(word) for word in latest.factors.split())
    return Circumstances(Method(latest.method), factors, latest.verified_at, latest.address)


def identity_of(unit: Unit, person: User, how: Circumstances) -> Identity:
    """The person as a request of theirs would know them."""
    held = services.roles_of(unit, person)
    composed = unit.db.scalars(select(Role).where(Role.name.in_(held), Role.archived_at.is_(None))).all()
    custom = tuple(CustomRole(role.name, role.allowed) for role in composed)
    live = {role.name for role in custom}
    return Identity(
        user_id=person.id,
        realm=Realm(person.realm),
        email=person.email,
        name=person.name,
        language=person.language,
        roles=frozenset(role for role in held if role in live or not role.startswith(CUSTOM)),
        memberships=tuple(services.memberships_of(unit, person)),
        method=how.method,
        signed_in_at=how.verified_at,
        session_id=0,
        verified_at=how.verified_at,
        factors=how.factors,
        custom=custom,
    )


def imagine(request: Request, identity: Identity, path: str, method: str, address: str) -> Request:
    """A request of that person. It reads through the session of the request that asks, and is never answered."""
    imagined = type(request).blank(path, method=method)
    imagined.environ["REMOTE_ADDR"] = address
    imagined.registry = request.registry
    imagined.__dict__.update(
        house=request.house, db=request.db, tm=request.tm, identified=identity, localizer=request.localizer
    )
    imagined.root = Root(imagined)
    return imagined


# --- deciding ------------------------------------------------------------------------------------------------


def explain_address(
    request: Request, person: User, how: Circumstances, path: str, method: str
) -> Explanation:
    """Whether the person may have the page, or do the act, at an address."""
    imagined = imagine(request, identity_of(request.unit, person, how), path, method, how.address)
    if not person.active:
        return Explanation(path, None, None)
    try:
        found = ResourceTreeTraverser(imagined.root)(imagined)
    except HTTPForbidden as forbidden:
        denied = forbidden.result if isinstance(forbidden.result, Denied) else None
        ruling = None if denied is None else Ruling(denied, Rule.REALM)
        return Explanation(path, None, ruling)
    except HTTPException:
        return Explanation(path, None, None)
    permission = _permission(request, found["context"], found["view_name"], method)
    if permission is None:
        return Explanation(path, None, None)
    return _explained(imagined, path, found["context"], permission)


def explain_permission(
    request: Request, person: User, how: Circumstances, permission: str
) -> list[Explanation]:
    """Whether the person may do something, at each place where the module of the permission stands for them."""
    if not person.active:
        return [Explanation(permission, permission, None)]
    identity = identity_of(request.unit, person, how)
    imagined = imagine(request, identity, "/", "GET", how.address)
    places = list(_places(imagined, identity, permission))
    return [_explained(imagined, request.resource_path(place), place, permission) for place in places] or [
        Explanation(permission, permission, None)
    ]


def _places(imagined: Request, identity: Identity, permission: str) -> Iterator[Node]:
    module = module_of(imagined.house, permission)
    if identity.realm is Realm.CUSTOMERS:
        for membership in identity.memberships:
            account: Node = imagined.root["my"][membership.account]
            root = customer_root(imagined, module.name, account)
            yield account if root is None else root
        return
    pages = [offer.call() for offer in imagined.house.offered(ADMIN_PAGES)]
    matching = [page for page in pages if page.permission == permission]
    for page in matching:
        yield imagined.root["admin"][page.segment]
    if not matching:
        root = staff_root(imagined, module.name)
        if root is not None:
            yield root


def module_of(house: House, permission: str) -> Card:
    """The card that declares a permission. KeyError when none does."""
    for card in house.cards:
        if any(known.name == permission for known in card.permissions):
            return card
    raise KeyError(permission)


def _permission(request: Request, context: Any, name: str, method: str) -> str | None:
    """What the view at a place asks for: that of the class nearest to the context; None where there is no view."""
    found: list[tuple[int, str]] = []
    line = type(context).__mro__
    for entry in request.registry.introspector.get_category("views") or ():
        view = entry["introspectable"]
        methods = view["request_methods"]
        answered = (methods,) if isinstance(methods, str) else methods or (method,)
        if view["name"] != name or view["context"] not in line or method not in answered:
            continue
        found.extend(
            (line.index(view["context"]), str(related["value"]))
            for related in entry["related"]
            if related.category_name == "permissions"
        )
    return min(found, default=(0, None))[1]


def _explained(imagined: Request, place: str, context: Any, permission: str) -> Explanation:
    if permission == NO_PERMISSION_REQUIRED:
        return Explanation(place, None, Ruling(None, Rule.ACL))
    imagined.context = context
    ruling = decide(imagined, context, permission)
    node = ruling.node
    return Explanation(
        place,
        permission,
        ruling,
        node="" if node is None else imagined.resource_path(node),
        kind="" if node is None else f"{type(node).__module__}.{type(node).__qualname__}",
        principal="" if ruling.entry is None else str(ruling.entry[1]),
        setting=None if ruling.setting is None else _setting(imagined.house, ruling.setting),
    )


def _setting(house: House, key: str) -> Demanded:
    setting = next(one for one in house.settings if one.key == key)
    places: Mapping[str, str] = {} if house.source is None else origins(house.source)
    given = house.settings.given(setting)
    return Demanded(key, _written(house.settings[setting]), places.get(key, "ini") if given else "default")


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, frozenset | tuple):
        parts: list[Any] = list(value)  # type: ignore[reportUnknownArgumentType] - of any setting
        return " ".join(sorted(str(getattr(part, "value", part)) for part in parts))
    return str(value)


# --- who and what --------------------------------------------------------------------------------------------


def roles_with(unit: Unit, permission: str) -> dict[str, Text]:
    """The roles that hold a permission, declared and composed: name → title."""
    found: dict[str, Text] = {
        role.name: role.title
        for card in unit.house.cards
        for role in card.roles
        if permission in role.permissions
    }
    found.update({role.name: role.title for role in live_roles(unit) if permission in role.allowed})
    return found


def scopes_with(house: House, permission: str) -> list[str]:
    """The scopes of customers' memberships that give a permission."""
    return sorted(
        {scope for card in house.cards for scope, given in card.scopes.items() if permission in given}
    )


def titles(house: House) -> dict[str, Text]:
    """What each permission is called."""
    return {permission.name: permission.title for card in house.cards for permission in card.permissions}


def rights(unit: Unit, person: User) -> Sequence[Right]:
    """All that a person may do by role, or in which account by which scope; before what the ini demands."""
    if not person.active:
        return []
    found = _by_roles(unit, person) if person.is_employee else _by_scopes(unit, person)
    return sorted(found, key=lambda right: (right.account, right.permission, right.by))


def _by_roles(unit: Unit, person: User) -> Iterator[Right]:
    named = titles(unit.house)
    holds = {role.name: frozenset(role.permissions) for card in unit.house.cards for role in card.roles}
    holds.update({role.name: role.allowed for role in live_roles(unit)})
    given = unit.db.execute(
        select(Grant.role, Grant.ends_on).where(Grant.user_id == person.id, counts_on(unit.today()))
    )
    for role, until in given:
        for permission in holds.get(role, ()):
            if permission in named:
                yield Right(permission, named[permission], role, until)


def _by_scopes(unit: Unit, person: User) -> Iterator[Right]:
    named = titles(unit.house)
    for membership in services.memberships_of(unit, person):
        for card in unit.house.cards:
            for scope, permissions in card.scopes.items():
                if scope in membership.scopes:
                    for permission in permissions:
                        yield Right(permission, named[permission], scope, account=membership.name)


def ago(unit: Unit, minutes: int) -> datetime:
    """The moment so many minutes ago."""
    return unit.now() - timedelta(minutes=minutes)
