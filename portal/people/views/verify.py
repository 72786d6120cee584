"""Proving anew who one is: what `/verify` asks for, and the way back."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.view import view_config

from portal.kernel.i18n import _
from portal.kernel.people import Factor, Identity
from portal.kernel.tree import Root
from portal.people import services
from portal.people.cookies import drop_cookie, set_cookie
from portal.people.destinations import after_sign_in, local_path
from portal.people.forms import VerifyForm
from portal.people.services import attempts
from portal.people.services.factors import has_factor, prove
from portal.people.services.passkeys import has_passkey, request_options
from portal.people.services.sessions import verified
from portal.people.services.sign_in import verify_password, visitor_of
from portal.people.verification import ANEW, stale
from portal.people.views.sign_in import counted_attempts, network_address
from portal.web.request import Request


@view_config(
    context=Root,
    name="verify",
    permission=NO_PERMISSION_REQUIRED,
    open_to_all=_("Part of proving anew who one is."),
    request_method=("GET", "POST"),
    renderer="portal:people/templates/verify.jinja2",
    operation=False,
)
def verify(context: Root, request: Request) -> Any:
    """Ask for what is lacking: the password again, a code of those who have a second factor, or a passkey for both.

    `factor=1` says that a second factor is demanded; the password is then left out while the last proof is fresh.
    """
    identity, wanted = request.identified, local_path(request.GET.get("next"))
    if identity is None:
        return HTTPSeeOther(location="/sign-in?" + urlencode({"next": wanted}))
    unit = request.unit
    user = services.user_by_id(unit, identity.user_id)
    enrolled, factor_alone = has_factor(unit, user), "factor" in request.GET and stale(request) is None
    if "factor" in request.GET and not enrolled:
        return HTTPSeeOther(location="/account/factors/?" + urlencode({"next": wanted}))
    if identity.method in ANEW and not factor_alone:
        return HTTPSeeOther(location=f"{ANEW[identity.method]}?" + urlencode({"next": wanted}))
    form = VerifyForm(request)
    if factor_alone:
        del form.password
    if not enrolled:
        del form.code
    if request.submitted:
        form.check()
        return go_on(request, identity, wanted, _proved(request, form, identity.user_id))
    options = request_options(unit, request.csrf_binding, user) if has_passkey(unit, user) else None
    return {"form": form, "email": identity.email, "options": options, "next": wanted}


def _proved(request: Request, form: VerifyForm, user_id: int) -> tuple[Factor, ...]:
    """The factors that were shown, once all that was asked for is right."""
    unit, address = request.unit, network_address(request)
    if "password" in form:
        with counted_attempts(request, visitor_of(services.user_by_id(unit, user_id), address)):
            user = services.user_by_id(request.unit, user_id)
            verify_password(request.unit, user, form.password.data, address)
    return shown_factors(request, form, user_id)


def shown_factors(request: Request, form: VerifyForm, user_id: int) -> tuple[Factor, ...]:
    """The factor whose code was typed; none where the form asks for none. Raises WrongCode, TooMany."""
    if "code" not in form:
        return ()
    visitor = visitor_of(services.user_by_id(request.unit, user_id), network_address(request))
    with counted_attempts(request, visitor, attempts.FACTOR):
        user = services.user_by_id(request.unit, user_id)
        return (prove(request.unit, user, form.code.data, visitor),)


def go_on(request: Request, identity: Identity, wanted: str, factors: tuple[Factor, ...] = ()) -> Response:
    """The session goes on under a new cookie, verified now; the person goes back to where they were."""
    token = verified(request.unit, identity.session_id, factors)
    response = HTTPSeeOther(location=after_sign_in(wanted, identity.realm))
    if token is None:
        drop_cookie(request, response)
    else:
        set_cookie(request, response, token)
    return response
