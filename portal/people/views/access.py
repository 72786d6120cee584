"""/admin/access: who may do what, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyramid.view import view_config
from sqlalchemy import literal, or_, select

from portal.kernel.errors import Invalid
from portal.kernel.i18n import Text, _
from portal.kernel.people import Factor, Method
from portal.kernel.unit import Unit
from portal.people import access, roles
from portal.people.access import Circumstances
from portal.people.models import AccountMembership, Grant, User
from portal.people.permissions import ADMINISTER, EXPLAIN
from portal.people.resources import AccessPage
from portal.people.services.grants import counts_on
from portal.people.services.users import matching
from portal.web.lists import ChoiceFilter, Column, Listing
from portal.web.request import Request

TEMPLATES = "portal:people/templates"
_METHODS = ("GET", "POST")
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Grid:
    """One module: its permissions by the roles that hold some of them."""

    title: Text
    roles: list[tuple[str, Text]]
    rows: list[tuple[str, Text, list[bool]]]


@view_config(
    context=AccessPage, permission=EXPLAIN, request_method="GET", renderer=f"{TEMPLATES}/access.jinja2"
)
def explain(context: AccessPage, request: Request) -> dict[str, Any]:
    """Choose a person and an address, or something to do: allowed or not, and by what."""
    asked = {name: value.strip()[:_LONGEST] for name, value in request.GET.items()}
    people = matching(request.unit, asked.get("person", "")[:200])
    person = people[0] if len(people) == 1 else None
    how = None if person is None else _circumstances(request.unit, person, asked)
    found: list[access.Explanation] = []
    if person is not None and how is not None:
        if asked.get("permission"):
            _known(request, asked["permission"])
            found = access.explain_permission(request, person, how, asked["permission"])
        elif asked.get("address"):
            path, method = _path(asked["address"]), asked.get("act") or "GET"
            if method not in _METHODS:
                raise _unreadable("act")
            found = [access.explain_address(request, person, how, path, method)]
    return {
        "tabs": _tabs(context, request, ""),
        "asked": asked,
        "people": people,
        "person": person,
        "how": how,
        "age": None if how is None else int((request.unit.now() - how.verified_at).total_seconds() // 60),
        "explanations": found,
        "permissions": access.titles(request.house),
        "ways": [method.value for method in Method],
        "factors": [factor.value for factor in Factor],
        "base": request.resource_path(context),
    }


@view_config(
    context=AccessPage,
    name="matrix",
    permission=EXPLAIN,
    request_method="GET",
    renderer=f"{TEMPLATES}/access_matrix.jinja2",
)
def matrix(context: AccessPage, request: Request) -> dict[str, Any]:
    """Which role holds which permission, by module; composed roles too."""
    composed = [(role.name, role.title, role.allowed) for role in roles.live_roles(request.unit)]
    grids: list[Grid] = []
    for card in request.house.cards:
        declared = [(role.name, role.title, frozenset(role.permissions)) for role in card.roles]
        columns = [*declared, *(one for one in composed if one[2] & card.grantable)]
        rows = [
            (permission.name, permission.title, [permission.name in held for _name, _title, held in columns])
            for permission in card.permissions
            if permission.name in card.grantable
        ]
        if rows:
            grids.append(Grid(card.title, [(name, title) for name, title, _held in columns], rows))
    return {"tabs": _tabs(context, request, "matrix"), "grids": grids}


@view_config(
    context=AccessPage,
    name="who",
    permission=EXPLAIN,
    request_method="GET",
    renderer=f"{TEMPLATES}/access_who.jinja2",
)
def who(context: AccessPage, request: Request) -> dict[str, Any]:
    """Everybody who has the right to something, by which role and until when."""
    permission = request.GET.get("permission", "")
    page = None
    if permission:
        _known(request, permission)
        links = None if request.permits(ADMINISTER) else {"name": None}
        page = _holders(request.unit, permission).page(
            request.db, request.GET, [User.active.is_(True)], base="/admin/users/", bases=links
        )
    return {
        "tabs": _tabs(context, request, "who"),
        "permissions": access.titles(request.house),
        "permission": permission,
        "roles": access.roles_with(request.unit, permission),
        "page": page,
    }


@view_config(
    context=AccessPage,
    name="what",
    permission=EXPLAIN,
    request_method="GET",
    renderer=f"{TEMPLATES}/access_what.jinja2",
)
def what(context: AccessPage, request: Request) -> dict[str, Any]:
    """All that somebody may do, by which role; of customers by account and scope."""
    wanted = request.GET.get("person", "").strip()[:200]
    people = matching(request.unit, wanted)
    person = people[0] if len(people) == 1 else None
    return {
        "tabs": _tabs(context, request, "what"),
        "wanted": wanted,
        "people": people,
        "person": person,
        "rights": [] if person is None else access.rights(request.unit, person),
        "base": request.resource_path(context),
    }


def _holders(unit: Unit, permission: str) -> Listing:
    """The people of roles that hold a permission; of one that only customers have, those of its scopes."""
    held = ChoiceFilter(
        "permission", _("Permission"), {permission: permission}, lambda _value: User.active.is_(True)
    )
    shared = (
        Column("name", _("Name"), User.name, "link", sort=True, to="public_id"),
        Column("public_id", "", User.public_id, hidden=True),
        Column("email", _("E-mail"), User.email),
    )
    names = access.roles_with(unit, permission)
    if names or not access.scopes_with(unit.house, permission):
        return Listing(
            base=select(Grant.id)
            .join(User, User.id == Grant.user_id)
            .where(Grant.role.in_(names), counts_on(unit.today())),
            id=Grant.id,
            columns=(
                *shared,
                Column("role", _("Role"), Grant.role),
                Column("until", _("Last day"), Grant.ends_on, "date"),
            ),
            default="name",
            name="access",
            filters=(held,),
        )
    words = literal(" ") + AccountMembership.scopes + literal(" ")
    given = [
        words.contains(f" {scope} ", autoescape=True) for scope in access.scopes_with(unit.house, permission)
    ]
    return Listing(
        base=select(AccountMembership.id).join(User, User.id == AccountMembership.user_id).where(or_(*given)),
        id=AccountMembership.id,
        columns=(
            *shared,
            Column("account", _("Account"), AccountMembership.name),
            Column("scopes", _("Scopes"), AccountMembership.scopes),
        ),
        default="name",
        name="access",
        filters=(held,),
    )


def _circumstances(unit: Unit, person: User, asked: Mapping[str, str]) -> Circumstances:
    """Those of the latest session, but for what was chosen."""
    usual = access.usual(unit, person)
    if "method" not in asked:
        return usual
    try:
        method = Method(asked["method"])
        factors = frozenset([Factor(asked["factor"])] if asked.get("factor") else [])
        age = int(asked.get("age") or 0)
    except ValueError:
        raise _unreadable("method") from None
    if not 0 <= age <= 1_000_000:
        raise _unreadable("age")
    return Circumstances(method, factors, access.ago(unit, age), asked.get("from", ""))


def _path(address: str) -> str:
    """The path of an address of this portal, which may have been copied whole."""
    path = address.split("://", 1)[-1]
    path = path[path.find("/") :] if "://" in address and "/" in path else path
    if not path.startswith("/") or not path.isprintable() or not path.isascii():
        raise _unreadable("address")
    return path


def _known(request: Request, permission: str) -> None:
    if permission not in access.titles(request.house):
        raise _unreadable("permission")


def _unreadable(parameter: str) -> Invalid:
    return Invalid({parameter: _("“${parameter}” has no such value.", mapping={"parameter": parameter})})


def _tabs(context: AccessPage, request: Request, here: str) -> list[tuple[Text, str, bool]]:
    base = request.resource_path(context)
    named = {
        "": _("Explain"),
        "matrix": _("Roles and permissions"),
        "who": _("Who may do it?"),
        "what": _("What may they do?"),
    }
    return [(title, base + name, name == here) for name, title in named.items()]
