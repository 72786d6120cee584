"""The shell's own pages: home, the company's logo, and the pages for what went wrong."""

from __future__ import annotations

import logging
import mimetypes
from typing import Any
from urllib.parse import quote

from pyramid.exceptions import BadCSRFOrigin, BadCSRFToken
from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.response import FileResponse, Response
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.view import exception_view_config, forbidden_view_config, notfound_view_config, view_config

from portal.kernel.card import Card
from portal.kernel.db import Contention
from portal.kernel.errors import Denied, Invalid, NextStep, Refused
from portal.kernel.i18n import Text, _
from portal.kernel.people import Identity, Method, Realm
from portal.kernel.request import SAFE_METHODS
from portal.kernel.tree import Node, Root, account_of, module_root
from portal.web.assets import asset
from portal.web.bearer import BadToken, bad_token, bearer, says_no
from portal.web.request import Request
from portal.web.slots import HOME_CARDS, keep_form, panels

log = logging.getLogger(__name__)


@view_config(
    context=Root,
    permission=NO_PERMISSION_REQUIRED,
    open_to_all=_("Leads whoever comes to where they belong."),
    request_method="GET",
    renderer="portal:web/templates/home.jinja2",
)
def home(context: Root, request: Request) -> Any:
    """Employees see the cards of their modules; customers go to their account; visitors sign in."""
    identity = request.identified
    if identity is None:
        return HTTPSeeOther(location="/sign-in")
    if identity.realm is Realm.CUSTOMERS:
        first = identity.first_membership
        if first is None:
            return {"cards": []}
        # To open an account is to accept the invitation to it: which one of several is left to the person.
        decided = first.accepted or len(identity.memberships) == 1
        return HTTPSeeOther(location=f"/my/{first.account}/" if decided else "/my/")
    return {"cards": panels(request, HOME_CARDS, context)}


@view_config(
    context=Root,
    name="logo",
    permission=NO_PERMISSION_REQUIRED,
    open_to_all=_("The logo stands on the sign-in page too."),
    request_method="GET",
)
def logo(context: Root, request: Request) -> Response:
    """The company's logo from the ini."""
    path = request.company.logo
    if path is None:
        raise HTTPNotFound
    return FileResponse(str(path), request=request, content_type=mimetypes.guess_type(path.name)[0])


@view_config(
    context=Root,
    name="manifest.webmanifest",
    permission=NO_PERMISSION_REQUIRED,
    request_method="GET",
    open_to_all=_("Browsers ask for it before anybody has signed in."),
)
def manifest(context: Root, request: Request) -> Response:
    """What makes the portal installable: its name, its icons, and that it opens in a window of its own."""
    icons = (
        ("icon-192.png", "192x192", "any"),
        ("icon-512.png", "512x512", "any"),
        ("icon-maskable-512.png", "512x512", "maskable"),
    )
    return Response(
        json_body={
            "name": request.company.name,
            "short_name": request.company.name[:12].strip(),
            "id": "/",
            "start_url": "/",
            "scope": "/",
            "display": "standalone",
            "background_color": "#f7f7f9",
            "theme_color": "#f7f7f9",
            "icons": [
                {"src": asset(request, name), "sizes": sizes, "type": "image/png", "purpose": purpose}
                for name, sizes, purpose in icons
            ],
        },
        content_type="application/manifest+json",
    )


@notfound_view_config(renderer="portal:web/templates/error.jinja2", append_slash=False)
def not_found(context: Any, request: Request) -> dict[str, Any]:
    """Unknown and foreign look alike."""
    request.response.status_int = 404
    return {
        "title": _("Page not found"),
        "text": _("There is nothing at this address, or it is not yours to see."),
        "step": None,
    }


