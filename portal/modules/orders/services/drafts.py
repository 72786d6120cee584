"""What somebody wrote into a quotation, before prices, taxes and totals are worked out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from portal.modules.customers.interfaces import PostalAddress
from portal.modules.orders.interfaces import BILL_ON_DELIVERY


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line as it was written.

    - `product` is a public id, "" for a line in free text. What is left empty (`name`, `description`, `unit`,
      `tax_class`) comes from the product; `service` counts for free text only.
    - `unit_price` None asks for the price, with its discount unless one was written.
    - `key` names the line of the stored order that this one was, None for a new one.
    """

    quantity: Decimal
    product: str = ""
    name: str = ""
    description: str = ""
    unit: str = ""
    service: bool = False
    unit_price: Decimal | None = None
    discount: Decimal | None = None
    tax_class: str = ""
    key: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A quotation as it was written. `valid_until` None means the days of `portal.orders.valid_days`.

    `department_id` is the customer's department whose it is, None for the whole account.
    """

    lines: tuple[DraftLine, ...] = ()
    billing_address: PostalAddress | None = None
    delivery_address: PostalAddress | None = None
    contact: str = ""
    responsible: str = ""
    customer_reference: str = ""
    requested_on: date | None = None
    promised_on: date | None = None
    valid_until: date | None = None
    bill_on: str = BILL_ON_DELIVERY
    notes: str = ""
    department_id: int | None = None
