"""Proving anew who one is: what `/verify` asks for, and the way back."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.view import view_config

from portal.kernel.people import Factor, Identity
from portal.kernel.tree import Root
from portal.people import services
from portal.people.cookies import drop_cookie, set_cookie
from portal.people.destinations import after_sign_in, local_path
from portal.people.forms import VerifyForm
from portal.people.services.sessions import verified
from portal.people.services.sign_in import verify_password, visitor_of
from portal.people.verification import ANEW
from portal.people.views.sign_in import counted_attempts, network_address
from portal.web.request import Request


@view_config(
    context=Root,
    name="verify",
    permission=NO_PERMISSION_REQUIRED,
    request_method=("GET", "POST"),
    renderer="portal:people/templates/verify.jinja2",
    operation=False,
)
def verify(context: Root, request: Request) -> Any:
    """Ask for the password again; people who came another way are led there anew."""
    identity = request.identified
    wanted = local_path(request.GET.get("next"))
    if identity is None:
        return HTTPSeeOther(location=f"/sign-in?next={quote(wanted, safe='')}")
    if identity.method in ANEW:
        return HTTPSeeOther(location=f"{ANEW[identity.method]}?next={quote(wanted, safe='')}")
    form = VerifyForm(request, {"next": wanted})
    if request.submitted:
        form.check()
        user, address = services.user_by_id(request.unit, identity.user_id), network_address(request)
        with counted_attempts(request, visitor_of(user, address)):
            verify_password(request.unit, user, form.password.data, address)
        return go_on(request, identity, form.next.data)
    return {"form": form, "email": identity.email}


def go_on(request: Request, identity: Identity, wanted: str, factors: tuple[Factor, ...] = ()) -> Response:
    """The session goes on under a new cookie, verified now; the person goes back to where they were."""
    token = verified(request.unit, identity.session_id, factors)
    response = HTTPSeeOther(location=after_sign_in(wanted, identity.realm))
    if token is None:
        drop_cookie(request, response)
    else:
        set_cookie(request, response, token)
    return response
