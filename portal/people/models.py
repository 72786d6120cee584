"""The tables of people: who there is, what they may do, and how they come in."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.db import PUBLIC_ID_LENGTH, Base, Id, PublicId
from portal.kernel.mail import EMAIL_LENGTH
from portal.kernel.people import Realm
from portal.kernel.walls import CUSTOMERS, DEPARTMENTS, STAFF, Wall, of_customer

#: Those who use an account that the person behind a request uses.
_COLLEAGUES = f"id IN (SELECT m.user_id FROM people_membership m WHERE m.customer_id = ANY ({CUSTOMERS}))"  # noqa: S608 - no values
#: The departments of a membership as numbers; NULL for one of the whole account.
_LIMITED_TO = "string_to_array(departments, ' ')::bigint[]"


class User(Base):
    """A person of one realm; the same e-mail may exist once in each.

    `email_folded` decides whether two addresses are the same, `search_text` is folded for searching. Without a
    `password_hash` the person was invited and has not come yet; `password_version` rises with every new password.
    """

    __tablename__ = "people_user"
    __wall__ = Wall(_COLLEAGUES, read=("id", "public_id", "name", "email", "email_folded", "active"))
    __table_args__ = (
        UniqueConstraint("realm", "email_folded"),
        CheckConstraint("realm IN ('employees', 'customers')", name="realm"),
        Index("ix_people_user_name", "name", "id"),
        Index("ix_people_user_created_at", "created_at", "id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    realm: Mapped[str] = mapped_column(String(10))
    email: Mapped[str] = mapped_column(String(EMAIL_LENGTH))
    email_folded: Mapped[str] = mapped_column(String(EMAIL_LENGTH))
    name: Mapped[str] = mapped_column(String(200))
    search_text: Mapped[str] = mapped_column(String(1000))
    language: Mapped[str] = mapped_column(String(10))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    password_version: Mapped[int] = mapped_column(default=0)
    password_changed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    @property
    def is_employee(self) -> bool:
        """Whether the person belongs to the company."""
        return self.realm == Realm.EMPLOYEES.value

    @property
    def is_invited(self) -> bool:
        """Whether the person has not accepted their invitation yet."""
        return self.password_hash is None


class UserSession(Base):
    """A session of a browser; only the SHA-256 of its cookie is known. Once ended, it stays ended.

    `password_version` is that of the password it was begun with: it lives no longer than that password.
    `public_id` is how pages name it. `verified_at` is when the person last proved who they are, `factors` are words separated by spaces (see
    `portal.kernel.people.Factor`). `device` is what the browser called itself, `address` where it was last seen.
    """

    __tablename__ = "people_session"
    __wall__ = STAFF
    __table_args__ = (Index("ix_people_session_user_id", "user_id"), {"info": {"audit": False}})

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("people_user.id"))
    method: Mapped[str] = mapped_column(String(20))
    password_version: Mapped[int]
    factors: Mapped[str] = mapped_column(String(80))
    device: Mapped[str] = mapped_column(String(300))
    address: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    verified_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Grant(Base):
    """A role (`orders.clerk`) that an employee was given; `ends_on` is the last day on which it counts.

    `source` is "hand" for what an administrator gave, else the method of signing in whose groups gave it.
    """

    __tablename__ = "people_grant"
    __wall__ = STAFF
    __table_args__ = (UniqueConstraint("user_id", "role"), Index("ix_people_grant_role", "role"))

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("people_user.id"))
    role: Mapped[str] = mapped_column(String(80))
    source: Mapped[str] = mapped_column(String(10), default="hand", server_default="hand")
    granted_by: Mapped[str] = mapped_column(String(200))
    granted_at: Mapped[datetime]
    ends_on: Mapped[date | None] = mapped_column(Date)


class AccountMembership(Base):
    """A person's place in one customer account.

    `customer_id` refers softly to the account of the customers module, `account` is its segment in
    `/my/<account>`, `name` its name as last told. `scopes` are words separated by spaces, in alphabetical order.
    `invited_as` is how whoever invited them calls them, `accepted_at` when they first opened the account: until then
    the account's people learn nothing else about them. `limit_amount` is the spending limit in minor units of
    `limit_currency`; without one there is none. `departments` are the ids of those that they are limited to, separated by
    spaces, in order; NULL for the whole account. That each is one of this account a trigger of the customers module
    sees to, to whose table no key can lead from here.

    Whoever is limited to departments reads who may see one of these, for somebody of them approves, and changes only
    people who are within all of their own.
    """

    __tablename__ = "people_membership"
    __wall__ = of_customer(
        departments=f"{_LIMITED_TO} <@ {DEPARTMENTS}",
        seen=f"departments IS NULL OR {_LIMITED_TO} && {DEPARTMENTS}",
        change=("scopes", "limit_amount", "limit_currency", "departments"),
        delete=True,
    )
    __table_args__ = (
        CheckConstraint("departments <> ''", name="departments"),
        UniqueConstraint("user_id", "customer_id"),
        Index("ix_people_membership_customer_id", "customer_id"),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("people_user.id"))
    customer_id: Mapped[int]
    account: Mapped[str] = mapped_column(String(PUBLIC_ID_LENGTH))
    name: Mapped[str] = mapped_column(String(300))
    scopes: Mapped[str] = mapped_column(String(80))
    limit_amount: Mapped[int | None]
    limit_currency: Mapped[str | None] = mapped_column(String(3))
    departments: Mapped[str | None] = mapped_column(Text)
    invited_as: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]


class Token(Base):
    """A link sent by mail that works once; only the SHA-256 of what stands in the link is known.

    `email` is the new address that a link confirms, and null for links of other kinds.
    """

    __tablename__ = "people_token"
    __wall__ = STAFF
    __table_args__ = (Index("ix_people_token_user_id", "user_id"),)

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(20))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("people_user.id"))
    email: Mapped[str | None] = mapped_column(String(EMAIL_LENGTH))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Attempt(Base):
    """Somebody failed to sign in, asked for a link, or invited a colleague: what was typed as e-mail, and from where.

    `address` is a network address; of an invitation it is the customer account. `known` says that it came from a
    browser in which this person had signed in before.
    """

    __tablename__ = "people_attempt"
    __wall__ = STAFF
    __table_args__ = (
        Index("ix_people_attempt_email", "email_folded", "at"),
        Index("ix_people_attempt_address", "address", "at"),
        Index("ix_people_attempt_at", "at"),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(20))
    realm: Mapped[str] = mapped_column(String(10))
    email_folded: Mapped[str] = mapped_column(String(EMAIL_LENGTH))
    address: Mapped[str] = mapped_column(String(64))
    known: Mapped[bool] = mapped_column(Boolean, default=False)
    at: Mapped[datetime]
