"""One's own account."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPForbidden, HTTPSeeOther
from pyramid.view import view_config

from portal.kernel.i18n import _
from portal.kernel.people import Identity, Method
from portal.people import devices, services
from portal.people.forms import FirstPasswordForm, PasswordForm, ProfileForm
from portal.people.models import User
from portal.people.permissions import PROFILE
from portal.people.resources import ProfileRoot
from portal.people.services.sign_in import visitor_of
from portal.people.views.sign_in import begin_session, counted_attempts, network_address
from portal.web.request import Request


@view_config(
    context=ProfileRoot,
    permission=PROFILE,
    request_method=("GET", "POST"),
    renderer="portal:people/templates/account.jinja2",
)
def account(context: ProfileRoot, request: Request) -> Any:
    """Name and language; they count from the next page on."""
    user = _myself(request)
    form = ProfileForm(request, {"name": user.name, "language": user.language})
    if request.submitted:
        form.check()
        services.change_profile(request.unit, user, form.name.data, form.language.data)
        # The next page speaks the language that was chosen.
        request.flash(request.unit.translate(_("Saved."), form.language.data))
        return HTTPSeeOther(location="/account/")
    if _identity(request).viewed_by is None:
        devices.follow(request, request.response, user)
    return {"form": form, "user": user}


@view_config(
    context=ProfileRoot,
    name="password",
    permission=PROFILE,
    request_method=("GET", "POST"),
    renderer="portal:people/templates/password.jinja2",
    fresh=True,
)
def password(context: ProfileRoot, request: Request) -> Any:
    """A new password: every other session ends, and this one goes on under a new cookie."""
    identity = _identity(request)
    if identity.method is Method.LINK and _myself(request).password_hash is None:
        return _first_password(request, _myself(request), identity)
    form = PasswordForm(request)
    if request.submitted:
        form.check()
        user = _myself(request)
        address = network_address(request)
        with counted_attempts(request, visitor_of(user, address)):
            services.change_password(request.unit, user, form.old.data, form.new.data, address)
        request.flash(_("Your password has been changed. You were signed out everywhere else."))
        return begin_session(request, user, "/account/", identity.method, identity.factors)
    return {"form": form}


def _first_password(request: Request, user: User, identity: Identity) -> Any:
    """The first password of somebody who came by a link; it is asked for twice and no old one."""
    form = FirstPasswordForm(request)
    if request.submitted:
        form.check()
        services.set_password(request.unit, user, form.password.data)
        request.flash(_("Your password is saved. You were signed out everywhere else."))
        return begin_session(request, user, "/account/", identity.method, identity.factors)
    return {"form": form}


def _myself(request: Request) -> User:
    return services.user_by_id(request.unit, _identity(request).user_id)


def _identity(request: Request) -> Identity:
    if request.identified is None:
        raise HTTPForbidden
    return request.identified
