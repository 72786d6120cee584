"""/account/factors: one's own second factors."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import segno
from pyramid.httpexceptions import HTTPForbidden, HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from portal.kernel.errors import Invalid
from portal.kernel.i18n import _
from portal.kernel.people import Factor, Identity
from portal.kernel.sealing import Unsealable, seal, unseal
from portal.people import services
from portal.people.destinations import HOME, local_path
from portal.people.forms import NewPasskeyForm, RecoveryForm, RemoveFactorForm, TotpForm
from portal.people.models import User
from portal.people.permissions import PROFILE
from portal.people.resources import FactorsPage
from portal.people.services import factors as verbs
from portal.people.services.passkeys import add_passkey, creation_options
from portal.people.views.verify import go_on
from portal.web.request import Request


@view_config(
    context=FactorsPage,
    permission=PROFILE,
    request_method="GET",
    renderer="portal:people/templates/factors.jinja2",
)
def factors(context: FactorsPage, request: Request) -> dict[str, Any]:
    """What there is, and how to get more. `next` is where a factor was demanded: the way back."""
    user = _person(request)
    wanted = local_path(request.GET.get("next"))
    return {
        "factors": verbs.factors_of(request.unit, user),
        "codes_left": verbs.recovery_codes_left(request.unit, user),
        "codes_mark": verbs.recovery_codes_mark(request.unit, user),
        "demanded": wanted != HOME,
        "next": wanted,
        "query": _query(wanted),
        "base": request.resource_path(context),
    }


@view_config(
    context=FactorsPage,
    name="totp",
    permission=PROFILE,
    request_method=("GET", "POST"),
    renderer="portal:people/templates/factor_totp.jinja2",
    fresh=True,
)
def totp(context: FactorsPage, request: Request) -> Any:
    """An app: it reads the secret from the picture, and shows that it has by one code."""
    user, purpose = _person(request), f"new totp of {_identity(request).user_id}"
    form = TotpForm(request, {"secret": seal(request.unit, purpose, verbs.new_secret())})
    try:
        secret = unseal(request.unit, purpose, form.secret.data)
    except Unsealable:
        raise Invalid({"": _("This form is not from this portal. Please open the page again.")}) from None
    if request.submitted:
        form.check()
        verbs.add_totp(request.unit, user, form.name.data, secret, form.code.data)
        request.flash(_("“${name}” is a second factor from now on.", mapping={"name": form.name.data}))
        return _added(request, context, Factor.TOTP)
    uri = verbs.provisioning_uri(request.unit, user, secret)
    return {
        "form": form,
        "picture": segno.make(uri, error="m").svg_data_uri(scale=5, light="#fff", dark="#000"),
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "back": request.resource_path(context) + _query(local_path(request.GET.get("next"))),
    }


@view_config(
    context=FactorsPage,
    name="passkey",
    permission=PROFILE,
    request_method=("GET", "POST"),
    renderer="portal:people/templates/factor_passkey.jinja2",
    fresh=True,
)
def passkey(context: FactorsPage, request: Request) -> Any:
    """A passkey, made by the browser."""
    user, form = _person(request), NewPasskeyForm(request)
    if request.submitted:
        form.check()
        add_passkey(request.unit, user, form.name.data, form.credential.data, request.csrf_binding)
        request.flash(_("“${name}” is a second factor from now on.", mapping={"name": form.name.data}))
        return _added(request, context, Factor.PASSKEY)
    return {
        "form": form,
        "options": creation_options(request.unit, user, request.csrf_binding),
        "back": request.resource_path(context) + _query(local_path(request.GET.get("next"))),
    }


@view_config(
    context=FactorsPage,
    name="recovery",
    permission=PROFILE,
    request_method="POST",
    renderer="portal:people/templates/recovery_codes.jinja2",
    show="",
    fresh=True,
)
def recovery(context: FactorsPage, request: Request) -> dict[str, Any]:
    """New recovery codes: this answer is the only time they are shown."""
    form = RecoveryForm(request)
    form.check()
    codes = verbs.renew_recovery_codes(request.unit, _person(request), form.seen.data)
    return {
        "codes": codes,
        "next": local_path(request.GET.get("next")),
        "base": request.resource_path(context),
    }


@view_config(
    context=FactorsPage, name="remove", permission=PROFILE, request_method="POST", show="", fresh=True
)
def remove(context: FactorsPage, request: Request) -> Response:
    """Remove one of them."""
    form = RemoveFactorForm(request)
    form.check()
    name = verbs.remove_factor(request.unit, _person(request), form.factor.data)
    request.flash(_("“${name}” is no longer a second factor.", mapping={"name": name}))
    return HTTPSeeOther(location=request.resource_path(context))


def _added(request: Request, context: FactorsPage, factor: Factor) -> Response:
    """The session has shown the factor that was just proved; whoever has no recovery codes is offered them next."""
    back = request.resource_path(context) + _query(local_path(request.GET.get("next")))
    return go_on(request, _identity(request), back, (factor,))


def _query(wanted: str) -> str:
    return "" if wanted == HOME else "?" + urlencode({"next": wanted})


def _identity(request: Request) -> Identity:
    if request.identified is None:
        raise HTTPForbidden
    return request.identified


def _person(request: Request) -> User:
    return services.user_by_id(request.unit, _identity(request).user_id)
