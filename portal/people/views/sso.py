"""Signing in at a provider of single sign-on, and coming back."""

from __future__ import annotations

import logging
import secrets
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.view import view_config

from portal.kernel import audit
from portal.kernel.errors import Refused
from portal.kernel.i18n import Text, _
from portal.kernel.people import Factor, Identity, Method, Realm
from portal.kernel.tree import Root
from portal.people.destinations import after_sign_in, local_path
from portal.people.pending import Pending, set_pending
from portal.people.services.external import Outsider, admit, linked
from portal.people.services.factors import has_factor
from portal.people.settings import SESSION_LIFETIME
from portal.people.sso import settings, tokens
from portal.people.sso.crossing import Journey, carried, forget, new_journey, remember
from portal.people.sso.outside import provider_of
from portal.people.sso.provider import Declined, Provider, ProviderDown
from portal.people.sso.tokens import Claims, Unbelievable
from portal.people.views.sign_in import begin_session
from portal.people.views.verify import go_on
from portal.people.ways import release
from portal.web.request import Request

log = logging.getLogger(__name__)

#: When somebody proved who they are of whom the provider does not say so: too long ago for anything.
_UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)


@view_config(
    context=Root,
    name="sign-in-sso",
    permission=NO_PERMISSION_REQUIRED,
    open_to_all=_("Part of signing in."),
    request_method="GET",
    operation=False,
)
def begin(context: Root, request: Request) -> Response:
    """Off to the provider; `anew` has it ask again those who are there already."""
    provider = _provider(request)
    wanted, identity = local_path(request.GET.get("next")), _by_sso(request)
    anew = identity is not None and "anew" in request.GET
    journey = new_journey(request, wanted, identity.session_id if anew and identity is not None else None)
    release(request)
    try:
        location = provider.way_there(journey.crossing, **_asked(request, anew=anew))
    except ProviderDown as error:
        return _back(request, wanted, _down(provider), error)
    response = HTTPSeeOther(location=location)
    remember(request, response, journey)
    return response


@view_config(
    context=Root,
    name="sign-in-sso-return",
    permission=NO_PERMISSION_REQUIRED,
    open_to_all=_("Part of signing in."),
    request_method="GET",
    operation=False,
)
def finish(context: Root, request: Request) -> Response:
    """Back from the provider: its answer is looked at, and a session begins, or goes on."""
    provider, journey = _provider(request), carried(request)
    state, code = request.GET.get("state", ""), request.GET.get("code", "")
    if journey is None or not secrets.compare_digest(state.encode(), journey.crossing.state.encode()):
        late = _("This took too long, or was begun in another window. Please try again.")
        return _back(request, "/", late, "the state is not of this browser")
    if not code:
        refused = request.GET.get("error", "no code")[:60]
        return _back(request, journey.wanted, _denied(provider), f"the provider said {refused!a}")
    release(request)
    try:
        issuer, claims = provider.claims(journey.crossing, code, request.house.clock())
    except ProviderDown as error:
        return _back(request, journey.wanted, _down(provider), error)
    except Declined as error:
        return _back(request, journey.wanted, _denied(provider), error)
    except Unbelievable as error:
        return _back(request, journey.wanted, _unbelievable(provider), error)
    _write_from_here(request)
    try:
        response = _arrived(request, provider, journey, claims, _outsider(request, issuer, claims))
    except Refused as error:
        request.tm.abort()
        request.tm.begin()
        return _back(request, journey.wanted, error.reason, "nobody may come in so")
    forget(request, response)
    return response


@view_config(
    context=Root,
    name="sign-in-sso-again",
    permission=NO_PERMISSION_REQUIRED,
    open_to_all=_("Part of proving anew who one is."),
    request_method="GET",
    renderer="portal:people/templates/sso_again.jinja2",
    operation=False,
)
def again(context: Root, request: Request) -> Any:
    """The page on which those who came by the provider set out to prove anew who they are.

    It is a page of its own, for a form that was sent may not lead to another server.
    """
    wanted, identity = local_path(request.GET.get("next")), _by_sso(request)
    provider = provider_of(request)
    if identity is None or provider is None:
        return HTTPSeeOther(location="/sign-in?" + urlencode({"again": "1", "next": wanted}))
    there = "/sign-in-sso?" + urlencode({"anew": "1", "next": wanted})
    return {"email": identity.email, "name": provider.name, "there": there}


