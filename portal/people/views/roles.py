"""/admin/roles: roles that administrators compose from the permissions of any modules."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from pyramid.httpexceptions import HTTPForbidden, HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from portal.kernel.i18n import Text, _
from portal.people import roles
from portal.people.forms import ComposedForm, NewRoleForm
from portal.people.permissions import ADMINISTER
from portal.people.resources import RoleNode, RolesPage
from portal.proposals.panels import about
from portal.web.request import Request

TEMPLATES = "portal:people/templates"


@dataclass(frozen=True, slots=True)
class Box:
    """A permission to tick; a powerful one is marked, and `locked` where the person lacks it themselves."""

    name: str
    title: Text
    powerful: bool
    locked: bool


@dataclass(frozen=True, slots=True)
class Boxes:
    """The permissions of one module."""

    title: Text
    boxes: list[Box]


@view_config(
    context=RolesPage, permission=ADMINISTER, request_method="GET", renderer=f"{TEMPLATES}/roles.jinja2"
)
def role_list(context: RolesPage, request: Request) -> dict[str, Any]:
    """All composed roles."""
    return {
        "roles": roles.roles(request.unit),
        "counts": roles.counts(request.unit),
        "base": request.resource_path(context),
    }


@view_config(
    context=RolesPage,
    name="new",
    permission=ADMINISTER,
    request_method=("GET", "POST"),
    renderer=f"{TEMPLATES}/role.jinja2",
    fresh="POST",
)
def compose(context: RolesPage, request: Request) -> Any:
    """Compose a new role."""
    form = NewRoleForm(request)
    own = _own(request)
    if request.submitted:
        form.check()
        role = roles.compose(request.unit, form.slug.data, form.title.data, form.permissions.data, own=own)
        request.flash(_("The role ${title} is saved.", mapping={"title": role.title}))
        return HTTPSeeOther(location=request.resource_path(context, role.public_id, ""))
    return {
        "form": form,
        "role": None,
        "groups": _groups(request, own, ()),
        "holders": [],
        "back": request.resource_path(context),
    }


@view_config(
    context=RoleNode,
    permission=ADMINISTER,
    request_method=("GET", "POST"),
    renderer=f"{TEMPLATES}/role.jinja2",
    fresh="POST",
)
def change(context: RoleNode, request: Request) -> Any:
    """What a role allows, who has it, and a form to change it."""
    role, own = context.role, _own(request)
    kept = role.allowed & roles.grantable(request.house)
    data = {"title": role.title, "permissions": sorted(kept), "version": str(role.version)}
    form = ComposedForm(request, data)
    if request.submitted:
        form.check()
        roles.change(
            request.unit,
            role,
            form.title.data,
            form.permissions.data,
            version=int(form.version.data or 0),
            own=own,
        )
        return _saved(context, request)
    return {
        "form": form,
        "role": role,
        "four_eyes": about(request, roles.ROLE_KIND, role.public_id),
        "groups": _groups(request, own, role.allowed),
        "holders": roles.holders(request.unit, role.name),
        "absent": sorted(role.allowed - kept),
        "back": request.resource_path(context.__parent__),
    }


@view_config(
    context=RoleNode, name="archive", permission=ADMINISTER, request_method="POST", show="", fresh=True
)
def archive(context: RoleNode, request: Request) -> Response:
    """Let the role allow nothing any more."""
    roles.archive(request.unit, context.role)
    return _saved(context, request)


def _saved(context: RoleNode, request: Request) -> Response:
    request.flash(_("The role ${title} is saved.", mapping={"title": context.role.title}))
    return HTTPSeeOther(location=request.resource_path(context))


def _own(request: Request) -> frozenset[str]:
    if request.identified is None:
        raise HTTPForbidden
    return roles.held(request.house, request.identified)


def _groups(request: Request, own: Collection[str], before: Collection[str]) -> list[Boxes]:
    """The permissions that a role can hold, by module."""
    found: list[Boxes] = []
    for card in request.house.cards:
        boxes = [
            Box(
                permission.name,
                permission.title,
                roles.is_powerful(permission.name),
                roles.is_powerful(permission.name)
                and permission.name not in own
                and permission.name not in before,
            )
            for permission in card.permissions
            if permission.name in card.grantable
        ]
        if boxes:
            found.append(Boxes(card.title, boxes))
    return found
