"""Events go up: frozen values told to whoever subscribed, in the same transaction.

A past tense happened (`OrderConfirmed`); a present participle is a vote before the first write
(`OrderConfirming`), answered with nothing, `Warn` or `Hold`, or refused by raising `Refused`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portal.kernel.i18n import Text


@dataclass(frozen=True, slots=True)
class Event:
    """Base of everything that is told between modules: a frozen dataclass of values, never of rows."""


@dataclass(frozen=True, slots=True)
class Vote(Event):
    """Base of the questions that are asked before something is done."""


@dataclass(frozen=True, slots=True)
class Warn:
    """A voter's concern that the person may pass over after having read it.

    `permission` is what one needs on the voter's module to read the reason in full.
    """

    voter: str
    reason: Text
    permission: str | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """A voter's objection that stands until somebody with `release` (a permission) lets it pass."""

    voter: str
    reason: Text
    release: str


Verdict = Warn | Hold
Subscriber = Callable[[Any, Any], Verdict | None]