@forbidden_view_config(renderer="portal:web/templates/error.jinja2")
def forbidden(context: Any, request: Request) -> Any:
    """Lead to the next step: sign in, or ask; customers do not learn what exists."""
    if isinstance(context, BadCSRFToken | BadCSRFOrigin):
        return stale_form(context, request)
    if bearer(request) is not None:
        return _told_to_program(context, request)
    denied = getattr(context, "result", None)
    identity = request.identified
    if identity is None:
        return _to_sign_in(request)
    if isinstance(denied, Denied) and denied.step in _LEADS_TO:
        kept = keep_form(request)
        back = _back_to(request) if kept is None else kept.address
        return HTTPSeeOther(location=f"{_LEADS_TO[denied.step]}next={quote(back, safe='')}")
    if not _may_be_told(request, identity, denied):
        return not_found(context, request)
    request.response.status_int = 403
    return {
        "title": _("Not allowed"),
        "text": denied.reason if isinstance(denied, Denied) else _("You do not have the right to do this."),
        "step": _next_step(request, denied),
        "link": _link(request, denied),
    }


def _told_to_program(context: Any, request: Request) -> Response:
    """A denial as programs read it, which leads nowhere; what is not in a customer's own account does not exist."""
    identity, here = request.identified, getattr(request, "context", None)
    own = isinstance(here, Node) and account_of(here) is not None
    if identity is not None and identity.realm is Realm.CUSTOMERS and not own:
        return says_no(
            request, 404, "not_found", _("There is nothing at this address, or it is not yours to see.")
        )
    denied = getattr(context, "result", None)
    reason = denied.reason if isinstance(denied, Denied) else _("You do not have the right to do this.")
    return says_no(request, 403, "insufficient_scope", reason)


@exception_view_config(BadToken)
def unauthorized(context: BadToken, request: Request) -> Response:
    """A token that does not work."""
    return bad_token(context, request)


def _to_sign_in(request: Request) -> Response:
    """Sign in first, and go on where one was; a form that was sent is kept until then."""
    kept = keep_form(request)
    if kept is None:
        return HTTPSeeOther(location=f"/sign-in?next={quote(request.path_qs, safe='')}")
    return HTTPSeeOther(location=f"/sign-in?realm={kept.realm.value}&next={quote(kept.address, safe='')}")


def _may_be_told(request: Request, identity: Identity, denied: Any) -> bool:
    """To customers, what they have no right to does not exist; what the ini demands of them they are told."""
    acts = request.method not in SAFE_METHODS
    if identity.realm is Realm.EMPLOYEES or (identity.viewed_by is not None and acts):
        return True
    return isinstance(denied, Denied) and denied.setting is not None


#: What a person can do at once about a denial: the page leads there, and from there back.
_LEADS_TO = {NextStep.SECOND_FACTOR: "/verify?factor=1&", NextStep.VERIFY: "/verify?"}


def _back_to(request: Request) -> str:
    """Where the person goes on afterwards: the page itself; after a refused act, the page of its form."""
    return request.path_qs if request.method in SAFE_METHODS else request.form_page or request.path


#: How people are told about the ways of signing in.
_WAYS = {
    Method.PASSWORD: _("with a password"),
    Method.LINK: _("by a link sent by mail"),
    Method.PASSKEY: _("with a passkey"),
    Method.SSO: _("with the account of an organisation (single sign-on)"),
    Method.LDAP: _("with the password of the company's directory"),
    Method.TOKEN: _("with a token, for programs"),
    Method.DOCUMENT: _("by the link to a document"),
}


def _next_step(request: Request, denied: Any) -> Text | None:
    """What can be done about a denial, in one sentence."""
    if not isinstance(denied, Denied) or denied.step is NextStep.ASK:
        return _whom_to_ask(request, denied)
    if denied.methods:
        ways = ", ".join(request.translate(_WAYS[Method(word)]) for word in denied.methods)
        return _("Accepted here is to sign in: ${ways}.", mapping={"ways": ways})
    if denied.setting is not None:
        return _("Your network address is ${address}.", mapping={"address": request.remote_addr or "?"})
    return None


