"""What others may HEAR of orders. Present participles are votes before the first write."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from portal.kernel.events import Event, Vote


@dataclass(frozen=True, slots=True)
class OrderConfirming(Vote):
    """Shall this order be confirmed? Voters may warn, hold or refuse. `gross` in minor units of `currency`."""

    order_id: int
    public_id: str
    number: str
    customer_id: int
    currency: str
    net: int
    gross: int
    bill_on: str


@dataclass(frozen=True, slots=True)
class OrderConfirmed(Event):
    """An order was confirmed; its lines are fixed from now on."""

    order_id: int
    public_id: str
    customer_id: int
    bill_on: str


@dataclass(frozen=True, slots=True)
class OrderDelivered(Event):
    """A delivery was made on a day; `quantities` by line id, in the line's unit."""

    order_id: int
    public_id: str
    customer_id: int
    bill_on: str
    delivery: str
    quantities: tuple[tuple[int, Decimal], ...]
    delivered_on: date


@dataclass(frozen=True, slots=True)
class OrderDeliveryUndone(Event):
    """A delivery was taken back by a counter-delivery; `quantities` are positive."""

    order_id: int
    public_id: str
    customer_id: int
    quantities: tuple[tuple[int, Decimal], ...]


@dataclass(frozen=True, slots=True)
class OrderCancelling(Vote):
    """Shall this order, or the open rest of it, be cancelled?"""

    order_id: int
    public_id: str
    customer_id: int


@dataclass(frozen=True, slots=True)
class OrderCancelled(Event):
    """An order was cancelled as a whole."""

    order_id: int
    public_id: str
    customer_id: int


@dataclass(frozen=True, slots=True)
class OrderLineCancelled(Event):
    """The open rest of a line was cancelled."""

    order_id: int
    public_id: str
    customer_id: int
    line_id: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class OrderApprovalAsked(Event):
    """Somebody at the customer's accepted above their spending limit; `gross` in minor units of `currency`."""

    order_id: int
    public_id: str
    customer_id: int
    revision: int
    gross: int
    currency: str


@dataclass(frozen=True, slots=True)
class OrderApprovalDecided(Event):
    """A waiting acceptance was approved, rejected or withdrawn, or is void because the order moved on."""

    order_id: int
    public_id: str
    customer_id: int
    outcome: str
