"""The verbs of proposals: propose, agree, decline, withdraw, lapse.

A proposal's row is locked before anything that it is about: of two people who decide at once, one does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from portal.kernel.errors import Conflict, Invalid, Refused
from portal.kernel.four_eyes import Allowed, Guard
from portal.kernel.i18n import Text, _
from portal.kernel.unit import Unit
from portal.proposals.events import (
    ActProposed,
    ProposalAgreed,
    ProposalDeclined,
    ProposalLapsed,
    ProposalWithdrawn,
)
from portal.proposals.intents import CHANGED, NeedsSecond, agreed, written
from portal.proposals.models import AGREED, DECLINED, LAPSED, OPEN, WITHDRAWN, Proposal

_BATCH = 500
_LONGEST_REASON = 500


def propose(unit: Unit, needed: NeedsSecond) -> Proposal:
    """Store an act that needs a second person, in the name of whoever acts.

    Raises Refused while the same act waits already; one that was proposed before a change lapses instead.
    """
    intent, act = needed.intent, unit.house.guarded_acts[needed.act]
    waiting = unit.db.scalar(
        select(Proposal)
        .where(Proposal.act == act.name, Proposal.target == intent.key, Proposal.state == OPEN)
        .with_for_update()
    )
    if waiting is not None:
        if waiting.seen == intent.seen:
            raise Refused(
                _("${who} has proposed this already, and it waits.", mapping={"who": waiting.proposed_by})
            )
        _lapse(unit, waiting)
    amount, currency = intent.amount or (None, None)
    proposal = Proposal(
        act=act.name,
        module=unit.house.guards[act.name].module,
        title=intent.title[:200],
        kind=intent.about.kind if intent.about else "",
        document=intent.about.public_id if intent.about else "",
        target=intent.key,
        amount=amount,
        currency=currency,
        base_amount=needed.measured,
        arguments=written(intent.arguments),
        seen=intent.seen,
        state=OPEN,
        proposed_by=unit.actor.name[:200],
        proposed_user_id=unit.actor.user_id,
        proposed_at=unit.now(),
        reason="",
    )
    unit.db.add(proposal)
    unit.db.flush()
    unit.publish(
        ActProposed(**_said(proposal), amount=proposal.base_amount, proposed_by=proposal.proposed_by)
    )
    return proposal


def done_or_proposed(unit: Unit, act: Callable[[], object]) -> Proposal | None:
    """Do an act outside of requests; where it needs a second person, propose it. None where it was done.

    Raises as the act, and as `propose`.
    """
    try:
        with unit.db.begin_nested():
            act()
    except NeedsSecond as needed:
        return propose(unit, needed)
    return None


def agree(unit: Unit, public_id: str, allowed: Allowed) -> Proposal:
    """Agree as the second person: the act is done by whoever agrees. Where it has changed since, the proposal lapses.

    Raises Refused for whoever proposed it, whoever lacks the right, one that was decided on, and as the act's own verb.
    """
    proposal = _lock(unit, public_id)
    guard = _demand_second(unit, proposal, allowed)
    if guard.seen(unit, proposal.given) != proposal.seen:
        _lapse(unit, proposal)
        return proposal
    try:
        with unit.db.begin_nested(), agreed(unit, proposal):
            outcome = guard.perform(unit, proposal.given, allowed)
    except Conflict:
        # Somebody changed it between the look at it and its lock.
        _lapse(unit, proposal)
        return proposal
    except Invalid as invalid:
        reason = next(iter(invalid.errors.values()))
        raise Refused(
            _("It cannot be done any more as it was proposed: ${reason}", mapping={"reason": reason})
        ) from invalid
    if outcome is not None:
        proposal.outcome_kind, proposal.outcome = outcome.kind, outcome.public_id
    _end(unit, proposal, AGREED)
    unit.publish(
        ProposalAgreed(
            **_said(proposal),
            proposed_by=proposal.proposed_by,
            proposed_user_id=proposal.proposed_user_id,
            agreed_by=unit.actor.name,
        )
    )
    return proposal


def decline(unit: Unit, public_id: str, reason: str, allowed: Allowed) -> None:
    """Decline as the second person, with a reason. Raises Refused as `agree`."""
    proposal = _lock(unit, public_id)
    _demand_second(unit, proposal, allowed)
    _end(unit, proposal, DECLINED, reason)
    unit.publish(
        ProposalDeclined(**_said(proposal), proposed_by=proposal.proposed_by, reason=proposal.reason)
    )


def withdraw(unit: Unit, public_id: str) -> None:
    """Take back what one proposed. Raises Refused for anybody else, and for what was decided on."""
    proposal = _lock(unit, public_id)
    if unit.actor.user_id is None or unit.actor.user_id != proposal.proposed_user_id:
        raise Refused(_("Only whoever proposed it takes it back."))
    _end(unit, proposal, WITHDRAWN)
    unit.publish(ProposalWithdrawn(**_said(proposal)))


def lapse_outdated(unit: Unit) -> None:
    """Let lapse what was proposed on a state that is over, so that nobody is shown what they cannot agree to."""
    waiting = unit.db.scalars(
        select(Proposal)
        .where(Proposal.state == OPEN, Proposal.act.in_(unit.house.guards))
        .order_by(Proposal.id)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    for proposal in waiting:
        if is_outdated(unit, proposal):
            _lapse(unit, proposal)


def is_outdated(unit: Unit, proposal: Proposal) -> bool:
    """Whether what a proposal is about has changed since, as far as one sees without locking it."""
    return unit.house.guards[proposal.act].seen(unit, proposal.given) != proposal.seen


def find(unit: Unit, public_id: str) -> Proposal | None:
    """The proposal of a public id: one statement."""
    return unit.db.scalar(select(Proposal).where(Proposal.public_id == public_id))


def _lock(unit: Unit, public_id: str) -> Proposal:
    proposal = unit.db.scalar(
        select(Proposal)
        .where(Proposal.public_id == public_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if proposal is None:
        raise LookupError(f"no proposal {public_id}")
    if proposal.state != OPEN:
        raise Conflict(_("This was decided on already. Please look at it again."))
    return proposal


def _demand_second(unit: Unit, proposal: Proposal, allowed: Allowed) -> Guard:
    """Raise Refused unless whoever acts may decide: an employee with the same right, and never who proposed."""
    guard = unit.house.guards.get(proposal.act)
    if guard is None:
        raise Refused(_("The module that this belongs to is switched off."))
    if unit.actor.kind != "employee" or unit.actor.user_id is None:
        raise Refused(_("Only an employee decides on this."))
    if unit.actor.user_id == proposal.proposed_user_id:
        raise Refused(_("Nobody decides on what they proposed themselves."))
    if not allowed(guard.module, unit.house.guarded_acts[proposal.act].permission):
        raise Refused(_("Only somebody who has the right to do this decides on it."))
    return guard


def _lapse(unit: Unit, proposal: Proposal) -> None:
    _end(unit, proposal, LAPSED, unit.translate(CHANGED, unit.company.language))
    unit.publish(ProposalLapsed(**_said(proposal), reason=proposal.reason))


def _end(unit: Unit, proposal: Proposal, state: str, reason: Text = "") -> None:
    proposal.state, proposal.reason = state, reason[:_LONGEST_REASON]
    proposal.decided_by, proposal.decided_user_id = unit.actor.name[:200], unit.actor.user_id
    proposal.decided_at = unit.now()
    unit.db.flush()


def _said(proposal: Proposal) -> dict[str, Any]:
    """What every event says of a proposal."""
    return {
        "proposal_id": proposal.id,
        "public_id": proposal.public_id,
        "act": proposal.act,
        "title": proposal.title,
        "kind": proposal.kind,
        "document": proposal.document,
    }