def _link(request: Request, denied: Any) -> tuple[Text, str] | None:
    """Where to go on: to sign in otherwise and come back, or to look again once somebody has helped."""
    back = quote(_back_to(request), safe="")
    if isinstance(denied, Denied) and denied.methods:
        return _("Sign in otherwise"), f"/sign-in?again=1&next={back}"
    if isinstance(denied, Denied) and denied.step is NextStep.NONE:
        return None
    return _("Try again"), _back_to(request)


def _whom_to_ask(request: Request, denied: Any) -> Any:
    here = getattr(request, "context", None)
    root = module_root(here) if isinstance(here, Node) else None
    if root is None:
        return _("Ask an administrator of the portal.")
    title = request.translate(root.title)
    names = ", ".join(request.house.administrators(request))
    roles = _roles_with(request, root.card, denied)
    if names and roles:
        facts = {"names": names, "module": title, "roles": roles}
        return _(
            "Ask ${names} for a role in the module ${module}. One of these would do: ${roles}.", mapping=facts
        )
    if names:
        return _(
            "Ask ${names} for a role in the module ${module}.", mapping={"names": names, "module": title}
        )
    return _("Ask an administrator for a role in the module ${module}.", mapping={"module": title})


def _roles_with(request: Request, card: Card, denied: Any) -> str:
    """The titles of the module's roles that hold the permission that is missing."""
    missing = denied.permission if isinstance(denied, Denied) else None
    return ", ".join(request.translate(role.title) for role in card.roles if missing in role.permissions)


@exception_view_config(BadCSRFToken, renderer="portal:web/templates/error.jinja2")
def stale_form(context: Any, request: Request) -> Any:
    """A form from before a sign-in, kept for whoever filled it in, or from elsewhere; nothing was done."""
    kept = keep_form(request)
    if kept is not None:
        return HTTPSeeOther(location=kept.address)
    request.response.status_int = 400
    return {
        "title": _("This form is out of date"),
        "text": _("Nothing was saved. Go back, reload the page, and send the form again."),
        "step": None,
    }


@exception_view_config(Refused, renderer="portal:web/templates/error.jinja2")
def refused(context: Refused, request: Request) -> dict[str, Any]:
    """A business "no" that no page of its own shows."""
    request.response.status_int = 409
    return {"title": _("This is not possible"), "text": context.reason, "step": None}


@exception_view_config(Contention, renderer="portal:web/templates/error.jinja2")
def contended(context: Contention, request: Request) -> dict[str, Any]:
    """Others were faster, again and again; nothing was done."""
    request.response.status_int = 503
    request.response.headers["Retry-After"] = "5"
    return {
        "title": _("The portal is busy"),
        "text": _("Nothing was saved. Go back and send the form again in a moment."),
        "step": None,
    }


@exception_view_config(Invalid, renderer="portal:web/templates/error.jinja2")
def invalid(context: Invalid, request: Request) -> dict[str, Any]:
    """An address with values that mean nothing."""
    request.response.status_int = 422
    text = " ".join(request.translate(message) for message in context.errors.values())
    return {"title": _("This address cannot be read"), "text": text, "step": None}


@exception_view_config(Exception, renderer="portal:web/templates/error.jinja2")
def unexpected(context: Exception, request: Request) -> dict[str, Any]:
    """The one page for everything unexpected: the request's id, nothing of the inside."""
    # The path may hold a one-time token; the request log has the address, cleaned.
    log.exception("unexpected error in request %s", request.request_id)
    # Where it was the reading of the person that failed, it would fail again: this page asks the database nothing.
    request.__dict__.setdefault("identified", None)
    request.response.status_int = 500
    return {
        "title": _("Something went wrong"),
        "text": _(
            "Nothing was saved. The number of this error is ${number}; the log has the details.",
            mapping={"number": request.request_id},
        ),
        "step": None,
    }
