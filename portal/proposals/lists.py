"""The list of proposals, and what pages show of them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, or_, select

from portal.kernel.composition import House
from portal.kernel.i18n import Text, _
from portal.kernel.unit import Unit
from portal.proposals.models import AGREED, DECLINED, LAPSED, OPEN, WITHDRAWN, Proposal
from portal.web.lists import Badge, ChoiceFilter, Column, Listing

STATES: Mapping[str, Badge] = {
    OPEN: Badge(_("Waits for a second person"), "warning"),
    AGREED: Badge(_("Agreed"), "success"),
    DECLINED: Badge(_("Declined"), "danger"),
    WITHDRAWN: Badge(_("Withdrawn"), "neutral"),
    LAPSED: Badge(_("Lapsed"), "neutral"),
}


def act_titles(house: House) -> Mapping[str, Text]:
    """What the acts that can be put under four eyes are called."""
    return {name: act.title for name, act in house.guarded_acts.items()}


def proposals(house: House) -> Listing:
    """The list for the acts of this house."""
    titles = act_titles(house)
    return Listing(
        base=select(Proposal.id),
        id=Proposal.id,
        columns=(
            Column("public_id", "", Proposal.public_id, hidden=True),
            Column("title", _("What"), Proposal.title, "link", to="public_id"),
            Column(
                "act",
                _("Act"),
                Proposal.act,
                "status",
                states={name: Badge(title) for name, title in titles.items()},
            ),
            Column("amount", _("Amount"), Proposal.amount, "money", currency="currency"),
            Column("currency", _("Currency"), Proposal.currency, hidden=True),
            Column("proposed_by", _("Proposed by"), Proposal.proposed_by),
            Column(
                "proposed_at", _("Proposed"), Proposal.proposed_at, "datetime", sort=True, sort_by=Proposal.id
            ),
            Column("state", _("State"), Proposal.state, "status", states=STATES),
            Column("decided_by", _("Decided by"), Proposal.decided_by, hidden=True),
            Column("reason", _("Reason"), Proposal.reason, hidden=True),
        ),
        default="-proposed_at",
        name="proposals",
        filters=(
            ChoiceFilter(
                "state",
                _("State"),
                {state: badge.label for state, badge in STATES.items()},
                lambda value: Proposal.state == value,
            ),
            ChoiceFilter("act", _("Act"), titles, lambda value: Proposal.act == value),
        ),
    )


def decided_by_others(unit: Unit) -> ColumnElement[bool]:
    """Proposals of others than whoever acts, and of the portal itself."""
    return or_(Proposal.proposed_user_id.is_(None), Proposal.proposed_user_id != unit.actor.user_id)
