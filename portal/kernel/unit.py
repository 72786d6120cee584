"""The unit of work: alike in requests, jobs and the command line.

Services take the unit, never the request. It knows the session, the clock and the actor, and opens the doors
between modules: ask (downwards), publish and vote (upwards), enqueue (out of the house).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from sqlalchemy.orm import Session

from portal.kernel import audit, effects, jobs
from portal.kernel.company import Company
from portal.kernel.events import Event, Verdict, Vote
from portal.kernel.i18n import Text, translate
from portal.kernel.people import Actor
from portal.kernel.settings import Setting, T

if TYPE_CHECKING:
    from portal.kernel.composition import House

P = TypeVar("P")


class Clock(Protocol):
    """Tells the time; tests and the demo bring their own."""

    def __call__(self) -> datetime: ...


def system_clock() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)


class Unit:
    """One command or one reading, in one transaction."""

    def __init__(self, house: House, db: Session, actor: Actor, clock: Clock | None = None) -> None:
        self.house = house
        self.db = db
        self.actor = actor
        self.clock: Clock = clock or house.clock
        # Shared by all units over one session, so that a subscriber cannot be entered twice in one command.
        entered: set[object] = db.info.setdefault("portal_entered", set())
        self._entered = entered
        audit.attend(db, actor, self.clock)

    def now(self) -> datetime:
        """The moment, in UTC."""
        return self.clock()

    def today(self) -> date:
        """The business date: the company's calendar decides, not the server's."""
        return self.now().astimezone(self.company.zone).date()

    @property
    def company(self) -> Company:
        """The company that runs the portal."""
        return self.house.company

    def setting(self, setting: Setting[T]) -> T:
        """The value of a declared setting."""
        return self.house.settings[setting]

    def translate(self, text: Text, language: str) -> str:
        """`text` in `language`, with the catalogues of all modules in the house."""
        return translate(text, language, self.house.locales)

    # --- doors -------------------------------------------------------------------------------------------

    def ask(self, interface: type[P]) -> P:
        """The implementation of a Protocol. LookupError when no module provides it."""
        found = self.ask_if(interface)
        if found is None:
            raise LookupError(f"no module provides {interface.__name__}")
        return found

    def ask_if(self, interface: type[P]) -> P | None:
        """Like `ask`, or None where the providing module is optional and absent."""
        factory = self.house.services.get(interface)
        return None if factory is None else factory(self)

    def publish(self, event: Event) -> None:
        """Tell every subscriber, in this transaction, that something happened; a failing one aborts all.

        The audit log has it too.
        """
        audit.note_event(self, event)
        effects.tell(self, event)
        for subscriber in self.house.subscribers.get(type(event), ()):
            if subscriber in self._entered:
                raise RuntimeError(f"{subscriber.__qualname__} was entered twice in one command")
            self._entered.add(subscriber)
            try:
                subscriber(event, self)
            finally:
                self._entered.discard(subscriber)

    def vote(self, question: Vote) -> Sequence[Verdict]:
        """Ask before the first write whether anybody objects; subscribers may also raise `Refused`."""
        verdicts: list[Verdict] = []
        for subscriber in self.house.subscribers.get(type(question), ()):
            verdict = subscriber(question, self)
            if verdict is not None:
                verdicts.append(verdict)
        return verdicts

    def enqueue(
        self,
        kind: str,
        payload: Mapping[str, Any],
        *,
        after: timedelta = timedelta(0),
        dedupe: str | None = None,
    ) -> None:
        """Write a job row in this transaction; a worker runs it after the commit (see portal.kernel.jobs)."""
        jobs.enqueue(self, kind, payload, after=after, dedupe=dedupe)
