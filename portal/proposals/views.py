"""Pages of proposals: what waits and what became of it, one of them, and deciding on it."""

from __future__ import annotations

from datetime import date
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config
from sqlalchemy import ColumnElement, or_

from portal.kernel.four_eyes import Description
from portal.kernel.i18n import Text, _
from portal.kernel.money import Money
from portal.proposals import services
from portal.proposals.forms import DeclineForm, PlainForm
from portal.proposals.lists import STATES, act_titles, proposals
from portal.proposals.models import LAPSED, OPEN, Proposal
from portal.proposals.permissions import DECIDE, ENTER
from portal.proposals.resources import (
    FreshProposalNode,
    ProposalNode,
    ProposalsRoot,
    allowed_by,
    decidable,
    is_mine,
    may_decide,
)
from portal.web import formats
from portal.web.references import staff_url
from portal.web.request import Request

_TEMPLATES = "portal:proposals/templates/"


@view_config(
    context=ProposalsRoot, permission=ENTER, request_method="GET", renderer=f"{_TEMPLATES}proposals.jinja2"
)
def proposal_list(context: ProposalsRoot, request: Request) -> dict[str, Any]:
    """What this person may decide on or has proposed, newest first."""
    listing = proposals(request.house)
    return {"page": listing.page(request.db, request.GET, [_concerning(request)], base="/proposals/")}


@view_config(context=ProposalsRoot, name="csv", permission=ENTER, request_method="GET")
def proposals_csv(context: ProposalsRoot, request: Request) -> Response:
    """The same as a file."""
    return proposals(request.house).csv(request, [_concerning(request)])


def _concerning(request: Request) -> ColumnElement[bool]:
    mine = Proposal.proposed_user_id == request.actor.user_id
    return or_(mine, Proposal.act.in_(decidable(request))) & Proposal.act.in_(request.house.guards)


@view_config(
    context=ProposalNode, permission=ENTER, request_method="GET", renderer=f"{_TEMPLATES}proposal.jinja2"
)
def proposal(context: ProposalNode, request: Request) -> dict[str, Any]:
    """What was proposed, by whom, and what this person can do about it."""
    row = context.proposal
    waits = row.state == OPEN
    description = _description(request, row)
    return {
        "proposal": row,
        "act": act_titles(request.house)[row.act],
        "state": STATES[row.state],
        "title": description.title,
        "lines": [(term, _written(value, request)) for term, value in description.lines],
        "outdated": waits and services.is_outdated(request.unit, row),
        "document": staff_url(request, row.kind, row.document) if row.document else None,
        "outcome": staff_url(request, row.outcome_kind, row.outcome) if row.outcome else None,
        "base": request.company.currency,
        "may_decide": waits and may_decide(request, row),
        "is_mine": is_mine(request, row),
        "form": DeclineForm(request),
        "here": request.resource_path(context),
    }


def _description(request: Request, row: Proposal) -> Description:
    """What the act would do; where what it is about is gone, its name alone."""
    guard = request.house.guards[row.act]
    try:
        return guard.describe(request.unit, row.given)
    except LookupError:
        return Description(act_titles(request.house)[row.act])


def _written(value: Text | date | Money, request: Request) -> Text:
    if isinstance(value, Money):
        return formats.money(value.minor, value.currency, request.locale_name)
    return formats.date(value, request.locale_name) if isinstance(value, date) else value


@view_config(context=ProposalNode, name="agree", permission=DECIDE, request_method="POST", show="")
@view_config(
    context=FreshProposalNode, name="agree", permission=DECIDE, request_method="POST", show="", fresh=True
)
def agree(context: ProposalNode, request: Request) -> Response:
    """Agree: it is done now, by this person."""
    PlainForm(request).check()
    decided = services.agree(request.unit, context.proposal.public_id, allowed_by(request))
    if decided.state == LAPSED:
        request.flash(_("Nothing was done: what was proposed has changed since."), "warning")
    else:
        request.flash(_("Agreed and done."))
    return HTTPSeeOther(request.resource_path(context))


@view_config(context=ProposalNode, name="decline", permission=DECIDE, request_method="POST", show="")
def decline(context: ProposalNode, request: Request) -> Response:
    """Decline, with a reason."""
    form = DeclineForm(request)
    form.check()
    services.decline(request.unit, context.proposal.public_id, form.reason.data, allowed_by(request))
    request.flash(_("Declined. Nothing was done."))
    return HTTPSeeOther(request.resource_path(context))


@view_config(context=ProposalNode, name="withdraw", permission=DECIDE, request_method="POST", show="")
def withdraw(context: ProposalNode, request: Request) -> Response:
    """Take back what one proposed."""
    PlainForm(request).check()
    services.withdraw(request.unit, context.proposal.public_id)
    request.flash(_("Withdrawn. Nothing was done."))
    return HTTPSeeOther(request.resource_path(context))
