"""Changing one's e-mail: asked for at /account/email, confirmed by a link to the new address."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPForbidden, HTTPSeeOther
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.view import view_config

from portal.kernel.i18n import _
from portal.kernel.people import Realm
from portal.kernel.tree import Root
from portal.people import devices, services
from portal.people.forms import EmailForm
from portal.people.permissions import PROFILE
from portal.people.resources import ProfileRoot
from portal.people.services.email_change import confirm_email, request_email
from portal.people.services.tokens import new_email
from portal.people.views.links import dead, token_of
from portal.web.request import Request


@view_config(
    context=ProfileRoot,
    name="email",
    permission=PROFILE,
    request_method=("GET", "POST"),
    renderer="portal:people/templates/email.jinja2",
    fresh=True,
)
def email(context: ProfileRoot, request: Request) -> Any:
    """Ask for another e-mail; it counts once the link that goes there was confirmed."""
    if request.identified is None:
        raise HTTPForbidden
    form = EmailForm(request)
    if request.submitted:
        form.check()
        user = services.user_by_id(request.unit, request.identified.user_id)
        request_email(request.unit, user, form.email.data)
        request.flash(
            _("A mail with a link is on its way to the new address. Your e-mail changes once you confirm it.")
        )
        return HTTPSeeOther(location="/account/")
    return {"form": form, "present": request.identified.email}


@view_config(
    context=Root,
    name="confirm-email",
    permission=NO_PERMISSION_REQUIRED,
    open_to_all=_("Opened by the one-time link of a mail."),
    request_method=("GET", "POST"),
    renderer="portal:people/templates/email_confirm.jinja2",
    subpath=True,
    operation=False,
)
def confirm(context: Root, request: Request) -> Any:
    """Looking at the link changes nothing (mail scanners do that); its button does."""
    token = token_of(request)
    if request.submitted:
        user, before = confirm_email(request.unit, token)
        identity, realm = request.identified, Realm(user.realm)
        request.flash(_("Your e-mail is now ${email}.", mapping={"email": user.email}))
        response = HTTPSeeOther(location="/account/" if identity else f"/sign-in?realm={user.realm}")
        if devices.is_known(request, realm, before):
            devices.remember(request, response, user)
        return response
    found = new_email(request.unit, token)
    if found is None:
        return dead(request) | {"email": None}
    return {"email": found}
