"""What others may HEAR of proposals. `kind` and `document` name what a proposal is about, "" where it is about no document."""

from __future__ import annotations

from dataclasses import dataclass

from portal.kernel.events import Event


@dataclass(frozen=True, slots=True)
class ActProposed(Event):
    """An act above its limit was proposed instead of done; `amount` in minor units of the base currency."""

    proposal_id: int
    public_id: str
    act: str
    title: str
    kind: str
    document: str
    amount: int | None
    proposed_by: str


@dataclass(frozen=True, slots=True)
class ProposalAgreed(Event):
    """A second person agreed and the act was done by them, in this transaction."""

    proposal_id: int
    public_id: str
    act: str
    title: str
    kind: str
    document: str
    proposed_by: str
    proposed_user_id: int | None
    agreed_by: str


@dataclass(frozen=True, slots=True)
class ProposalDeclined(Event):
    """A second person declined; nothing was done."""

    proposal_id: int
    public_id: str
    act: str
    title: str
    kind: str
    document: str
    proposed_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class ProposalWithdrawn(Event):
    """Whoever proposed took it back."""

    proposal_id: int
    public_id: str
    act: str
    title: str
    kind: str
    document: str


@dataclass(frozen=True, slots=True)
class ProposalLapsed(Event):
    """What a proposal was about has changed since: nobody can agree to it any more."""

    proposal_id: int
    public_id: str
    act: str
    title: str
    kind: str
    document: str
    reason: str
