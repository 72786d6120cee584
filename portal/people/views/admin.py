"""/admin/users: who may use the portal, and what for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from portal.kernel.i18n import Text, _
from portal.kernel.people import Realm
from portal.people import services
from portal.people.forms import EndForm, InviteForm, RolesForm, language_name
from portal.people.lists import USERS
from portal.people.permissions import ADMINISTER, EXPLAIN, VIEW_AS
from portal.people.resources import UserNode, UsersPage
from portal.people.services.grants import USER_KIND
from portal.people.views.api_tokens import listed
from portal.proposals.panels import about
from portal.web.fields import Choice
from portal.web.request import Request


@dataclass(frozen=True, slots=True)
class RoleGroup:
    """The roles of one module."""

    title: Text
    roles: list[Choice]


@view_config(
    context=UsersPage,
    permission=ADMINISTER,
    request_method="GET",
    renderer="portal:people/templates/users.jinja2",
)
def users(context: UsersPage, request: Request) -> dict[str, Any]:
    """Everybody, both realms."""
    return {"page": USERS.page(request.db, request.GET, base=request.resource_path(context))}


@view_config(context=UsersPage, name="csv", permission=ADMINISTER, request_method="GET")
def users_csv(context: UsersPage, request: Request) -> Response:
    """The list as a file."""
    return USERS.csv(request)


@view_config(
    context=UsersPage,
    name="new",
    permission=ADMINISTER,
    request_method=("GET", "POST"),
    renderer="portal:people/templates/user_new.jinja2",
)
def invite(context: UsersPage, request: Request) -> Any:
    """Invite an employee by mail."""
    form = InviteForm(request, {"language": request.company.language})
    if request.submitted:
        form.check()
        user = services.invite(
            request.unit, Realm.EMPLOYEES, form.email.data, form.name.data, form.language.data
        )
        request.flash(_("${name} gets an invitation by mail.", mapping={"name": user.name}))
        return HTTPSeeOther(location=request.resource_path(context, user.public_id, ""))
    return {"form": form, "back": request.resource_path(context)}


@view_config(
    context=UserNode,
    permission=ADMINISTER,
    request_method=("GET", "POST"),
    renderer="portal:people/templates/user.jinja2",
    fresh="POST",
)
def user(context: UserNode, request: Request) -> Any:
    """One person with their roles; saving the roles changes just what was ticked or unticked here."""
    unit, person = request.unit, context.user
    granted = services.roles_of(unit, person)
    form = RolesForm(request, {"roles": granted, "shown": " ".join(sorted(granted))})
    if request.submitted:
        form.check()
        services.set_roles(unit, person, form.roles.data, shown=_shown(form, request), until=form.until.data)
        return _done(context, request, _("The roles of ${name} are saved.", mapping={"name": person.name}))
    return {
        "form": form,
        "end_form": EndForm(request, sorted(granted)),
        "grants": services.grants_of(unit, person),
        "user": person,
        "four_eyes": about(request, USER_KIND, person.public_id),
        "groups": _role_groups(request, form),
        "memberships": services.memberships_of(unit, person),
        "language": language_name(person.language),
        "last_seen": services.last_seen(unit, person),
        "sessions": services.live_sessions(unit, person),
        "here": None if request.identified is None else request.identified.session_id,
        "tokens": listed(request, person),
        "may_explain": request.permits(EXPLAIN),
        "may_view_as": request.permits(VIEW_AS),
        "is_self": person.id == unit.actor.user_id,
        "base": request.resource_path(context),
    }


@view_config(context=UserNode, name="end", permission=ADMINISTER, request_method="POST", show="", fresh=True)
def end(context: UserNode, request: Request) -> Response:
    """Let a role end on a date, or no longer do so."""
    unit, person = request.unit, context.user
    form = EndForm(request, sorted(services.roles_of(unit, person)))
    form.check()
    services.limit(unit, person, form.role.data, form.until.data)
    return _done(context, request, _("The roles of ${name} are saved.", mapping={"name": person.name}))


@view_config(context=UserNode, name="disable", permission=ADMINISTER, request_method="POST", show="")
def disable(context: UserNode, request: Request) -> Response:
    """Shut the person out."""
    services.disable(request.unit, context.user)
    return _done(context, request, _("${name} can no longer sign in.", mapping={"name": context.user.name}))


@view_config(context=UserNode, name="enable", permission=ADMINISTER, request_method="POST", show="")
def enable(context: UserNode, request: Request) -> Response:
    """Let the person in again."""
    services.enable(request.unit, context.user)
    return _done(context, request, _("${name} can sign in again.", mapping={"name": context.user.name}))


@view_config(context=UserNode, name="send-link", permission=ADMINISTER, request_method="POST", show="")
def send_link(context: UserNode, request: Request) -> Response:
    """Send a link for a new password, or the invitation again."""
    services.send_reset(request.unit, context.user)
    return _done(context, request, _("${name} gets a link by mail.", mapping={"name": context.user.name}))


def _done(context: UserNode, request: Request, text: Text) -> Response:
    request.flash(text)
    return HTTPSeeOther(location=request.resource_path(context))


def _shown(form: RolesForm, request: Request) -> set[str]:
    """The roles that the page showed as granted, without those of modules that are not in the house."""
    known = {choice.value for choice in form.roles.options}
    return set(form.shown.data.split()) & known


def _role_groups(request: Request, form: RolesForm) -> list[RoleGroup]:
    groups = [
        RoleGroup(card.title, [Choice(role.name, role.title, role.name) for role in card.roles])
        for card in request.house.cards
        if card.roles
    ]
    return [*groups, RoleGroup(_("Composed roles"), form.composed)] if form.composed else groups
