"""One-time operations: a form carries an id, and what it did is remembered with its answer.

A double click, a reload, "back" and a resubmit find the stored answer instead of doing the thing again. The row
is written in the same transaction as the effects.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import String, UniqueConstraint, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.db import Base, Contention, Id

if TYPE_CHECKING:
    from portal.kernel.unit import Unit


class Operation(Base):
    """An operation that has been done: whose, which, with what body, and where it led."""

    __tablename__ = "kernel_operation"
    __table_args__ = (UniqueConstraint("principal", "key"),)

    id: Mapped[Id]
    principal: Mapped[str] = mapped_column(String(80))
    key: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(String(64))
    location: Mapped[str] = mapped_column(String(2000))
    created_at: Mapped[datetime]


def done(unit: Unit, principal: str, key: str) -> Operation | None:
    """The operation if it was done before."""
    return unit.db.scalar(select(Operation).where(Operation.principal == principal, Operation.key == key))


def remember(unit: Unit, principal: str, key: str, body: str, location: str) -> None:
    """Store the answer; raises Contention (the request is run again) when a twin was faster."""
    row = {"principal": principal, "key": key, "body": body, "location": location, "created_at": unit.now()}
    try:
        unit.db.execute(insert(Operation).values(**row))
    except IntegrityError as error:
        raise Contention(str(error)) from error
