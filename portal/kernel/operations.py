"""One-time operations: a form carries an id, and what it did is remembered with its answer.

A double click, a reload, "back" and a resubmit find the stored answer instead of doing the thing again. The row
is written in the same transaction as the effects.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import String, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.db import Base, Id
from portal.kernel.walls import OF_PRINCIPAL, Wall

if TYPE_CHECKING:
    from portal.kernel.unit import Unit


class Operation(Base):
    """An operation that has been done: whose, which, with what body, and where it led."""

    __tablename__ = "kernel_operation"
    __wall__ = Wall(OF_PRINCIPAL, read=True, insert=True)
    __table_args__ = (UniqueConstraint("principal", "key"),)

    id: Mapped[Id]
    principal: Mapped[str] = mapped_column(String(80))
    key: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(String(64))
    location: Mapped[str] = mapped_column(String(2000))
    created_at: Mapped[datetime]


def claim(unit: Unit, principal: str, key: str, body: str, location: str) -> bool:
    """Claim an operation at the end of its act, with where it led; False when it was done before.

    A twin that runs at the same time waits here for the end of the first one's transaction, on the unique key.
    """
    insert = sqlite_insert if unit.db.get_bind().dialect.name == "sqlite" else postgresql_insert
    row = {"principal": principal, "key": key, "body": body, "location": location, "created_at": unit.now()}
    claimed = unit.db.execute(
        insert(Operation).values(**row).on_conflict_do_nothing().returning(Operation.id)
    )
    return claimed.first() is not None


def find(unit: Unit, principal: str, key: str) -> Operation | None:
    """The operation that has been done under this key."""
    return unit.db.scalar(select(Operation).where(Operation.principal == principal, Operation.key == key))
