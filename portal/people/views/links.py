"""Links that come by mail: a forgotten password, an invitation."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.view import view_config

from portal.kernel.i18n import _
from portal.kernel.tree import Root
from portal.people import devices, services
from portal.people.forms import ForgottenForm, InvitationForm, ResetForm
from portal.people.services import Kind
from portal.people.views.sign_in import begin_session, chosen_realm, visitor_of_form
from portal.web.request import Request


@view_config(
    context=Root,
    name="forgotten",
    permission=NO_PERMISSION_REQUIRED,
    open_to_all=_("Asks for a link by mail."),
    request_method=("GET", "POST"),
    renderer="portal:people/templates/forgotten.jinja2",
    operation=False,
)
def forgotten(context: Root, request: Request) -> Any:
    """Ask for a link. The answer is the same whether the e-mail is known or not."""
    form = ForgottenForm(request, {"realm": chosen_realm(request, "/").value})
    if request.submitted:
        form.check()
        services.request_reset(request.unit, visitor_of_form(request, form))
        return HTTPSeeOther(location=f"/forgotten?realm={form.realm.data}&asked=1")
    return {"form": form, "asked": "asked" in request.GET, "back": f"/sign-in?realm={form.realm.data}"}


@view_config(
    context=Root,
    name="reset",
    permission=NO_PERMISSION_REQUIRED,
    open_to_all=_("Opened by the one-time link of a mail."),
    request_method=("GET", "POST"),
    renderer="portal:people/templates/reset.jinja2",
    subpath=True,
)
def reset(context: Root, request: Request) -> Any:
    """Looking at the link spends nothing (mail scanners do that); sending the form does."""
    token = token_of(request)
    if request.submitted:
        form = ResetForm(request)
        form.check()
        user = services.spend_token(request.unit, Kind.RESET, token)
        services.set_password(request.unit, user, form.password.data)
        request.flash(_("Your password has been changed. Please sign in."))
        response = HTTPSeeOther(location=f"/sign-in?realm={user.realm}")
        devices.remember(request, response, user)
        return response
    user = services.find_token(request.unit, Kind.RESET, token)
    if user is None:
        return dead(request)
    return {"form": ResetForm(request), "user": user}


@view_config(
    context=Root,
    name="invitation",
    permission=NO_PERMISSION_REQUIRED,
    open_to_all=_("Opened by the one-time link of a mail."),
    request_method=("GET", "POST"),
    renderer="portal:people/templates/invitation.jinja2",
    subpath=True,
)
def invitation(context: Root, request: Request) -> Any:
    """Choose a name and a password; whoever holds the link is then signed in."""
    token = token_of(request)
    if request.submitted:
        form = InvitationForm(request)
        form.check()
        user = services.spend_token(request.unit, Kind.INVITATION, token)
        services.change_profile(request.unit, user, form.name.data, user.language)
        services.set_password(request.unit, user, form.password.data)
        return begin_session(request, user, "/", first=True)
    user = services.find_token(request.unit, Kind.INVITATION, token)
    if user is None:
        return dead(request)
    return {"form": InvitationForm(request, {"name": user.name}), "user": user}


def token_of(request: Request) -> str:
    """What stands in the link behind the name of its page."""
    if len(request.subpath) != 1:
        raise HTTPNotFound
    return request.subpath[0]


def dead(request: Request) -> dict[str, Any]:
    """A link that was used, is too old, or never was: gone, in the same words."""
    request.response.status_int = 410
    return {"form": None, "user": None}
