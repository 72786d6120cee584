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
    open_to_all=_("Part of signing in."),
    request_method=("GET", "POST"),
    renderer="portal:people/templates/second_factor.jinja2",
    operation=False,
)
def second_factor(context: Root, request: Request) -> Any:
    """A code of the app or a recovery code; only then a session begins, or counts as verified anew."""
    pending, identity = read_pending(request), request.identified
    wanted = local_path(request.GET.get("next"))
    if pending is None or not _is_of(pending, identity):
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
        if identity is not None and pending.session_id is not None:
            return _still(request, identity, pending.user.id, wanted, factor)
        return _enter(request, pending, wanted, factor)
    unit = request.unit
    options = (
        request_options(unit, request.csrf_binding, pending.user) if has_passkey(unit, pending.user) else None
    )
    return {
        "form": form,
        "options": options,
        "next": wanted,
        "back": None if pending.session_id is not None else "/sign-in?" + urlencode({"next": wanted}),
    }


def _is_of(pending: Pending, identity: Identity | None) -> bool:
    """Whether what is pending begins a session, or belongs to the one of this request."""
    if pending.session_id is None:
        return True
    return identity is not None and pending.session_id == identity.session_id


@view_config(
    context=Root,
    name="passkey",
    permission=NO_PERMISSION_REQUIRED,
    open_to_all=_("Part of signing in."),
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
        return _still(request, identity, user.id, wanted, Factor.PASSKEY)
    pending = read_pending(request)
    if pending is None or pending.user.id != user.id or not _is_of(pending, identity):
        pending = Pending(user, Method.PASSKEY)
    return _enter(request, pending, wanted, Factor.PASSKEY)


def _still(request: Request, identity: Identity, user_id: int, wanted: str, factor: Factor) -> Response:
    if user_id != identity.user_id:
        raise WrongPasskey(_("This passkey is somebody else’s."))
    response = go_on(request, identity, wanted, (factor,))
    drop_pending(request, response)
    return response


def _enter(request: Request, pending: Pending, wanted: str, factor: Factor) -> Response:
    user, location = pending.user, after_sign_in(wanted, Realm(pending.user.realm))
    response = begin_session(request, user, location, pending.method, (factor,), pending.verified_at)
    drop_pending(request, response)
    return response
