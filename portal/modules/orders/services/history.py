"""The timeline of an order: what happened, who did it, what was said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Integer, String, insert, literal, null, select, union_all
from sqlalchemy import cast as sql_cast

from portal.kernel.db import UtcDateTime
from portal.kernel.i18n import Text
from portal.kernel.unit import Unit
from portal.modules.orders.models import Comment, Delivery, Order, OrderEvent
from portal.modules.orders.transitions import action_title


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the timeline: an event or a comment."""

    kind: str
    at: datetime
    title: Text
    text: str
    actor: str
    actor_kind: str
    visible: bool
    document: str | None


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivery as the order's page lists it; `undoes` is the number of the delivery that it takes back."""

    public_id: str
    number: str
    delivered_on: date
    undoes: str | None
    undone: bool


@dataclass(frozen=True, slots=True)
class History:
    """What the page of an order shows beside its lines. `repeats` are numbers with the same customer's reference."""

    timeline: tuple[Entry, ...]
    deliveries: tuple[Delivered, ...]
    repeats: tuple[str, ...] = ()


def record(
    unit: Unit,
    order: Order,
    action: str,
    text: str = "",
    *,
    document: str | None = None,
    visible: bool = True,
) -> None:
    """Add to the timeline: one statement."""
    actor = unit.actor
    unit.db.execute(
        insert(OrderEvent).values(
            order_id=order.id,
            customer_id=order.customer_id,
            action=action,
            text=text,
            document=document,
            visible=visible,
            actor_kind=actor.kind,
            actor=actor.name,
            user_id=actor.user_id,
            at=unit.now(),
        )
    )


@dataclass(frozen=True, slots=True)
class Subject:
    """What the history has to know of an order: whose it is, and how it began."""

    id: int
    customer_id: int
    customer_reference: str
    created_at: datetime
    created_by: str
    created_kind: str
    created_action: str

    @classmethod
    def of(cls, order: Order) -> Subject:
        """The subject that an order is."""
        return cls(
            order.id,
            order.customer_id,
            order.customer_reference,
            order.created_at,
            order.created_by,
            order.created_kind,
            order.created_action,
        )


def history(unit: Unit, order: Subject) -> History:
    """Events, comments, deliveries and repeated references: one statement. The beginning is told by the order."""
    rows = unit.db.execute(_everything(order)).all()
    undone = {row.undoes_id for row in rows if row.kind == "delivery"} - {None}
    numbers = {row.id: row.number for row in rows if row.kind == "delivery"}
    entries = [_beginning(order), *(_entry(row) for row in rows if row.kind in ("event", "comment"))]
    return History(
        timeline=tuple(sorted(entries, key=lambda entry: entry.at)[::-1]),
        deliveries=tuple(
            Delivered(row.public_id, row.number, row.day, numbers.get(row.undoes_id), row.id in undone)
            for row in rows
            if row.kind == "delivery"
        ),
        repeats=tuple(row.number for row in rows if row.kind == "repeat"),
    )


def _beginning(order: Subject) -> Entry:
    return Entry(
        kind="event",
        at=order.created_at,
        title=action_title(order.created_action),
        text="",
        actor=order.created_by,
        actor_kind=order.created_kind,
        visible=order.created_kind == "customer",
        document=None,
    )


def _entry(row: Any) -> Entry:
    title: Text = action_title(row.action) if row.kind == "event" else ""
    return Entry(
        row.kind, row.at, title, row.text or "", row.actor, row.actor_kind, bool(row.visible), row.document
    )


def _everything(order: Subject) -> Any:
    """One UNION of what belongs to an order; columns that a part lacks are NULL."""
    shape: dict[str, Any] = {
        "kind": String,
        "id": OrderEvent.id.type,
        "at": UtcDateTime,
        "action": String,
        "text": String,
        "actor": String,
        "actor_kind": String,
        "visible": Integer,
        "document": String,
        "public_id": String,
        "number": String,
        "day": Date,
        "undoes_id": OrderEvent.id.type,
    }

    def part(kind: str, id_: Any, **columns: Any) -> Any:
        given = {"kind": literal(kind), "id": id_, **columns}
        return select(
            *(given.get(name, sql_cast(null(), type_)).label(name) for name, type_ in shape.items())
        )

    happened = part(
        "event",
        OrderEvent.id,
        at=OrderEvent.at,
        action=OrderEvent.action,
        text=OrderEvent.text,
        actor=OrderEvent.actor,
        actor_kind=OrderEvent.actor_kind,
        visible=sql_cast(OrderEvent.visible, Integer),
        document=OrderEvent.document,
    ).where(OrderEvent.order_id == order.id)
    said = part(
        "comment",
        Comment.id,
        at=Comment.at,
        text=Comment.text,
        actor=Comment.actor,
        actor_kind=Comment.actor_kind,
        visible=sql_cast(Comment.visible, Integer),
    ).where(Comment.order_id == order.id)
    delivered = part(
        "delivery",
        Delivery.id,
        at=Delivery.created_at,
        public_id=Delivery.public_id,
        number=Delivery.number,
        day=Delivery.delivered_on,
        undoes_id=Delivery.undoes_id,
        document=Delivery.document,
    ).where(Delivery.order_id == order.id)
    parts = [happened, said, delivered]
    if order.customer_reference:
        parts.append(
            part("repeat", Order.id, number=Order.number).where(
                Order.customer_id == order.customer_id,
                Order.customer_reference == order.customer_reference,
                Order.id != order.id,
                Order.state.not_in(("withdrawn", "cancelled")),
            )
        )
    everything = union_all(*parts).subquery()
    return select(everything).order_by(everything.c.id)
