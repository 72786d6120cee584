"""The tables of orders.

A quotation and the order it becomes are one row with one number. Terms are stored as they were agreed: later changes
of customers, products, taxes or settings never change them. Amounts are minor units of `currency`; quantities, prices,
percents and exchange rates are scaled by `portal.kernel.money.SCALE`. Composite keys with `customer_id` keep a row that
mixes two customers from existing.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql_text
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.db import Base, Id, PublicId
from portal.kernel.walls import BY_DEPARTMENT, of_customer, through

NONE, PARTLY, FULLY, SETTLED = "none", "partly", "fully", "settled"
#: What belongs to an order is seen by those who see the order.
_OF_ORDER = through("orders_order", "order_id")


class Order(Base):
    """A request, quotation or order.

    - `revision` counts what the customer was sent, `version` every change; `offered_revision` is what the customer
      sees while a new revision is being written, `offered_gross` its total.
    - `visible` says that the customer may see the order at all: requested by them, or sent, accepted or confirmed.
    - `billing_address`, `delivery_address`: JSON of `PostalAddress`, NULL for none. `taxes`: JSON, the breakdown by
      rate. `policy`: text of `portal.kernel.money.Policy`.
    - `exchange_rate`: units of the base currency for one unit of `currency`; `base_gross` the total in base.
    - `paid`: whether everything billed has been paid, as finance says; shown in `billing` once all is billed.
    - `search_text`: folded, what the search of the list looks in beside the number. `reference_folded` and
      `responsible_folded` are what customers search for, and what the list is narrowed to.
    - `awaiting_answer`: the customer asked something that nobody answered yet.
    - `department_id`: the customer's department whose order it is, NULL for the whole account; `department` its name as
      the order cites it, `department_folded` what the list is narrowed to.
    """

    __tablename__ = "orders_order"
    __wall__ = of_customer(departments=BY_DEPARTMENT, only="visible", insert=True, change=True)
    __table_args__ = (
        UniqueConstraint("customer_id", "id"),
        ForeignKeyConstraint(
            ["customer_id", "department_id"],
            ["customers_department.customer_id", "customers_department.id"],
            name="fk_orders_order_department",
        ),
        CheckConstraint("gross = net + tax", name="gross"),
        CheckConstraint("exchange_rate > 0", name="exchange_rate"),
        CheckConstraint("revision >= 1", name="revision"),
        CheckConstraint(
            "state IN ('requested', 'quotation', 'sent', 'accepted', 'declined', 'expired', 'withdrawn', "
            "'confirmed', 'closed', 'cancelled')",
            name="state",
        ),
        CheckConstraint("delivery IN ('none', 'partly', 'fully')", name="delivery"),
        CheckConstraint("billing IN ('none', 'partly', 'fully', 'settled')", name="billing"),
        CheckConstraint("bill_on IN ('confirmation', 'delivery', 'hand')", name="bill_on"),
        Index("ix_orders_order_ordered_on", "ordered_on", "id"),
        Index("ix_orders_order_customer_name", "customer_name", "id"),
        Index("ix_orders_order_gross", "gross", "id"),
        Index("ix_orders_order_promised_on", "promised_on", "id"),
        Index("ix_orders_order_requested_on", "requested_on", "id"),
        Index("ix_orders_order_state", "state", "id"),
        Index("ix_orders_order_delivery", "delivery", "id"),
        Index("ix_orders_order_billing", "billing", "id"),
        Index("ix_orders_order_responsible", "responsible", "id"),
        Index("ix_orders_order_customer_reference", "customer_id", "customer_reference"),
        Index("ix_orders_order_department", "customer_id", "department_id", "id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    number: Mapped[str] = mapped_column(String(30), unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers_customer.id"))
    department_id: Mapped[int | None]
    department: Mapped[str] = mapped_column(String(100), default="", server_default="")
    department_folded: Mapped[str] = mapped_column(Text, default="", server_default="")
    state: Mapped[str] = mapped_column(String(12))
    delivery: Mapped[str] = mapped_column(String(8), default=NONE)
    billing: Mapped[str] = mapped_column(String(8), default=NONE)
    paid: Mapped[bool] = mapped_column(default=False)
    visible: Mapped[bool] = mapped_column(default=False)
    awaiting_answer: Mapped[bool] = mapped_column(default=False)
    revision: Mapped[int] = mapped_column(default=1)
    offered_revision: Mapped[int | None]
    offered_gross: Mapped[int | None]
    version: Mapped[int] = mapped_column(default=1)

    ordered_on: Mapped[date]
    valid_until: Mapped[date | None]
    requested_on: Mapped[date | None]
    promised_on: Mapped[date | None]
    confirmed_on: Mapped[date | None]
    delivered_on: Mapped[date | None]

    customer_name: Mapped[str] = mapped_column(String(200))
    customer_number: Mapped[str] = mapped_column(String(40))
    customer_vat_id: Mapped[str] = mapped_column(String(40))
    customer_email: Mapped[str] = mapped_column(String(254))
    customer_reference: Mapped[str] = mapped_column(String(100))
    language: Mapped[str] = mapped_column(String(10))
    billing_address: Mapped[str | None] = mapped_column(Text)
    delivery_address: Mapped[str | None] = mapped_column(Text)
    contact: Mapped[str] = mapped_column(String(200))
    responsible: Mapped[str] = mapped_column(String(200))
    notes: Mapped[str] = mapped_column(Text)
    search_text: Mapped[str] = mapped_column(Text)
    reference_folded: Mapped[str] = mapped_column(Text)
    responsible_folded: Mapped[str] = mapped_column(Text)

    currency: Mapped[str] = mapped_column(String(3))
    policy: Mapped[str] = mapped_column(String(40))
    payment_days: Mapped[int]
    payment_terms: Mapped[str] = mapped_column(String(500))
    bill_on: Mapped[str] = mapped_column(String(12))
    tax_position: Mapped[str] = mapped_column(String(20))
    taxes: Mapped[str] = mapped_column(Text)
    exchange_rate: Mapped[int]
    net: Mapped[int]
    tax: Mapped[int]
    gross: Mapped[int]
    base_gross: Mapped[int]

    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[str | None] = mapped_column(String(200))
    accepted_user_id: Mapped[int | None]
    accepted_revision: Mapped[int | None]

    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(200))
    created_kind: Mapped[str] = mapped_column(String(10))
    created_action: Mapped[str] = mapped_column(String(20))


class OrderLine(Base):
    """A line; what is cited of the product is stored. `key` stays with the line while an order is being written."""

    __tablename__ = "orders_line"
    __wall__ = of_customer(departments=_OF_ORDER, insert=True)
    __table_args__ = (
        UniqueConstraint("customer_id", "order_id", "id"),
        UniqueConstraint("order_id", "key"),
        UniqueConstraint("order_id", "position"),
        ForeignKeyConstraint(["customer_id", "order_id"], ["orders_order.customer_id", "orders_order.id"]),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("discount >= 0 AND discount <= 100000000", name="discount"),
        CheckConstraint("gross = net + tax", name="gross"),
        CheckConstraint("cancelled >= 0", name="cancelled"),
        CheckConstraint("delivered >= 0 AND delivered <= quantity - cancelled", name="delivered"),
        CheckConstraint("invoiced >= 0 AND invoiced <= quantity - cancelled", name="invoiced"),
    )

    id: Mapped[Id]
    order_id: Mapped[int]
    customer_id: Mapped[int]
    key: Mapped[int]
    position: Mapped[int]
    product_id: Mapped[int | None]
    product_public_id: Mapped[str] = mapped_column(String(26))
    sku: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(300))
    description: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(String(40))
    service: Mapped[bool]
    quantity: Mapped[int]
    unit_price: Mapped[int]
    discount: Mapped[int]
    price_source: Mapped[str] = mapped_column(String(200))
    tax_class: Mapped[str] = mapped_column(String(40))
    tax_category: Mapped[str] = mapped_column(String(4))
    rates: Mapped[str] = mapped_column(Text)
    exemption: Mapped[str] = mapped_column(Text)
    net: Mapped[int]
    tax: Mapped[int]
    gross: Mapped[int]
    delivered: Mapped[int] = mapped_column(default=0)
    invoiced: Mapped[int] = mapped_column(default=0)
    cancelled: Mapped[int] = mapped_column(default=0)


class Revision(Base):
    """What the customer was sent: `content` is JSON of header and lines, `document` the public id of its PDF."""

    __tablename__ = "orders_revision"
    __wall__ = of_customer(departments=_OF_ORDER, insert=True)
    __table_args__ = (
        UniqueConstraint("order_id", "revision"),
        Index("ix_orders_revision_customer_id", "customer_id", "order_id"),
        ForeignKeyConstraint(["customer_id", "order_id"], ["orders_order.customer_id", "orders_order.id"]),
    )

    id: Mapped[Id]
    order_id: Mapped[int]
    customer_id: Mapped[int]
    revision: Mapped[int]
    content: Mapped[str] = mapped_column(Text)
    document: Mapped[str] = mapped_column(String(26))
    sent_at: Mapped[datetime]


class Approval(Base):
    """An acceptance above the spending limit of whoever accepted: it waits for an approver of the same account.

    The order stays sent meanwhile. One without an `outcome` waits, at most one for each order; it never outlives the
    revision that was accepted. `reference` is what the acceptance brings with it.
    """

    __tablename__ = "orders_approval"
    __table_args__ = (
        ForeignKeyConstraint(["customer_id", "order_id"], ["orders_order.customer_id", "orders_order.id"]),
        CheckConstraint("outcome IN ('approved', 'rejected', 'withdrawn', 'void')", name="outcome"),
        CheckConstraint("(outcome IS NULL) = (decided_at IS NULL)", name="decided"),
        Index("ix_orders_approval_customer_id", "customer_id", "order_id"),
        Index(
            "uq_orders_approval_waiting",
            "order_id",
            unique=True,
            sqlite_where=sql_text("outcome IS NULL"),
            postgresql_where=sql_text("outcome IS NULL"),
        ),
    )
    __wall__ = of_customer(departments=_OF_ORDER, insert=True, change=True)

    id: Mapped[Id]
    order_id: Mapped[int]
    customer_id: Mapped[int]
    revision: Mapped[int]
    gross: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    reference: Mapped[str] = mapped_column(String(100))
    asked_by: Mapped[str] = mapped_column(String(200))
    asked_user_id: Mapped[int]
    asked_at: Mapped[datetime]
    outcome: Mapped[str | None] = mapped_column(String(10))
    decided_by: Mapped[str | None] = mapped_column(String(200))
    decided_user_id: Mapped[int | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(500), default="")


class Delivery(Base):
    """A delivery with its date; a counter-delivery names in `undoes_id` the one that it takes back, once."""

    __tablename__ = "orders_delivery"
    __wall__ = of_customer(departments=_OF_ORDER)
    __table_args__ = (
        UniqueConstraint("customer_id", "order_id", "id"),
        ForeignKeyConstraint(["customer_id", "order_id"], ["orders_order.customer_id", "orders_order.id"]),
        ForeignKeyConstraint(
            ["customer_id", "order_id", "undoes_id"],
            ["orders_delivery.customer_id", "orders_delivery.order_id", "orders_delivery.id"],
        ),
        Index("ix_orders_delivery_order_id", "order_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    number: Mapped[str] = mapped_column(String(30), unique=True)
    order_id: Mapped[int]
    customer_id: Mapped[int]
    delivered_on: Mapped[date]
    undoes_id: Mapped[int | None] = mapped_column(unique=True)
    note: Mapped[str] = mapped_column(String(500))
    document: Mapped[str | None] = mapped_column(String(26))
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(200))


class DeliveryLine(Base):
    """What was delivered of a line; negative in a counter-delivery."""

    __tablename__ = "orders_delivery_line"
    __wall__ = of_customer(departments=_OF_ORDER)
    __table_args__ = (
        UniqueConstraint("delivery_id", "line_id"),
        ForeignKeyConstraint(
            ["customer_id", "order_id", "delivery_id"],
            ["orders_delivery.customer_id", "orders_delivery.order_id", "orders_delivery.id"],
            name="fk_orders_delivery_line_delivery",
        ),
        ForeignKeyConstraint(
            ["customer_id", "order_id", "line_id"],
            ["orders_line.customer_id", "orders_line.order_id", "orders_line.id"],
            name="fk_orders_delivery_line_line",
        ),
        CheckConstraint("quantity <> 0", name="quantity"),
        Index("ix_orders_delivery_line_line_id", "line_id"),
        Index("ix_orders_delivery_line_customer_id", "customer_id", "delivery_id"),
    )

    id: Mapped[Id]
    customer_id: Mapped[int]
    order_id: Mapped[int]
    delivery_id: Mapped[int]
    line_id: Mapped[int]
    quantity: Mapped[int]


class OrderEvent(Base):
    """Something that happened to an order; its title follows from `action` (see `transitions.action_title`).

    `text` is what somebody typed (a reason) or a number; `document` the public id of an issued PDF. Customers see it
    only if it is `visible`.
    """

    __tablename__ = "orders_event"
    __wall__ = of_customer(departments=_OF_ORDER, only="visible", insert=True)
    __table_args__ = (
        ForeignKeyConstraint(["customer_id", "order_id"], ["orders_order.customer_id", "orders_order.id"]),
        Index("ix_orders_event_order_id", "order_id"),
        Index("ix_orders_event_customer_id", "customer_id", "order_id"),
    )

    id: Mapped[Id]
    order_id: Mapped[int]
    customer_id: Mapped[int]
    action: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(Text)
    document: Mapped[str | None] = mapped_column(String(26))
    visible: Mapped[bool]
    actor_kind: Mapped[str] = mapped_column(String(10))
    actor: Mapped[str] = mapped_column(String(200))
    user_id: Mapped[int | None]
    at: Mapped[datetime]


class Comment(Base):
    """A comment: internal, or visible to the customer."""

    __tablename__ = "orders_comment"
    __wall__ = of_customer(departments=_OF_ORDER, only="visible", insert=True)
    __table_args__ = (
        ForeignKeyConstraint(["customer_id", "order_id"], ["orders_order.customer_id", "orders_order.id"]),
        Index("ix_orders_comment_order_id", "order_id"),
        Index("ix_orders_comment_customer_id", "customer_id", "order_id"),
    )

    id: Mapped[Id]
    order_id: Mapped[int]
    customer_id: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    visible: Mapped[bool]
    actor_kind: Mapped[str] = mapped_column(String(10))
    actor: Mapped[str] = mapped_column(String(200))
    user_id: Mapped[int | None]
    at: Mapped[datetime]
