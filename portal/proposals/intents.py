"""What a verb says before an act that may need a second person, and what becomes of it.

    demand(unit, CONFIRM, order.base_gross, lambda: Intent(…))

stands in the verb itself, after its checks and votes: every way to the act goes by it. Above the limit it raises
`NeedsSecond`, so that nothing is done; whoever runs the verb stores the proposal in a transaction of its own
(`portal.proposals.proposing` for pages, `services.done_or_proposed` for jobs and the command line), and where nobody
does, it is a refusal. When the second person has agreed the verb is run again, by them, and this place compares what it
is about to do with what was proposed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from portal.kernel.errors import Conflict, Refused
from portal.kernel.four_eyes import Reference, needs_second
from portal.kernel.i18n import Text, _
from portal.kernel.unit import Unit
from portal.proposals.models import Proposal

_AGREEMENT = "portal_agreement"
_LIFTED = "portal_four_eyes_lifted"

CHANGED: Text = _("What was proposed has changed since.")


@dataclass(frozen=True, slots=True)
class Intent:
    """An act as a verb is about to do it.

    `arguments` are those of the verb, as JSON has them; `seen` the state that the verb saw (a version, a fingerprint).
    `title` is how people call what it is about, `about` the document, if there is one, and `amount` the figure on it in
    minor units with its currency. `target` tells apart what can be proposed at the same time: the document, unless it
    is given; without either the arguments.
    """

    arguments: Mapping[str, Any]
    title: str
    seen: str = ""
    about: Reference | None = None
    amount: tuple[int, str] | None = None
    target: str = ""

    @property
    def key(self) -> str:
        """What is unique among the open proposals of an act."""
        if self.target:
            return self.target
        return f"{self.about.kind}:{self.about.public_id}" if self.about else fingerprint(self.arguments)


class NeedsSecond(Refused):
    """The act is above its limit: nothing was done, and it can be proposed to a second person."""

    def __init__(self, act: str, measured: int | None, intent: Intent) -> None:
        super().__init__(_("One person alone may not do this: a second one has to agree."))
        self.act, self.measured, self.intent = act, measured, intent


class Agreement:
    """An agreed proposal while its act is done: good for exactly that act, once."""

    def __init__(self, proposal: Proposal) -> None:
        self._proposal = proposal
        self.is_spent = False

    def covers(self, act: str) -> bool:
        """Whether this is the act that was agreed to, and was not done yet."""
        return not self.is_spent and act == self._proposal.act

    def spend(self, measured: int | None, intent: Intent) -> None:
        """Let the act pass. Raises Conflict unless it is to the letter what was proposed."""
        proposal = self._proposal
        if (
            written(intent.arguments) != proposal.arguments
            or intent.seen != proposal.seen
            or intent.key != proposal.target
            or measured != proposal.base_amount
        ):
            raise Conflict(CHANGED)
        self.is_spent = True


def demand(unit: Unit, act: str, measured: int | None, intent: Callable[[], Intent]) -> None:
    """Let an act pass that one person may do, or that a second one has agreed to; raise NeedsSecond above the limit.

    `measured` in minor units of the base currency, None for an act of no amount. `intent` is asked only where it matters,
    and may itself refuse what could not be done anyway. No statement is run below the limit.
    """
    agreement: Agreement | None = unit.db.info.get(_AGREEMENT)
    if agreement is not None and agreement.covers(act):
        agreement.spend(measured, intent())
        return
    if not needs_second(unit.house.limits.get(act), measured) or unit.db.info.get(_LIFTED):
        return
    if agreement is not None:
        title = unit.house.guarded_acts[act].title
        raise Refused(
            _("This includes another act that needs a second person: ${title}.", mapping={"title": title})
        )
    raise NeedsSecond(act, measured, intent())


def is_asked(unit: Unit, act: str) -> bool:
    """Whether `demand` can do anything but let the act pass: for verbs that must first find out what it amounts to."""
    return act in unit.house.limits or _AGREEMENT in unit.db.info


@contextmanager
def agreed(unit: Unit, proposal: Proposal) -> Generator[None]:
    """Do the act of a proposal inside. Raises Conflict where the verb found nothing to do any more."""
    agreement = Agreement(proposal)
    unit.db.info[_AGREEMENT] = agreement
    try:
        yield
    finally:
        del unit.db.info[_AGREEMENT]
    if not agreement.is_spent:
        raise Conflict(CHANGED)


@contextmanager
def lifted(session: Session) -> Generator[None]:
    """Act without a second person, for what makes a company up: the demo, and the kit of the tests.

    Each use is listed in tests/proposals/test_ways_round.py.
    """
    session.info[_LIFTED] = True
    try:
        yield
    finally:
        session.info.pop(_LIFTED, None)


def written(arguments: Mapping[str, Any]) -> str:
    """Arguments as they are stored: the same for the same."""
    return json.dumps(arguments, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def fingerprint(*seen: Any) -> str:
    """A state that is too long for `Intent.seen`, in 64 characters."""
    return hashlib.sha256(json.dumps(seen, sort_keys=True, default=str).encode()).hexdigest()
