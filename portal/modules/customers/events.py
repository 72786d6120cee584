"""What others may HEAR of customers."""

from __future__ import annotations

from dataclasses import dataclass

from portal.kernel.events import Event, Vote


@dataclass(frozen=True, slots=True)
class CustomerCreated(Event):
    """An account was opened."""

    customer_id: int
    public_id: str


@dataclass(frozen=True, slots=True)
class CustomerChanged(Event):
    """The master data of an account changed."""

    customer_id: int
    public_id: str


@dataclass(frozen=True, slots=True)
class CustomerArchiving(Vote):
    """May this account be archived? Open business is a reason to refuse."""

    customer_id: int


@dataclass(frozen=True, slots=True)
class DepartmentArchiving(Vote):
    """May this department of an account be archived? Open business of it is a reason to refuse.

    `by_customer` says that one of the customer's people asks: the reason may name only what they see.
    """

    customer_id: int
    department_id: int
    by_customer: bool
