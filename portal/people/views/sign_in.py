"""Signing in and out."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.view import view_config

from portal.kernel.i18n import Text, _
from portal.kernel.people import Factor, Method, Realm
from portal.kernel.tree import Root
from portal.people import devices, mails, services
from portal.people.agents import device_name
from portal.people.cookies import drop_cookie, set_cookie
from portal.people.destinations import after_sign_in, local_path, realm_of
from portal.people.directory.settings import CREATE_USERS
from portal.people.events import SignedOut
from portal.people.forms import ForgottenForm, SignInForm
from portal.people.models import User
from portal.people.pending import Pending, set_pending
from portal.people.services import attempts
from portal.people.services.external import Unknown, admit
from portal.people.services.factors import has_factor
from portal.people.services.passkeys import request_options
from portal.people.services.sessions import Place, has_come_before
from portal.people.services.sign_in import Visitor, WrongPassword, count_attempt
from portal.people.settings import LINK_SIGN_IN, NEW_BROWSER_MAIL
from portal.people.ways import buttons, vouched_for
from portal.web.request import Request
from portal.web.transactions import commit_so_far


@view_config(
    context=Root,
    name="sign-in",
    permission=NO_PERMISSION_REQUIRED,
    open_to_all=_("Part of signing in."),
    request_method=("GET", "POST"),
    renderer="portal:people/templates/sign_in.jinja2",
    operation=False,
)
def sign_in(context: Root, request: Request) -> Any:
    """E-mail and password. The session of before, if any, ends: a cookie planted beforehand is worth nothing."""
    if request.method == "GET" and request.identified is not None and "again" not in request.GET:
        return HTTPSeeOther(location=after_sign_in(request.GET.get("next"), request.identified.realm))
    wanted = local_path(request.GET.get("next"))
    form = SignInForm(request, {"realm": chosen_realm(request, wanted).value, "next": wanted})
    if request.submitted:
        form.check()
        visitor = visitor_of_form(request, form)
        with counted_attempts(request, visitor):
            user, method = _recognised(request, visitor, form.password.data)
        return begin_session(request, user, after_sign_in(form.next.data, visitor.realm), method)
    return {
        "form": form,
        "tabs": _tabs(form),
        "forgotten": f"/forgotten?realm={form.realm.data}",
        "by_mail": _by_mail(request, form),
        "options": request_options(request.unit, request.csrf_binding),
        "next": form.next.data,
        "ways": buttons(request) if form.realm.data == Realm.EMPLOYEES.value else (),
    }


@view_config(
    context=Root,
    name="sign-out",
    permission=NO_PERMISSION_REQUIRED,
    open_to_all=_("Ends the session, whosever it is."),
    request_method="POST",
    operation=False,
    viewing=True,
)
def sign_out(context: Root, request: Request) -> Response:
    """End the session: the cookie is worth nothing from now on, wherever it was copied to."""
    realm = Realm.EMPLOYEES
    if request.identified is not None:
        realm = request.identified.realm
        owner = services.end_session(request.unit, request.identified.session_id)
        request.unit.publish(SignedOut(owner or request.identified.user_id))
    response = HTTPSeeOther(location="/sign-in" + ("?realm=customers" if realm is Realm.CUSTOMERS else ""))
    drop_cookie(request, response)
    return response


def begin_session(
    request: Request,
    user: User,
    location: str,
    method: Method = Method.PASSWORD,
    factors: Iterable[Factor] = (),
    verified_at: datetime | None = None,
    *,
    first: bool = False,
) -> Response:
    """A new session in place of the one of this request, and on to `location`; `verified_at` as sessions have it.

    Whoever has a second factor and has shown none gets no session yet, but is asked for one. Who signs in from a browser that
    was not known is told by mail, unless it is their `first` time.
    """
    unit, shown = request.unit, frozenset(factors)
    if request.identified is not None:
        services.end_session(unit, request.identified.session_id)
    if not shown and has_factor(unit, user):
        response = HTTPSeeOther(location="/second-factor?" + urlencode({"next": location}))
        set_pending(request, response, Pending(user, method, verified_at))
        drop_cookie(request, response)
        return response
    place = Place(request.user_agent or "", network_address(request))
    if not first:
        _tell_of_browser(request, user, place)
    response = HTTPSeeOther(location=location)
    set_cookie(request, response, services.start_session(unit, user, method, shown, place, verified_at))
    devices.remember(request, response, user)
    return response


def _tell_of_browser(request: Request, user: User, place: Place) -> None:
    if not request.setting(NEW_BROWSER_MAIL) or devices.is_known(request, Realm(user.realm), user.email):
        return
    if has_come_before(request.unit, user):
        mails.new_browser(request.unit, user, device_name(place.device), place.address)


def _recognised(request: Request, visitor: Visitor, password: str) -> tuple[User, Method]:
    """Who signs in, by the portal's own password or else by one of a directory. Raises WrongPassword."""
    try:
        return services.sign_in(request.unit, visitor, password), Method.PASSWORD
    except WrongPassword:
        if visitor.realm is not Realm.EMPLOYEES:
            raise
        outsider = vouched_for(request, visitor.email, password)
        if outsider is None:
            raise
        try:
            user = admit(request.unit, outsider, create=request.setting(CREATE_USERS))
        except Unknown as error:
            # As for a wrong password: what the directory knows is told to nobody.
            raise WrongPassword(_("The e-mail or the password is wrong.")) from error
    attempts.forgive(request.unit, visitor)
    return user, outsider.method


def visitor_of_form(request: Request, form: SignInForm | ForgottenForm) -> Visitor:
    """Who somebody says they are, from where, and whether their browser is known."""
    realm, email = Realm(form.realm.data), form.email.data
    return Visitor(realm, email, network_address(request), devices.is_known(request, realm, email))


@contextmanager
def counted_attempts(request: Request, visitor: Visitor, kind: str = attempts.SIGN_IN) -> Generator[None]:
    """What is tried inside has been counted before, for good: the count outlives the refusal of what was wrong."""
    count_attempt(request.unit, visitor, kind)
    commit_so_far(request)
    yield


def chosen_realm(request: Request, wanted: str) -> Realm:
    """The realm of the tab that was chosen, else of the page that was wanted."""
    given = request.GET.get("realm")
    return Realm(given) if given in {realm.value for realm in Realm} else realm_of(wanted)


def network_address(request: Request) -> str:
    """Where the request comes from, as the server knows it; no header of the visitor's own counts."""
    return request.remote_addr or ""


def _by_mail(request: Request, form: SignInForm) -> str | None:
    """Where people of customers ask for a link, if the ini lets them sign in so."""
    if form.realm.data != Realm.CUSTOMERS.value or not request.setting(LINK_SIGN_IN):
        return None
    return "/sign-in-by-mail?" + urlencode({"next": form.next.data})


def _tabs(form: SignInForm) -> list[tuple[Text, str, bool]]:
    titles = {Realm.EMPLOYEES: _("Employees"), Realm.CUSTOMERS: _("Customers")}
    return [
        (
            title,
            "/sign-in?" + urlencode({"realm": realm.value, "next": form.next.data}),
            form.realm.data == realm.value,
        )
        for realm, title in titles.items()
    ]