def _provider(request: Request) -> Provider:
    provider = provider_of(request)
    if provider is None:
        raise HTTPNotFound
    return provider


def _by_sso(request: Request) -> Identity | None:
    identity = request.identified
    return identity if identity is not None and identity.method is Method.SSO else None


def _asked(request: Request, *, anew: bool) -> dict[str, str]:
    """How lately the person must have signed in there; who asks for that is told when they did."""
    if anew:
        # Not 0: some providers then find the sign-in of a moment ago too old as well, and ask for ever.
        return {"prompt": "login", "max_age": str(tokens.LEEWAY)}
    return {"max_age": str(request.setting(SESSION_LIFETIME) * 3600)}


def _outsider(request: Request, issuer: str, claims: Claims) -> Outsider:
    name = claims.get("name")
    return Outsider(
        method=Method.SSO,
        issuer=issuer,
        subject=str(claims["sub"]),
        email=tokens.verified_email(claims, request.setting(settings.EMAIL_CLAIM)),
        name=name if isinstance(name, str) else "",
        groups=tokens.words_at(claims, request.setting(settings.GROUPS_CLAIM)),
    )


def _arrived(
    request: Request, provider: Provider, journey: Journey, claims: Claims, outsider: Outsider
) -> Response:
    proved_at = tokens.authenticated_at(claims)
    shown = tokens.has_second_factor(claims, request.setting(settings.MFA_CLAIMS))
    factors = (Factor.PROVIDER,) if shown else ()
    identity = request.identified
    if journey.session_id is not None:
        user = linked(request.unit, outsider)
        if identity is None or identity.session_id != journey.session_id:
            raise Refused(_("Your session has ended meanwhile. Please sign in."))
        if user is None or user.id != identity.user_id:
            raise Refused(_("You proved to be somebody else than you are here."))
        if proved_at is None or (journey.began_at - proved_at).total_seconds() > tokens.LEEWAY:
            raise Refused(_("${name} did not ask you again who you are.", mapping={"name": provider.name}))
        if has_factor(request.unit, user):
            # What the provider was shown says nothing of the factor that the person has here.
            response = HTTPSeeOther(location="/second-factor?" + urlencode({"next": journey.wanted}))
            set_pending(request, response, Pending(user, Method.SSO, session_id=identity.session_id))
            return response
        return go_on(request, identity, journey.wanted, factors)
    user = admit(request.unit, outsider, create=request.setting(settings.CREATE_USERS))
    location = after_sign_in(journey.wanted, Realm.EMPLOYEES)
    # A session there that is hours old proves no more here than it does there.
    verified_at = min(proved_at or _UNKNOWN, request.house.clock())
    return begin_session(request, user, location, Method.SSO, factors, verified_at=verified_at)


def _write_from_here(request: Request) -> None:
    """Give a request that could only read a session that writes: the provider sends people back by GET.

    Nothing is done but what the sealed journey asks for, whose code is good once.
    """
    release(request)
    request.leave_walls()
    session = request.house.transactional_session(request.tm, write=True)
    audit.come_from(session, request.origin)
    request.__dict__["db"] = session


def _back(request: Request, wanted: str, reason: Text, why: object) -> Response:
    """To the sign-in page with one sentence; the log says more."""
    log.warning("single sign-on failed: %s", why)
    request.flash(reason, "danger")
    query = {"again": "1", "next": local_path(wanted), "realm": Realm.EMPLOYEES.value}
    response = HTTPSeeOther(location="/sign-in?" + urlencode(query))
    forget(request, response)
    return response


def _down(provider: Provider) -> Text:
    return _(
        "${name} cannot be reached. Try again later, or use your password; whoever runs the server can give you one by “portal users reset”.",
        mapping={"name": provider.name},
    )


def _denied(provider: Provider) -> Text:
    return _(
        "${name} did not let you through. If you cannot sign in there any more, whoever runs the server can help by “portal users reset”.",
        mapping={"name": provider.name},
    )


def _unbelievable(provider: Provider) -> Text:
    return _(
        "What ${name} answered could not be verified, so nobody was signed in. Try again, or ask an administrator.",
        mapping={"name": provider.name},
    )
