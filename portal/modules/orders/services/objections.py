"""Votes before an order is confirmed or cancelled: what was objected, and what a person may pass over."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from portal.kernel.errors import Refused
from portal.kernel.events import Hold, Verdict, Vote, Warn
from portal.kernel.i18n import Text, _
from portal.kernel.unit import Unit

#: Whether the person has a permission of another module: (module, permission) → yes or no.
Allowed = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class Objection:
    """A warning or a hold as one person gets to see it.

    `key` names it when it is passed over; `reason` is empty for those who may not see the voter's module;
    `passable` says that this person may let it pass.
    """

    key: str
    voter: str
    reason: Text
    hold: bool
    passable: bool


class Objected(Refused):
    """Somebody objected, and not every objection was passed over."""

    def __init__(self, objections: Sequence[Objection]) -> None:
        blocked = any(not objection.passable for objection in objections)
        super().__init__(
            _("This is held until somebody with the right to do so releases it.")
            if blocked
            else _("Please read what speaks against it. You can go on all the same.")
        )
        self.objections = tuple(objections)


def nobody(_module: str, _permission: str) -> bool:
    """What the portal itself may pass over: nothing."""
    return False


def take_vote(unit: Unit, question: Vote, passed: Collection[str], allowed: Allowed) -> list[Objection]:
    """Ask, and return the objections that were passed over.

    Raises Objected while there is one that was not, or that this person may not let pass; Refused as voters do.
    """
    objections = [_objection(verdict, allowed) for verdict in unit.vote(question)]
    if any(objection.key not in passed or not objection.passable for objection in objections):
        raise Objected(objections)
    return objections


def _objection(verdict: Verdict, allowed: Allowed) -> Objection:
    key = _key(verdict)
    if isinstance(verdict, Warn):
        seen = verdict.permission is None or allowed(verdict.voter, verdict.permission)
        return Objection(key, verdict.voter, verdict.reason if seen else "", hold=False, passable=True)
    released = allowed(verdict.voter, verdict.release)
    return Objection(key, verdict.voter, verdict.reason if released else "", hold=True, passable=released)


def _key(verdict: Warn | Hold) -> str:
    """Names exactly this objection: a new figure in its reason is a new objection."""
    figures: dict[str, Any] = getattr(verdict.reason, "mapping", None) or {}
    said = f"{type(verdict).__name__}|{verdict.voter}|{verdict.reason}|{sorted(figures.items())!r}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]
