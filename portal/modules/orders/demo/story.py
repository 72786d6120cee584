"""What happens to one order of Northwind: each step is an act on the agenda that puts the next one there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from portal.kernel.people import SYSTEM, Actor, Realm, Scope
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import CustomerFacts, ICustomers, PostalAddress
from portal.modules.orders.demo.fates import End, Fate, Way
from portal.modules.orders.events import OrderDelivered
from portal.modules.orders.interfaces import BILL_BY_HAND
from portal.modules.orders.models import Order
from portal.modules.orders.services import comments, deliveries, drafting, editing, lifecycle, own, reading
from portal.modules.orders.services.drafts import Draft, DraftLine
from portal.modules.orders.services.lifecycle import Acceptance
from portal.ops import northwind
from portal.ops.agenda import Act
from portal.ops.demo import DemoContext
from portal.people.demo import CLERK, Person, actor

_DAY = timedelta(days=1)
_REASONS = (
    "We found a better price elsewhere.",
    "Our stock lasts longer than we thought.",
    "The delivery would come too late for us.",
)


@dataclass(frozen=True, slots=True)
class Cast:
    """Who acts: the clerk, Northwind's other sellers by number, and the buyers who can sign in by customer."""

    clerk: Actor
    sellers: Mapping[int, Actor]
    buyers: Mapping[str, Actor]

    @classmethod
    def of(cls, unit: Unit, buyers: Mapping[str, Person]) -> Cast:
        """The cast with the ids of its users; `buyers` by customer."""
        clerk = actor(unit, CLERK)
        named = {number: Actor("employee", seller.name) for number, seller in northwind.employees().items()}
        return cls(
            clerk=clerk,
            sellers={number: clerk if one.name == clerk.name else one for number, one in named.items()},
            buyers={code: actor(unit, person, Realm.CUSTOMERS) for code, person in buyers.items()},
        )


