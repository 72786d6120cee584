"""The demo: Northwind's business, made by the modules in their order through the services that people use.

A module's `config.demo(run, module=…)` gets a `DemoContext`: it adds its master data at once, and puts what happens in
the course of time on the agenda, which is worked off afterwards, day by day. Its users have an address at
`DOMAIN` and `PASSWORD`; production refuses to start with one of them. The demo sends no mail: people see
documents as sent, the step that mails them is not taken.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.kernel.composition import House
from portal.kernel.people import SYSTEM, Actor
from portal.kernel.unit import Unit
from portal.ops import northwind
from portal.ops.agenda import Agenda
from portal.ops.further import Further, Scale
from portal.ops.models import DemoRun
from portal.people.demo import DOMAIN, PASSWORD, Person
from portal.people.models import User
from portal.proposals.intents import lifted

__all__ = ["DOMAIN", "PASSWORD", "DemoContext", "DemoPerson", "State", "demo_people", "fill", "state"]

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A demo user, who can sign in with `PASSWORD` while active."""

    realm: str
    email: str
    name: str
    active: bool


@dataclass(frozen=True)
class DemoContext:
    """What a module's demo works with.

    `today` is the business date of the present. `options` are those of `portal demo`: `orders` is the number of further
    orders for measuring, 0 without. `accounts` maps Northwind's codes of customers to their ids, `products` Northwind's
    numbers of products to their public ids, `buyers` codes of customers to their person who can sign in, `departments`
    codes of customers to the ids of their departments, as the modules that own them have told. `to_bill` are public ids of
    orders that wait to be billed by hand. `further` takes what makes further orders.
    """

    house: House
    today: date
    options: Mapping[str, int] = field(default_factory=dict[str, int])
    agenda: Agenda = field(default_factory=Agenda)
    further: Further = field(default_factory=Further)
    accounts: dict[str, int] = field(default_factory=dict[str, int])
    products: dict[int, str] = field(default_factory=dict[int, str])
    buyers: dict[str, Person] = field(default_factory=dict[str, Person])
    departments: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    to_bill: list[str] = field(default_factory=list[str])

    @property
    def opening(self) -> date:
        """The Monday of the week before Northwind's first order."""
        first = self.moved(northwind.orders()[0].ordered)
        return first - timedelta(days=first.weekday()) - _WEEK

    def moved(self, day: date) -> date:
        """A day of Northwind, moved by whole weeks so that its last order was placed within the last week."""
        newest = northwind.orders()[-1].ordered
        return day + (self.today - timedelta(days=1) - newest) // _WEEK * _WEEK

    @contextmanager
    def unit(self, at: datetime | date | None = None, actor: Actor = SYSTEM) -> Generator[Unit]:
        """A unit whose clock stands at `at` (a date means its noon in UTC; None the present), committed at the end."""
        moment = _moment(at)
        with self.house.database.session(write=True) as session, lifted(session):
            yield Unit(self.house, session, actor, None if moment is None else lambda: moment)
            session.commit()


def fill(context: DemoContext) -> Generator[str]:
    """Run the demo of every module, make further orders, then do what stands on the agenda up to the present.

    Yields what is next, for show. That it began, and that it is complete, is noted in the database: see `state`.
    """
    with context.unit() as unit:
        unit.db.add(DemoRun(begun_at=unit.now()))
    for demo in context.house.demos:
        yield demo.module
        demo.run(context)
    if context.options.get("orders"):
        # They are older than all that stands on the agenda, which closes the books of their years.
        yield from context.further.run(context.house, Scale.of(context.options["orders"]), context.opening)
    yield "agenda"
    context.agenda.run(context.house, context.house.clock())
    with context.unit() as unit:
        unit.db.execute(update(DemoRun).values(finished_at=unit.now()))


class State(Enum):
    """What the database has of the demo. `FOREIGN`: people who are none of the demo's."""

    EMPTY = "empty"
    FOREIGN = "foreign"
    HALFWAY = "halfway"
    DONE = "done"


def state(session: Session) -> State:
    """Whether the demo can be made here, was made, or was stopped in the middle."""
    if session.scalar(select(DemoRun.id).where(DemoRun.finished_at.is_(None)).limit(1)) is not None:
        return State.HALFWAY
    if demo_people(session):
        return State.DONE
    return State.EMPTY if session.scalar(select(User.id).limit(1)) is None else State.FOREIGN


def _moment(at: datetime | date | None) -> datetime | None:
    if at is None or isinstance(at, datetime):
        return at
    return datetime.combine(at, time(12), UTC)


def demo_people(session: Session) -> Sequence[DemoPerson]:
    """The demo users in the database: employees first, then by the order in which they were made."""
    there = User.email_folded.like(f"%@{DOMAIN}")
    people = session.scalars(select(User).where(there).order_by(User.realm.desc(), User.id))
    return [DemoPerson(user.realm, user.email, user.name, user.active) for user in people]
