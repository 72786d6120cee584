"""What others may ASK of orders, and the places they may fill on an order's page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from portal.kernel.slots import Slot
from portal.modules.customers.interfaces import PostalAddress
from portal.modules.taxes.interfaces import TaxRate
from portal.web.request import Request
from portal.web.slots import Panel

#: When finance shall draft the invoice of an order. On delivery: goods as they are delivered, services with the last
#: goods to be delivered or cancelled, an order without goods when it is confirmed.
BILL_ON_CONFIRMATION, BILL_ON_DELIVERY, BILL_BY_HAND = "confirmation", "delivery", "hand"

#: How orders are referred to from elsewhere.
ORDER_KIND = "orders.order"

#: States in which something may be billed: confirmed orders, and closed ones for late invoices and credit notes.
BILLABLE_STATES = ("confirmed", "closed")


@dataclass(frozen=True, slots=True)
class OrderLineFacts:
    """A line of an order with what has become of it; quantities in the line's unit."""

    id: int
    position: int
    product_id: int | None
    sku: str
    name: str
    description: str
    unit: str
    service: bool
    quantity: Decimal
    unit_price: Decimal
    discount: Decimal
    tax_class: str
    tax_category: str
    rates: tuple[TaxRate, ...]
    exemption: str
    net: int
    delivered: Decimal
    invoiced: Decimal
    cancelled: Decimal

    @property
    def billable(self) -> Decimal:
        """What may still be invoiced: ordered less cancelled less invoiced."""
        return self.quantity - self.cancelled - self.invoiced

    @property
    def deliverable(self) -> Decimal:
        """What may still be delivered; nothing for a service."""
        return Decimal(0) if self.service else self.quantity - self.cancelled - self.delivered


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What others need of an order: the terms it stores, and its lines. Amounts in minor units of `currency`."""

    id: int
    public_id: str
    number: str
    customer_id: int
    customer_name: str
    customer_vat_id: str
    customer_reference: str
    state: str
    currency: str
    language: str
    policy: str
    tax_position: str
    payment_days: int
    payment_terms: str
    bill_on: str
    billing_address: PostalAddress | None
    delivery_address: PostalAddress | None
    contact: str
    responsible: str
    confirmed_on: date | None
    delivered_on: date | None
    net: int
    tax: int
    gross: int
    lines: tuple[OrderLineFacts, ...]
    customer_number: str = ""
    #: The customer's department whose order it is, and its name as the order cites it.
    department_id: int | None = None
    department: str = ""


class IOrders(Protocol):
    """Orders towards those who bill and settle them."""

    def get(self, order_id: int) -> OrderFacts:
        """The order with its lines (two statements). LookupError when unknown."""
        ...

    def find(self, public_id: str) -> OrderFacts | None:
        """The same by public id, None when unknown."""
        ...

    def lock(self, order_id: int) -> OrderFacts:
        """The same, with the order's row locked until the transaction ends."""
        ...

    def record_invoiced(self, order_id: int, quantities: Mapping[int, Decimal]) -> None:
        """Quantities by line id that an invoice bills (negative: that a credit note takes back).

        The order is locked by the caller. Raises Refused where more than the rest would be billed.
        """
        ...

    def set_settled(self, order_id: int, settled: bool) -> None:
        """Whether everything billed has been paid. The order is locked by the caller."""
        ...


#: Panels on the page of an order: employees' and customers' side.
ORDER_PANELS: Slot[Callable[[OrderFacts, Request], Panel | None]] = Slot("orders.order.panels")
MY_ORDER_PANELS: Slot[Callable[[OrderFacts, Request], Panel | None]] = Slot("orders.my_order.panels")
