"""What the demo's people do, in the order of time: modules put acts down, and each act may put down further ones."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime
from itertools import count

from portal.kernel.composition import House
from portal.kernel.people import Actor
from portal.kernel.unit import Unit
from portal.proposals.intents import lifted

Act = Callable[[Unit], None]


class Agenda:
    """Acts by moment; those of one moment in the order in which they were put down."""

    def __init__(self) -> None:
        self._acts: list[tuple[datetime, int, Actor, Act]] = []
        self._order = count()

    def put(self, moment: datetime, actor: Actor, act: Act) -> None:
        """Let `actor` do something at a moment, in a unit whose clock stands there."""
        heapq.heappush(self._acts, (moment, next(self._order), actor, act))

    def run(self, house: House, until: datetime) -> None:
        """Do everything up to a moment, one transaction for each week; what was to come later is forgotten."""
        while self._acts and self._acts[0][0] <= until:
            self._run_week(house, _week(self._acts[0][0]), until)
        self._acts.clear()

    def _run_week(self, house: House, week: tuple[int, int], until: datetime) -> None:
        with house.database.session(write=True) as session, lifted(session):
            while self._acts and _week(self._acts[0][0]) == week and self._acts[0][0] <= until:
                moment, _order, actor, act = heapq.heappop(self._acts)
                act(Unit(house, session, actor, _standing_at(moment)))
                session.flush()
            session.commit()


def _week(moment: datetime) -> tuple[int, int]:
    """Year and number of the ISO week."""
    return moment.isocalendar()[:2]


def _standing_at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment
