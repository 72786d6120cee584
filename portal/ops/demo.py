"""The demo: made by the modules in their order, through the services that people use.

A module's `config.demo(run, module=…)` gets a `DemoContext`. Demo users are those of the domain `demo.example`; the
demo sends no mail, and production refuses to start with one of its users.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from portal.kernel.composition import House
from portal.kernel.people import SYSTEM, Actor
from portal.kernel.unit import Unit

DOMAIN = "demo.example"
#: The password of every demo user; production refuses to start with one of them.
PASSWORD = "northwind traders"  # noqa: S105 - public on purpose


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A demo user who can sign in with `PASSWORD`."""

    realm: str
    email: str
    name: str


@dataclass(frozen=True)
class DemoContext:
    """What a module's demo works with.

    `today` is the business date of the newest demo data. `options` are those of `portal demo`: `orders` is the number
    of further orders for measuring, 0 without. `shared` carries what one module's demo tells those after it, by name
    (`"customers.account"`: a mapping of Northwind's code to the customer's number, say).
    """

    house: House
    today: date
    options: Mapping[str, int] = field(default_factory=dict[str, int])
    shared: dict[str, object] = field(default_factory=dict[str, object])

    @contextmanager
    def unit(self, at: datetime | date | None = None, actor: Actor = SYSTEM) -> Generator[Unit]:
        """A unit whose clock stands at `at` (a date means its noon in UTC; None the present), committed at the end."""
        moment = _moment(at)
        with self.house.database.session(write=True) as session:
            yield Unit(self.house, session, actor, None if moment is None else lambda: moment)
            session.commit()


def _moment(at: datetime | date | None) -> datetime | None:
    if at is None or isinstance(at, datetime):
        return at
    return datetime.combine(at, time(12), UTC)


def demo_people(session: Session) -> Sequence[DemoPerson]:
    """The demo users in the database: employees first, then by the order in which they were made."""
    statement = text(
        "SELECT realm, email, name FROM people_user WHERE email LIKE :pattern ORDER BY realm DESC, id"
    ).bindparams(bindparam("pattern", f"%@{DOMAIN}"))
    return [DemoPerson(row.realm, row.email, row.name) for row in session.execute(statement)]
