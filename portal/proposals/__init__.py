"""Proposals: acts above a limit of the ini, which wait for a second employee (four eyes).

Owns: proposals. Publishes: ActProposed, ProposalAgreed, ProposalDeclined, ProposalWithdrawn, ProposalLapsed.
The limits are those that cards declare (`Card.four_eyes`); verbs ask by `portal.proposals.intents.demand`, and
`config.guard` says how an act is shown and done. Pages: /proposals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.kernel.card import Card
from portal.kernel.i18n import _
from portal.proposals.permissions import PERMISSIONS

if TYPE_CHECKING:
    from portal.kernel.composition import Composer

CARD = Card(
    name="proposals",
    title=_("Four eyes"),
    package="portal.proposals",
    permissions=PERMISSIONS,
    migrations=True,
    house=True,
)


def includeme(config: Composer) -> None:
    """Connect proposals."""
    from portal.proposals import jobs, panels, proposing, resources
    from portal.proposals.permissions import ENTER
    from portal.web.slots import HOME_CARDS, NAVIGATION

    config.add_view_deriver(
        proposing.proposing_deriver, name="proposing", under="operation", over="rendered_view"
    )
    config.mount(CARD, resources.ProposalsRoot)
    config.offer(HOME_CARDS, panels.home_card, module=CARD.name, permission=ENTER, order=5)
    config.offer(NAVIGATION, panels.navigation, module=CARD.name, permission=ENTER, order=5)
    config.job(jobs.LAPSE, jobs.lapse, module=CARD.name, every=jobs.EVERY)
    config.scan("portal.proposals.views")
