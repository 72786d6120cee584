"""What becomes of Northwind's orders: theirs were all shipped or open, a portal has more to show.

An order's number decides, so that the demo is the same every time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from portal.modules.orders.interfaces import BILL_BY_HAND, BILL_ON_CONFIRMATION, BILL_ON_DELIVERY
from portal.ops import northwind


class End(Enum):
    """How far an order gets; requests have no prices yet and come on top (see `story.repeat`). Those that are delivered are closed when everything is billed and paid."""

    QUOTATION = "quotation"
    SENT = "sent"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    CONFIRMED = "confirmed"
    DELIVERED_PARTLY = "delivered partly"
    REST_CANCELLED = "rest cancelled"
    DELIVERED = "delivered"


class Way(Enum):
    """How an order begins: ordered at once, by a quotation, or by a request in the portal."""

    ORDERED = "ordered"
    QUOTED = "quoted"
    REQUESTED = "requested"


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of an order; `deliveries` in how many steps, `mistaken` that the first one is taken back."""

    way: Way
    end: End
    bill_on: str
    deliveries: int = 1
    mistaken: bool = False


#: Northwind's open orders, all of its last four weeks.
_OPEN = {
    11008: End.DELIVERED_PARTLY,
    11019: End.CANCELLED,
    11039: End.DELIVERED_PARTLY,
    11040: End.WITHDRAWN,
    11045: End.DELIVERED_PARTLY,
    11051: End.DECLINED,
    11054: End.CONFIRMED,
    11058: End.DELIVERED_PARTLY,
    11059: End.CONFIRMED,
    11061: End.ACCEPTED,
    11062: End.CONFIRMED,
    11065: End.SENT,
    11068: End.ACCEPTED,
    11070: End.SENT,
    11071: End.ACCEPTED,
    11072: End.SENT,
    11073: End.SENT,
    11074: End.SENT,
    11075: End.QUOTATION,
    11076: End.QUOTATION,
    11077: End.SENT,
}
_REQUESTING = frozenset({"ERNSH", "RATTC"})
#: Orders that their customers request once more in the last days.
REPEATED = (11017, 11046, 11063)
_LOST = {7: End.DECLINED, 17: End.EXPIRED, 27: End.WITHDRAWN, 33: End.CANCELLED}


def fate_of(order: northwind.Order) -> Fate:
    """What becomes of an order."""
    end = _OPEN.get(order.id) or _LOST.get(order.id % 45, End.DELIVERED)
    if end is End.DELIVERED and order.id % 47 == 5 and len(order.lines) > 1:
        end = End.REST_CANCELLED
    mistaken = end is End.DELIVERED and order.id % 139 == 8
    return Fate(
        way=_way(order, end),
        end=end,
        bill_on=_bill_on(order, end, mistaken),
        deliveries=2 if end is End.DELIVERED and order.id % 9 == 4 and len(order.lines) > 1 else 1,
        mistaken=mistaken,
    )


def _way(order: northwind.Order, end: End) -> Way:
    if order.id == 11072 or (order.customer in _REQUESTING and order.id % 3 == 0):
        return Way.REQUESTED
    offered = end in {End.SENT, End.ACCEPTED, End.DECLINED, End.EXPIRED}
    return Way.QUOTED if offered or order.id % 5 < 2 else Way.ORDERED


def _bill_on(order: northwind.Order, end: End, mistaken: bool) -> str:
    if mistaken or order.id % 41 == 0:
        return BILL_BY_HAND
    early = order.id % 7 == 3 and end in {End.DELIVERED, End.CONFIRMED, End.DELIVERED_PARTLY}
    return BILL_ON_CONFIRMATION if early else BILL_ON_DELIVERY
