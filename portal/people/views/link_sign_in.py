"""Signing in by a link that comes by mail, for people of customers."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.view import view_config

from portal.kernel.i18n import _
from portal.kernel.people import Method, Realm
from portal.kernel.tree import Root
from portal.people import devices, services
from portal.people.destinations import after_sign_in, local_path
from portal.people.forms import LinkForm
from portal.people.services import Kind, Visitor
from portal.people.settings import LINK_SIGN_IN
from portal.people.views.links import dead, token_of
from portal.people.views.sign_in import begin_session, network_address
from portal.web.request import Request


@view_config(
    context=Root,
    name="sign-in-by-mail",
    permission=NO_PERMISSION_REQUIRED,
    open_to_all=_("Asks for a link by mail."),
    request_method=("GET", "POST"),
    renderer="portal:people/templates/link_ask.jinja2",
    operation=False,
)
def ask(context: Root, request: Request) -> Any:
    """Ask for a link. The answer is the same whether the e-mail is known or not."""
    _demand(request)
    wanted = local_path(request.GET.get("next"))
    identity = request.identified
    form = LinkForm(request, {"next": wanted, "email": "" if identity is None else identity.email})
    if request.submitted:
        form.check()
        realm, email = Realm.CUSTOMERS, form.email.data
        known = devices.is_known(request, realm, email)
        visitor = Visitor(realm, email, network_address(request), known)
        services.request_link(request.unit, visitor, local_path(form.next.data))
        return HTTPSeeOther(location="/sign-in-by-mail?asked=1")
    return {"form": form, "asked": "asked" in request.GET}


@view_config(
    context=Root,
    name="sign-in-link",
    permission=NO_PERMISSION_REQUIRED,
    open_to_all=_("Opened by the one-time link of a mail."),
    request_method=("GET", "POST"),
    renderer="portal:people/templates/link_use.jinja2",
    subpath=True,
    operation=False,
)
def use(context: Root, request: Request) -> Any:
    """Looking at the link spends nothing; its button signs in, in whichever browser, and says before as whom."""
    _demand(request)
    token, wanted = token_of(request), request.GET.get("next")
    if request.submitted:
        user = services.spend_token(request.unit, Kind.LINK, token)
        return begin_session(request, user, after_sign_in(wanted, Realm.CUSTOMERS), Method.LINK)
    user = services.find_token(request.unit, Kind.LINK, token)
    if user is None:
        return dead(request)
    return {"user": user, "address": f"{request.path}?" + urlencode({"next": local_path(wanted)})}


def _demand(request: Request) -> None:
    """Where the ini does not allow it, there is no such page."""
    if not request.setting(LINK_SIGN_IN):
        raise HTTPNotFound