class Story:
    """One order from its first day to the last one that has come yet."""

    def __init__(self, context: DemoContext, cast: Cast, order: northwind.Order, fate: Fate) -> None:
        self._context = context
        self._cast = cast
        self._order = order
        self._fate = fate
        self._seller = cast.sellers[order.employee]
        self._contact = next(one.contact for one in northwind.customers() if one.code == order.customer)
        self._first = context.moved(order.ordered)
        self._shipped = None if order.shipped is None else context.moved(order.shipped)
        self._id = 0
        self._public_id = ""

    def begin(self) -> None:
        """Put the first act on the agenda."""
        if self._fate.way is Way.REQUESTED:
            self._put(self._first, 7, self._request, self._buyer)
        else:
            self._put(self._first, 7, self._create)

    def repeat(self, day: date) -> None:
        """Let the customer request the same once more, which nobody has looked at yet."""
        self._put(day, 6, self._request_again, self._buyer)

    def _request_again(self, unit: Unit) -> None:
        scope = Scope.whole(self._context.accounts[self._order.customer])
        lines = own.to_repeat(unit, scope, self._public_id).lines
        own.request(unit, scope, lines, notes="The same as last time, please.")

    # --- quotations ----------------------------------------------------------------------------------------

    def _request(self, unit: Unit) -> None:
        lines = [
            DraftLine(line.quantity, product=self._context.products[line.product])
            for line in self._order.lines
        ]
        departments = unit.ask(ICustomers).departments(self._context.accounts[self._order.customer])
        created = own.request(
            unit,
            Scope.whole(self._context.accounts[self._order.customer]),
            lines,
            department=next((one.public_id for one in departments if one.id == self._department), None),
            reference=self._reference,
            requested_on=self._context.moved(self._order.required),
        )
        self._id, self._public_id = created.id, created.public_id
        self._put(self._first, 8, self._take_up)

    def _take_up(self, unit: Unit) -> None:
        order = drafting.take_up(unit, self._id)
        lines = reading.lines_of(unit.db, self._id)
        base = editing.stored_fields(order, lines)
        draft = drafting.draft_of(order, lines)
        prices = self._order.lines
        priced = tuple(
            replace(line, unit_price=price.price, discount=price.discount)
            for line, price in zip(draft.lines, prices, strict=True)
        )
        draft = replace(
            draft,
            lines=priced,
            responsible=self._seller.name,
            promised_on=draft.requested_on,
            bill_on=self._fate.bill_on,
        )
        editing.save(unit, self._id, editing.written(draft), base)
        self._prepared()

    def _create(self, unit: Unit) -> None:
        customer = unit.ask(ICustomers).get(self._context.accounts[self._order.customer])
        created = drafting.create(unit, customer, self._draft(unit, customer))
        self._id, self._public_id = created.id, created.public_id
        self._prepared()

    def _draft(self, unit: Unit, customer: CustomerFacts) -> Draft:
        lines = tuple(
            DraftLine(
                quantity=line.quantity,
                product=self._context.products[line.product],
                unit_price=line.price,
                discount=line.discount,
            )
            for line in self._order.lines
        )
        standard = drafting.standard_draft(unit, customer)
        return replace(
            standard,
            lines=lines,
            department_id=self._department,
            delivery_address=self._warehouse(customer) or standard.delivery_address,
            responsible=self._seller.name,
            customer_reference=self._reference,
            requested_on=self._context.moved(self._order.required) if self._order.id % 3 else None,
            promised_on=self._context.moved(self._order.required),
            bill_on=self._fate.bill_on,
        )

    def _prepared(self) -> None:
        end, way = self._fate.end, self._fate.way
        if end is End.WITHDRAWN:
            self._put(self._first + 3 * _DAY, 9, self._withdraw)
        elif end is not End.QUOTATION and way is not Way.ORDERED:
            self._put(self._first, 9, self._send)
        elif end is not End.QUOTATION:
            self._put(self._first, 12, self._confirm)

    def _withdraw(self, unit: Unit) -> None:
        lifecycle.withdraw(unit, self._id, "Ordered by mistake.")

    def _send(self, unit: Unit) -> None:
        lifecycle.send(unit, self._id)
        end = self._fate.end
        if end is End.DECLINED:
            self._put(self._first + 4 * _DAY, 10, self._decline)
        elif end is End.EXPIRED:
            self._put(self._first + 31 * _DAY, 4, self._expire, SYSTEM)
        elif end is not End.SENT:
            self._put(self._decided, 10, self._accept, self._buyer if self._by_buyer else self._seller)
        elif self._order.id % 2:
            self._put(self._first, 13, self._question, self._buyer)

    def _question(self, unit: Unit) -> None:
        scope = Scope.whole(self._context.accounts[self._order.customer])
        own.ask(unit, scope, self._public_id, "Could you deliver a week earlier?")

    def _expire(self, unit: Unit) -> None:
        lifecycle.expire(unit, self._id)

    def _decline(self, unit: Unit) -> None:
        lifecycle.record_decline(unit, self._id, _REASONS[self._order.id % len(_REASONS)])

    def _accept(self, unit: Unit) -> None:
        if self._by_buyer:
            scope = Scope.whole(self._context.accounts[self._order.customer])
            revision = unit.db.get_one(Order, self._id).revision
            own.accept(unit, scope, self._public_id, name=unit.actor.name, revision=revision)
        else:
            lifecycle.record_acceptance(unit, self._id, Acceptance(self._contact))
        if self._fate.end is not End.ACCEPTED:
            self._put(self._decided, 12, self._confirm)

    # --- orders --------------------------------------------------------------------------------------------

    def _confirm(self, unit: Unit) -> None:
        lifecycle.confirm(unit, self._id)
        end = self._fate.end
        if end is End.CANCELLED:
            self._put(self._decided + 2 * _DAY, 9, self._cancel)
        elif end in {End.DELIVERED, End.REST_CANCELLED}:
            shipped = self._shipped or self._decided
            self._put(
                shipped, 13, self._deliver_wrongly if self._fate.mistaken else self._deliver, self._cast.clerk
            )
        elif end is End.DELIVERED_PARTLY:
            self._put(self._decided + 5 * _DAY, 13, self._deliver, self._cast.clerk)

    def _cancel(self, unit: Unit) -> None:
        lifecycle.cancel(unit, self._id, "The customer closed the branch that ordered.")

    def _deliver(self, unit: Unit) -> None:
        rest = self._open(unit)
        whole = self._fate.end is End.DELIVERED and self._fate.deliveries == 1
        deliveries.deliver(unit, self._id, rest if whole else _half(rest))
        if self._fate.deliveries == 2:
            self._put(unit.today() + 3 * _DAY, 13, self._deliver_rest, self._cast.clerk)
        elif self._fate.end is End.REST_CANCELLED:
            self._put(unit.today() + 8 * _DAY, 9, self._cancel_rests)
        elif whole:
            self._completed(unit)

    def _deliver_rest(self, unit: Unit) -> None:
        deliveries.deliver(unit, self._id, self._open(unit), note="Rest of the order")
        self._completed(unit)

    def _deliver_wrongly(self, unit: Unit) -> None:
        made = deliveries.deliver(unit, self._id, _half(self._open(unit)))
        deliveries.undo(unit, self._id, made.public_id, reason="Loaded for another customer")
        comments.comment(unit, self._id, "Loading bay mixed up two pallets.", visible=False)
        self._put(unit.today(), 15, self._deliver, self._cast.clerk)

    def _cancel_rests(self, unit: Unit) -> None:
        open_positions = [
            line.position for line in reading.lines_of(unit.db, self._id) if reading.open_rest(line) > 0
        ]
        for position in open_positions:
            deliveries.cancel_rest(unit, self._id, position)
        self._completed(unit)

    def _completed(self, unit: Unit) -> None:
        """An order that is billed by hand waits for it; where nobody bills, a delivered order is closed by hand."""
        if not unit.house.subscribers.get(OrderDelivered):
            lifecycle.close(unit, self._id)
        elif self._fate.bill_on == BILL_BY_HAND:
            self._context.to_bill.append(self._public_id)

    # --- details -------------------------------------------------------------------------------------------

    @property
    def _reference(self) -> str:
        return f"PO-{self._order.id}"

    @property
    def _department(self) -> int | None:
        """Whose order it is at a customer with departments; some are of the whole account."""
        choices = [None, *self._context.departments.get(self._order.customer, ())]
        return choices[self._order.id % len(choices)]

    @property
    def _decided(self) -> date:
        """The day on which the customer decides: well before the goods are shipped."""
        if self._fate.way is Way.ORDERED:
            return self._first
        days = 2 if self._shipped is None else (self._shipped - self._first).days // 3
        return self._first + days * _DAY

    @property
    def _buyer(self) -> Actor:
        """The customer's person."""
        return self._cast.buyers.get(self._order.customer) or Actor("customer", self._contact)

    @property
    def _by_buyer(self) -> bool:
        return self._order.customer in self._cast.buyers

    def _warehouse(self, customer: CustomerFacts) -> PostalAddress | None:
        place = self._order.warehouse
        if place is None:
            return None
        return next(one for one in customer.addresses if place.street in one.lines)

    def _open(self, unit: Unit) -> dict[int, Decimal]:
        return deliveries.open_quantities(reading.lines_of(unit.db, self._id))

    def _put(self, day: date, hour: int, act: Act, who: Actor | None = None) -> None:
        moment = datetime.combine(day, time(hour, self._order.id % 60), UTC)
        self._context.agenda.put(moment, who or self._seller, act)


def _half(quantities: Mapping[int, Decimal]) -> dict[int, Decimal]:
    """About half of what is open: whole lines, and a part of the one in the middle where it can be divided."""
    kept = dict(list(quantities.items())[: (len(quantities) + 1) // 2])
    last = next(reversed(kept))
    if len(kept) == len(quantities) and kept[last] > 1:
        kept[last] = kept[last] // 2
    return kept
