"""The second half of signing in, and passkeys wherever they prove something."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.view import view_config

from portal.kernel.i18n import _
from portal.kernel.people import Factor, Identity, Method, Realm
from portal.kernel.tree import Root
from portal.people import devices
from portal.people.destinations import after_sign_in, local_path
from portal.people.forms import CodeForm, PasskeyForm
from portal.people.pending import Pending, drop_pending, read_pending
from portal.people.services import attempts
from portal.people.services.factors import prove
from portal.people.services.passkeys import WrongPasskey, has_passkey, request_options, use_passkey
from portal.people.services.sign_in import Visitor
from portal.people.views.sign_in import begin_session, counted_attempts, network_address
from portal.people.views.verify import go_on
from portal.web.request import Request


@view_config(
    context=Root,
    name="second-factor",
    permission=NO_PERMISSION_REQUIRED,
    request_method=("GET", "POST"),
    renderer="portal:people/templates/second_factor.jinja2",
    operation=False,
)
def second_factor(context: Root, request: Request) -> Any:
    """A code of the app or a recovery code; only then a session begins."""
    pending = read_pending(request)
    wanted = local_path(request.GET.get("next"))
    if pending is None:
        return HTTPSeeOther(location="/sign-in?" + urlencode({"next": wanted}))
    form = CodeForm(request)
    if request.submitted:
        form.check()
        realm, email = Realm(pending.user.realm), pending.user.email
        known = devices.is_known(request, realm, email)
        visitor = Visitor(realm, email, network_address(request), known)
        with counted_attempts(request, visitor, attempts.FACTOR):
            # Read again: what was counted is committed, and the person may have been disabled before.
            pending = read_pending(request) or pending
            factor = prove(request.unit, pending.user, form.code.data, visitor)
        return _enter(request, pending, wanted, factor)
    unit = request.unit
    options = (
        request_options(unit, request.csrf_binding, pending.user) if has_passkey(unit, pending.user) else None
    )
    return {
        "form": form,
        "options": options,
        "next": wanted,
        "back": "/sign-in?" + urlencode({"next": wanted}),
    }


@view_config(
    context=Root,
    name="passkey",
    permission=NO_PERMISSION_REQUIRED,
    request_method="POST",
    operation=False,
)
def passkey(context: Root, request: Request) -> Response:
    """What a passkey proves: that it is still the person of this session, or else who is at the door."""
    identity, wanted = request.identified, local_path(str(request.POST.get("next", "")))
    if request.refusal is not None:
        request.flash(request.refusal.reason, "danger")
        page = "/verify" if identity is not None else "/sign-in"
        return HTTPSeeOther(location=f"{page}?" + urlencode({"next": wanted}))
    form = PasskeyForm(request)
    form.check()
    user = use_passkey(request.unit, form.credential.data, request.csrf_binding)
    if identity is not None:
        return _still(request, identity, user.id, wanted)
    pending = read_pending(request)
    if pending is None or pending.user.id != user.id:
        pending = Pending(user, Method.PASSKEY, None)
    return _enter(request, pending, wanted, Factor.PASSKEY)


def _still(request: Request, identity: Identity, user_id: int, wanted: str) -> Response:
    if user_id != identity.user_id:
        raise WrongPasskey(_("This passkey is somebody else’s."))
    return go_on(request, identity, wanted, (Factor.PASSKEY,))


def _enter(request: Request, pending: Pending, wanted: str, factor: Factor) -> Response:
    user, location = pending.user, after_sign_in(wanted, Realm(pending.user.realm))
    response = begin_session(request, user, location, pending.method, (factor,), pending.verified_at)
    drop_pending(request, response)
    return response
