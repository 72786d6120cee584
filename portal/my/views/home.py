"""The way into an account, and its home."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.view import view_config

from portal.my.permissions import VIEW
from portal.my.resources import Account, MyRoot
from portal.web.request import Request
from portal.web.slots import MY_HOME_CARDS, panels


@view_config(
    context=MyRoot, permission=VIEW, request_method="GET", renderer="portal:my/templates/accounts.jinja2"
)
def accounts(context: MyRoot, request: Request) -> Any:
    """Straight to the only account, else a choice."""
    identity = request.identified
    memberships = identity.memberships if identity is not None else ()
    if len(memberships) == 1:
        return HTTPSeeOther(location=f"/my/{memberships[0].account}/")
    return {"memberships": memberships}


@view_config(
    context=Account, permission=VIEW, request_method="GET", renderer="portal:my/templates/home.jinja2"
)
def home(context: Account, request: Request) -> dict[str, Any]:
    """What the modules have to say to this customer."""
    return {"cards": panels(request, MY_HOME_CARDS, context, context)}
