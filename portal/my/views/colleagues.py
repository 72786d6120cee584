"""Colleagues: who else uses the account, and what they may do."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from portal.kernel.i18n import _
from portal.my.forms import InviteColleagueForm, ScopesForm
from portal.my.permissions import MANAGE, VIEW
from portal.my.resources import Colleague, Colleagues
from portal.people import colleagues as people
from portal.web.request import Request


@view_config(
    context=Colleagues,
    permission=VIEW,
    request_method="GET",
    renderer="portal:my/templates/colleagues.jinja2",
)
def colleagues(context: Colleagues, request: Request) -> dict[str, Any]:
    """Everybody who uses the account."""
    return {
        "members": people.members(request.unit, context.scope),
        "may_manage": request.permits(MANAGE),
        "base": request.resource_path(context),
    }


@view_config(
    context=Colleagues,
    name="invite",
    permission=MANAGE,
    request_method=("GET", "POST"),
    renderer="portal:my/templates/invite.jinja2",
    fresh="POST",
)
def invite(context: Colleagues, request: Request) -> Any:
    """Invite a colleague by mail."""
    identity, currency = request.identified, people.currency(request.unit, context.scope)
    beginning = {"scopes": ["order"], "language": identity.language if identity is not None else ""}
    form = InviteColleagueForm(request, beginning, currency=currency)
    if request.submitted:
        form.check()
        people.invite(
            request.unit,
            context.scope,
            email=form.email.data,
            name=form.name.data,
            language=form.language.data,
            scopes=form.scopes.data,
            limit=form.spending(currency),
        )
        request.flash(_("${email} gets a mail.", mapping={"email": form.email.data}))
        return HTTPSeeOther(location=request.resource_path(context))
    return {"form": form, "back": request.resource_path(context)}


@view_config(
    context=Colleague,
    permission=MANAGE,
    request_method=("GET", "POST"),
    renderer="portal:my/templates/colleague.jinja2",
    fresh="POST",
)
def colleague(context: Colleague, request: Request) -> Any:
    """Change what a colleague may do."""
    limit = context.member.limit
    # A limit keeps the currency in which it was set, also when the account buys in another one by now.
    currency = people.currency(request.unit, context.scope) if limit is None else limit.currency
    amount = None if limit is None else limit.amount
    form = ScopesForm(request, {"scopes": context.member.scopes, "limit": amount}, currency=currency)
    if request.submitted:
        form.check()
        people.change(
            request.unit, context.scope, context.member.public_id, form.scopes.data, form.spending(currency)
        )
        return _back(context, request)
    return {"form": form, "member": context.member, "base": request.resource_path(context)}


@view_config(context=Colleague, name="end", permission=MANAGE, request_method="POST", show="")
def end(context: Colleague, request: Request) -> Response:
    """Take a colleague out of the account."""
    people.end(request.unit, context.scope, context.member.public_id)
    return _back(context, request)


def _back(context: Colleague, request: Request) -> Response:
    request.flash(_("Saved: ${name}.", mapping={"name": context.member.name}))
    return HTTPSeeOther(location=request.resource_path(context.__parent__))
