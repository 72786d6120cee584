"""Keys for programs: made, listed and revoked by their owner; administrators see and revoke them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound, HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from portal.kernel.i18n import _
from portal.people import api_tokens, services
from portal.people.forms import ApiTokenForm
from portal.people.models import User
from portal.people.permissions import ADMINISTER, PROFILE
from portal.people.resources import ProfileRoot, UserNode
from portal.people.settings import TOKEN_DAYS
from portal.web.badges import Badge
from portal.web.operation import operation_key
from portal.web.request import Request

_TOKENS = "/account/tokens"
_USUAL_DAYS = 90

STATES = {
    "active": Badge(_("Active"), "success"),
    "expired": Badge(_("Expired"), "neutral"),
    "revoked": Badge(_("Revoked"), "danger"),
}


@view_config(
    context=ProfileRoot,
    name="tokens",
    permission=PROFILE,
    request_method="GET",
    renderer="portal:people/templates/tokens.jinja2",
)
def tokens(context: ProfileRoot, request: Request) -> dict[str, Any]:
    """One's own tokens."""
    return {"tokens": listed(request, _myself(request))}


@view_config(
    context=ProfileRoot,
    name="new-token",
    permission=PROFILE,
    request_method=("GET", "POST"),
    renderer="portal:people/templates/token_new.jinja2",
    fresh=True,
    operation=False,
)
def new_token(context: ProfileRoot, request: Request) -> Any:
    """Make a token. It is shown once, in the answer: the same form sent again makes no other."""
    user, unit = _myself(request), request.unit
    days = min(_USUAL_DAYS, request.setting(TOKEN_DAYS))
    form = ApiTokenForm(request, {"expires_on": unit.today() + timedelta(days=days)})
    form.offer(api_tokens.choosable(unit, user), api_tokens.accounts_of(unit, user), request)
    if not request.submitted:
        return {"form": form, "token": None, "back": _TOKENS}
    operation = operation_key(request)
    form.check()
    token = api_tokens.create(
        unit,
        user,
        name=form.name.data,
        permissions=form.permissions.data,
        expires_on=form.expires_on.data,
        account=form.account.data if "account" in form else "",
        operation=operation,
    )
    return {"form": None, "token": token, "back": _TOKENS}


@view_config(
    context=ProfileRoot, name="revoke-token", permission=PROFILE, request_method="POST", show="tokens"
)
def revoke_own(context: ProfileRoot, request: Request) -> Response:
    """End one of one's own tokens."""
    _revoke(request, _myself(request))
    return HTTPSeeOther(location=_TOKENS)


@view_config(context=UserNode, name="revoke-token", permission=ADMINISTER, request_method="POST", show="")
def revoke_one(context: UserNode, request: Request) -> Response:
    """End one token of a person."""
    _revoke(request, context.user)
    return HTTPSeeOther(location=request.resource_path(context))


def listed(request: Request, user: User) -> list[dict[str, Any]]:
    """The tokens of a person as `token_list.jinja2` shows them."""
    titles = {one.name: one.title for card in request.house.cards for one in card.permissions}
    return [
        {
            "facts": token,
            "state": STATES[token.state],
            "may": [titles.get(name, name) for name in token.permissions],
        }
        for token in api_tokens.tokens_of(request.unit, user)
    ]


def _revoke(request: Request, user: User) -> None:
    try:
        api_tokens.revoke(request.unit, user, str(request.POST.get("token", "")))
    except LookupError as error:
        raise HTTPNotFound from error
    request.flash(_("The token works no longer."))


def _myself(request: Request) -> User:
    if request.identified is None:
        raise HTTPForbidden
    return services.user_by_id(request.unit, request.identified.user_id)
