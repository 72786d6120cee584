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
from portal.people.forms import ticked
from portal.web.request import Request


@view_config(
    context=Colleagues,
    permission=VIEW,
    request_method="GET",
    renderer="portal:my/templates/colleagues.jinja2",
)
def colleagues(context: Colleagues, request: Request) -> dict[str, Any]:
    """Everybody who uses the account, and whom this person meets there."""
    members = people.members(request.unit, context.scope)
    limited = any(member.departments is not None for member in members)
    terms = people.terms(request.unit, context.scope) if limited else None
    return {
        "members": members,
        "departments": {} if terms is None else {one.id: one.name for one in terms.departments},
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
    identity, terms = request.identified, people.terms(request.unit, context.scope)
    beginning = {"scopes": ["order"], "language": identity.language if identity is not None else ""}
    form = InviteColleagueForm(request, beginning, terms=terms, scope=context.scope)
    if request.submitted:
        form.check()
        people.invite(
            request.unit,
            context.scope,
            email=form.email.data,
            name=form.name.data,
            language=form.language.data,
            scopes=form.scopes.data,
            limit=form.spending(terms.currency),
            departments=form.chosen_departments,
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
    member, limit = context.member, context.member.limit
    terms = people.terms(request.unit, context.scope)
    # A limit keeps the currency in which it was set, also when the account buys in another one by now.
    currency = terms.currency if limit is None else limit.currency
    stored = {
        "scopes": member.scopes,
        "limit": None if limit is None else limit.amount,
        "departments": ticked(terms.departments, member.departments),
    }
    form = ScopesForm(request, stored, terms=terms, scope=context.scope, currency=currency)
    if request.submitted:
        form.check()
        people.change(
            request.unit,
            context.scope,
            member.public_id,
            form.scopes.data,
            form.spending(currency),
            form.chosen_departments,
        )
        return _back(context, request)
    return {"form": form, "member": member, "base": request.resource_path(context)}


@view_config(context=Colleague, name="end", permission=MANAGE, request_method="POST", show="")
def end(context: Colleague, request: Request) -> Response:
    """Take a colleague out of the account."""
    people.end(request.unit, context.scope, context.member.public_id)
    return _back(context, request)


def _back(context: Colleague, request: Request) -> Response:
    request.flash(_("Saved: ${name}.", mapping={"name": context.member.name}))
    return HTTPSeeOther(location=request.resource_path(context.__parent__))
