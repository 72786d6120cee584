"""The tree of proposals: /proposals, and below it one by public id, for those whom it concerns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pyramid.authorization import DENY_ALL, Allow

from portal.kernel.card import Card
from portal.kernel.composition import staff_root
from portal.kernel.db import is_public_id
from portal.kernel.four_eyes import Allowed
from portal.kernel.i18n import Text
from portal.kernel.policy import policy_of, unmet
from portal.kernel.tree import Ace, ModuleRoot, Node
from portal.proposals import CARD, services
from portal.proposals.models import Proposal
from portal.proposals.permissions import DECIDE, ENTER
from portal.web.request import Request


class ProposalsRoot(ModuleRoot):
    """/proposals"""

    card: ClassVar[Card] = CARD
    request: Request

    @property
    def title(self) -> Text:
        """The title in breadcrumbs."""
        return CARD.title

    def __acl__(self) -> list[Ace]:
        """Every employee; what they find here follows from their rights in the modules."""
        return [(Allow, f"realm:{self.realm.value}", (ENTER, DECIDE)), DENY_ALL]

    def __getitem__(self, segment: str) -> Node:
        proposal = services.find(self.request.unit, segment) if is_public_id(segment) else None
        act = None if proposal is None else self.request.house.guarded_acts.get(proposal.act)
        if proposal is None or act is None or not _concerns(self.request, proposal):
            raise KeyError(segment)
        return (FreshProposalNode if act.fresh else ProposalNode)(self.request, segment, self, proposal)


class ProposalNode(Node):
    """One proposal."""

    request: Request

    def __init__(self, request: Request, name: str, parent: Node, proposal: Proposal) -> None:
        super().__init__(request, name, parent)
        self.proposal = proposal

    @property
    def title(self) -> Text:
        """What the act is about."""
        return self.proposal.title


class FreshProposalNode(ProposalNode):
    """One proposal whose act asks for a proof of identity that is minutes old."""


def allowed_by(request: Request) -> Allowed:
    """Whether the person has a permission of a module, under all that the ini demands of those who enter it."""

    def allowed(module: str, permission: str) -> bool:
        root = staff_root(request, module)
        if root is None or not request.permits(permission, root):
            return False
        return root.under_policy or _meets(request, request.house.card(module))

    return allowed


def _meets(request: Request, card: Card) -> bool:
    """Where the root of a module stands outside its policy (/account), the policy is asked here."""
    identity = request.identified
    if identity is None or identity.method not in request.setting(policy_of(card).accepts):
        return False
    return unmet(card, request) is None


def decidable(request: Request) -> Sequence[str]:
    """The acts that this person has the right to decide on."""
    allowed = allowed_by(request)
    return [
        name
        for name, guard in request.house.guards.items()
        if allowed(guard.module, request.house.guarded_acts[name].permission)
    ]


def is_mine(request: Request, proposal: Proposal) -> bool:
    """Whether this person proposed it."""
    return proposal.proposed_user_id is not None and proposal.proposed_user_id == request.actor.user_id


def may_decide(request: Request, proposal: Proposal) -> bool:
    """Whether this person can be the second one."""
    permission = request.house.guarded_acts[proposal.act].permission
    return not is_mine(request, proposal) and allowed_by(request)(proposal.module, permission)


def _concerns(request: Request, proposal: Proposal) -> bool:
    """Whether a proposal is any business of this person; visitors are asked to sign in before they learn it."""
    return request.identified is None or is_mine(request, proposal) or may_decide(request, proposal)
