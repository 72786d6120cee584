"""Tables of customers: accounts with departments, contacts, addresses, tags, notes and what happened."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
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
from portal.kernel.walls import BY_DEPARTMENT, DEPARTMENTS, EVERYBODY, STAFF, of_customer, the_customer


class Customer(Base):
    """An account.

    `name_key`, `city_key` and `search_text` are folded (portal.kernel.folding); `match_name` with its
    beginning, `email_domain` and
    `phone_digits` are what possible duplicates are found by. `city` is that of the first billing address.
    `version` rises with every change.
    """

    __tablename__ = "customers_customer"
    __wall__ = the_customer(
        change=(
            "email",
            "email_domain",
            "phone",
            "phone_digits",
            "city",
            "city_key",
            "search_text",
            "version",
            "changed_at",
        )
    )
    __table_args__ = (
        CheckConstraint("payment_days BETWEEN 0 AND 365", name="payment_days"),
        Index("ix_customers_customer_name_key", "name_key", "id"),
        Index("ix_customers_customer_city_key", "city_key", "id"),
        Index("ix_customers_customer_country", "country", "name_key"),
        Index("ix_customers_customer_active", "active", "name_key"),
        Index("ix_customers_customer_created_at", "created_at", "id"),
        Index("ix_customers_customer_vat_id", "vat_id"),
        Index("ix_customers_customer_match_begin", "match_begin"),
        Index("ix_customers_customer_email_domain", "email_domain"),
        Index("ix_customers_customer_phone_digits", "phone_digits"),
        {"info": {"customer": "id"}},
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    number: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(400), default="")
    match_name: Mapped[str] = mapped_column(String(400), default="")
    match_begin: Mapped[str] = mapped_column(String(3), default="")
    vat_id: Mapped[str] = mapped_column(String(20), default="")
    country: Mapped[str] = mapped_column(String(2))
    currency: Mapped[str] = mapped_column(String(3))
    language: Mapped[str] = mapped_column(String(8))
    payment_days: Mapped[int]
    payment_terms: Mapped[str] = mapped_column(String(200), default="")
    tax_position: Mapped[str | None] = mapped_column(String(20))
    email: Mapped[str] = mapped_column(String(254), default="")
    email_domain: Mapped[str] = mapped_column(String(254), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    phone_digits: Mapped[str] = mapped_column(String(40), default="")
    city: Mapped[str] = mapped_column(String(100), default="")
    city_key: Mapped[str] = mapped_column(String(200), default="")
    active: Mapped[bool] = mapped_column(default=True)
    search_text: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class Tag(Base):
    """A word that accounts are grouped by; `tag_key` is folded."""

    __tablename__ = "customers_tag"
    # Read where the account's own people change it: its tags stand in what it is found by. No page of theirs shows them.
    __wall__ = of_customer()
    __table_args__ = (Index("ix_customers_tag_tag_key", "tag_key", "customer_id"),)

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers_customer.id"), primary_key=True)
    tag_key: Mapped[str] = mapped_column(String(100), primary_key=True)
    tag: Mapped[str] = mapped_column(String(50))


class Department(Base):
    """A department or site of an account, by which its documents can be walled from each other.

    `number` is what the customer calls it by, such as a cost centre. Among those in use a name stands once, however it is
    written (`name_key` is folded). A department is never deleted, only archived: documents and people refer to it.
    """

    __tablename__ = "customers_department"
    __wall__ = of_customer(
        departments=f"id = ANY ({DEPARTMENTS})",
        insert=True,
        change=("name", "name_key", "number", "archived_at"),
    )
    __table_args__ = (
        UniqueConstraint("customer_id", "id"),
        Index(
            "uq_customers_department_name",
            "customer_id",
            "name_key",
            unique=True,
            sqlite_where=sql_text("archived_at IS NULL"),
            postgresql_where=sql_text("archived_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers_customer.id"))
    name: Mapped[str] = mapped_column(String(100))
    name_key: Mapped[str] = mapped_column(String(200))
    number: Mapped[str] = mapped_column(String(40), default="")
    archived_at: Mapped[datetime | None]


class Address(Base):
    """A postal address; `lines` are separated by new lines. Without a department it serves the whole account.

    Such an address is read by all people of the account, and kept by those who see the whole of it.
    """

    __tablename__ = "customers_address"
    __wall__ = of_customer(
        departments=BY_DEPARTMENT, seen="department_id IS NULL", insert=True, change=True, delete=True
    )
    __table_args__ = (
        UniqueConstraint("customer_id", "id"),
        ForeignKeyConstraint(
            ["customer_id", "department_id"],
            ["customers_department.customer_id", "customers_department.id"],
            name="fk_customers_address_department",
        ),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers_customer.id"))
    department_id: Mapped[int | None]
    name: Mapped[str] = mapped_column(String(200))
    lines: Mapped[str] = mapped_column(String(500), default="")
    postal_code: Mapped[str] = mapped_column(String(20), default="")
    city: Mapped[str] = mapped_column(String(100), default="")
    region: Mapped[str] = mapped_column(String(100), default="")
    country: Mapped[str] = mapped_column(String(2))
    billing: Mapped[bool] = mapped_column(default=False)
    delivery: Mapped[bool] = mapped_column(default=False)


class Contact(Base):
    """A person at the customer's."""

    __tablename__ = "customers_contact"
    __wall__ = of_customer()
    __table_args__ = (UniqueConstraint("customer_id", "id"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers_customer.id"))
    name: Mapped[str] = mapped_column(String(200))
    function: Mapped[str] = mapped_column(String(100), default="")
    email: Mapped[str] = mapped_column(String(254), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    billing: Mapped[bool] = mapped_column(default=False)


class Note(Base):
    """What employees wrote down about an account; never shown to the customer."""

    __tablename__ = "customers_note"
    __wall__ = STAFF
    __table_args__ = (UniqueConstraint("customer_id", "id"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers_customer.id"))
    text: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(String(200))
    written_at: Mapped[datetime]


class Happening(Base):
    """An entry of the timeline: a marked text with its values, translated when it is read.

    `kind` and `document` refer to a document by type and public id, "" where there is none.
    """

    __tablename__ = "customers_happening"
    __wall__ = of_customer(departments=EVERYBODY, read=("id",), insert=True)
    __table_args__ = (UniqueConstraint("customer_id", "id"),)

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers_customer.id"))
    happened_at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    values: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    kind: Mapped[str] = mapped_column(String(80), default="")
    document: Mapped[str] = mapped_column(String(26), default="")


class Counter(Base):
    """The account number given last; locked while the next one is given."""

    __tablename__ = "customers_counter"
    __wall__ = STAFF

    id: Mapped[Id]
    last: Mapped[int]
