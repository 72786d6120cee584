"""What proposals show on the pages of others: home, the navigation, the documents they are about.

While no limit is set none of it asks the database anything.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, func, or_, select

from portal.kernel.i18n import _
from portal.proposals.lists import STATES, act_titles, decided_by_others
from portal.proposals.models import OPEN, Proposal
from portal.proposals.resources import decidable
from portal.web.request import NavigationEntry, Request
from portal.web.slots import Panel

#: Where what waits is listed.
WAITING = "/proposals/?state=open"
_TEMPLATES = "portal:proposals/templates/"
_SHOWN = 5


def navigation(request: Request) -> NavigationEntry | None:
    """The entry of the navigation, with how many proposals wait for this person: one statement."""
    acts = _acts(request)
    if not acts:
        return None
    count = request.db.scalar(select(func.count()).where(*_for_me(request, acts)))
    return NavigationEntry(_("Four eyes"), WAITING, "users", request.path.startswith("/proposals/"), count)


def home_card(request: Request) -> Panel | None:
    """What waits for this person: how many, and the oldest of them; one statement."""
    acts = _acts(request)
    if not acts:
        return None
    rows = request.db.execute(
        select(
            Proposal.public_id,
            Proposal.title,
            Proposal.act,
            Proposal.amount,
            Proposal.currency,
            Proposal.proposed_by,
            func.count().over().label("count"),
        )
        .where(*_for_me(request, acts))
        .order_by(Proposal.id)
        .limit(_SHOWN)
    ).all()
    if not rows:
        return None
    values = {"rows": rows, "count": rows[0].count, "titles": act_titles(request.house), "all": WAITING}
    return Panel(_("Waits for a second person"), f"{_TEMPLATES}card.jinja2", values)


def about(request: Request, kind: str, public_id: str) -> Panel | None:
    """What was proposed about a document, and what it came of, newest first: one statement, for whoever sees it."""
    if not request.house.limits:
        return None
    here = or_(
        and_(Proposal.document == public_id, Proposal.kind == kind),
        and_(Proposal.outcome == public_id, Proposal.outcome_kind == kind),
    )
    rows = request.db.scalars(
        select(Proposal)
        .where(here, Proposal.act.in_(request.house.guards))
        .order_by(Proposal.id.desc())
        .limit(_SHOWN)
    ).all()
    if not rows:
        return None
    mine, acts = request.actor.user_id, decidable(request)
    values = {
        "rows": [(row, row.act in acts or row.proposed_user_id == mine) for row in rows],
        "titles": act_titles(request.house),
        "states": STATES,
    }
    return Panel(_("Four eyes"), f"{_TEMPLATES}about.jinja2", values)


def _acts(request: Request) -> Sequence[str]:
    """The acts that this person may decide on; none while no limit is set."""
    return decidable(request) if request.house.limits else ()


def _for_me(request: Request, acts: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    return Proposal.state == OPEN, Proposal.act.in_(acts), decided_by_others(request.unit)
