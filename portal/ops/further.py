"""Further customers and orders beside Northwind's, for measuring: deterministic, and as many as are asked for.

Each order's whole life, from its first row to its payment, is told by the modules step by step. The first ones of each
kind are made through the services, the others are copies of them (see `portal.ops.multiplying`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from portal.kernel.composition import House
from portal.kernel.people import SYSTEM, Actor
from portal.kernel.unit import Unit
from portal.ops.multiplying import Copyist, Prototype, Rules, Values
from portal.proposals.intents import lifted

_YEARS = 3
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_REPORT = 10_000


@dataclass(frozen=True, slots=True)
class Scale:
    """How many there are to be; customers and orders repeat a number of kinds.

    A customer of a kind is a copy of the first one but for its name. An order of a kind is a copy of the first one for
    another customer of one kind, on another day; `kinds_of_orders` is a multiple of `kinds_of_customers`.
    """

    orders: int
    customers: int
    kinds_of_customers: int = 91
    kinds_of_orders: int = 364

    @classmethod
    def of(cls, orders: int) -> Scale:
        """A tenth as many customers as orders, 10,000 at most with Northwind's own."""
        return cls(orders, max(min(orders // 10, 10_000 - 91), 91))


@dataclass(frozen=True, slots=True)
class Account:
    """A further customer: its row in `table`, and the words in texts about it that no other's have."""

    table: str
    id: int
    words: tuple[str, ...]


@dataclass
class FurtherOrder:
    """A further order while it is made through the services.

    `kind` decides its lines and its fate, `customer_id` and `reference` are its own, `day` is when its life begins.
    `at(day, hour, actor)` gives a unit whose clock stands there. `order_id`: set by the module that makes orders.
    """

    kind: int
    customer_id: int
    reference: str
    day: date
    session: Session
    house: House
    order_id: int = 0

    def at(self, day: date, hour: int, actor: Actor) -> Unit:
        """A unit of work at an hour of a day, in the transaction of the order's whole life."""
        moment = datetime.combine(day, time(hour), UTC)
        return Unit(self.house, self.session, actor, lambda: moment)


class OpenAccount(Protocol):
    """Opens a further account through the services."""

    def __call__(self, unit: Unit, kind: int, word: str) -> None:
        """`kind` decides all but its name, which carries the word."""
        ...


Rows = Mapping[str, list[Values]]
Step = Callable[[FurtherOrder], None]


@dataclass
class Further:
    """What modules bring: how an account is opened, the steps of an order's life, the rules for copying their tables.

    `account_of` finds a further account in the rows that were written with it.
    """

    open_account: OpenAccount | None = None
    account_of: Callable[[Rows, str], Account] | None = None
    steps: list[Step] = field(default_factory=list[Step])
    rules: list[Callable[[House], Rules]] = field(default_factory=list[Callable[[House], Rules]])

    def run(self, house: House, scale: Scale, before: date, *, copies: bool = True) -> Generator[str]:
        """Make them in the three calendar years before that day; yields progress, for show.

        `copies` False makes every single one through the services. Raises LookupError without a module of customers.
        """
        with house.database.session(write=True) as session, lifted(session):
            work = _Work(self, house, session, scale, before, copies)
            yield f"{scale.customers:,} further customers"
            for place in range(scale.customers):
                work.customer(place)
            work.save()
            for place in range(scale.orders):
                if place % _REPORT == 0 or place == scale.kinds_of_orders:
                    work.save()
                    yield f"further orders from number {place + 1:,}"
                work.order(place)
            work.save()


def word(place: int) -> str:
    """The word by which the name of a further customer differs from the others of its kind: Qaaab."""
    letters = ""
    for _ in range(4):
        place, letter = divmod(place, len(_LETTERS))
        letters = _LETTERS[letter] + letters
    return f"Q{letters}"


def _both(text: str) -> tuple[str, str]:
    """As written, and as in texts to search in."""
    return text, text.lower()


class _Work:
    """The making of all of them, one after the other."""

    def __init__(
        self, further: Further, house: House, session: Session, scale: Scale, before: date, copies: bool
    ) -> None:
        if further.open_account is None or further.account_of is None:
            raise LookupError("no module opens further accounts")
        self._open, self._account_of, self._steps = further.open_account, further.account_of, further.steps
        self._house = house
        self._session = session
        self._scale = scale
        self._copies = copies
        self._begin = date(before.year - _YEARS, 1, 1)
        self._days = (date(before.year, 1, 1) - self._begin).days
        self._copyist = Copyist(session, [rules(house) for rules in further.rules])
        self._accounts: list[Account] = []
        self._customers: list[Prototype] = []
        self._orders: list[tuple[Prototype, date]] = []

    def save(self) -> None:
        """Write what is still in memory, and commit."""
        self._copyist.flush()
        self._copyist.analyze()
        self._session.commit()
        self._session.expunge_all()

    def customer(self, place: int) -> None:
        """The further customer at that place."""
        kind = place % self._scale.kinds_of_customers
        if self._copies and len(self._customers) > kind:
            rows = self._copyist.copy(self._customers[kind], 0, _both(word(place)), {})
        else:
            since = self._copyist.mark()
            self._open(self._unit(self._begin), kind, word(place))
            self._session.flush()
            prototype = self._copyist.prototype(since, _both(word(place)))
            if len(self._customers) == kind:
                self._customers.append(prototype)
            rows = prototype.rows
        self._accounts.append(self._account_of(rows, word(place)))

    def order(self, place: int) -> None:
        """The further order at that place."""
        kind = place % self._scale.kinds_of_orders
        account, day = self._buyer(place), self._day(place)
        words = (*account.words, *_both(f"PO-F{place + 1:06d}"))
        if self._copies and len(self._orders) > kind:
            prototype, first_day = self._orders[kind]
            first = self._buyer(kind)
            ids = {(first.table, first.id): account.id}
            self._copyist.copy(prototype, (day - first_day).days, words, ids)
            return
        since = self._copyist.mark() if len(self._orders) == kind else None
        order = FurtherOrder(kind, account.id, words[-2], day, self._session, self._house)
        for step in self._steps:
            step(order)
        self._session.flush()
        if since is not None:
            self._orders.append((self._copyist.prototype(since, words), day))
        self._session.expunge_all()

    def _unit(self, day: date) -> Unit:
        moment = datetime.combine(day, time(8), UTC)
        return Unit(self._house, self._session, SYSTEM, lambda: moment)

    def _buyer(self, place: int) -> Account:
        """The customers of a kind buy in turn."""
        kinds = self._scale.kinds_of_customers
        kind = place % self._scale.kinds_of_orders % kinds
        of_kind = len(range(kind, len(self._accounts), kinds))
        return self._accounts[kind + kinds * (place // kinds % of_kind)]

    def _day(self, place: int) -> date:
        return self._begin + timedelta(days=place * self._days // max(self._scale.orders, 1))
