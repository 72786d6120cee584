"""Numbers of orders and deliveries: `SO-2026-00001`, given in the statement that inserts the row.

The number is made of the row's own id, so it needs no counter: no row that all who create orders would wait for, no
further statement, and a customer who requests a quotation writes nothing but rows of their own account. Gaps are
allowed here; only invoices are numbered without.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Row, String, case, cast, func, insert, literal, select, text
from sqlalchemy.orm import Session

from portal.kernel.db import Base, new_public_id

_DIGITS = 5


def insert_numbered(
    db: Session, model: type[Base], prefix: str, year: int, values: Mapping[str, Any]
) -> Row[Any]:
    """Insert a row of `model` with its number and public id: one statement; returns id, public_id and number."""
    table: Any = model.__table__
    if db.get_bind().dialect.name == "postgresql":
        following: Any = func.nextval(text(f"pg_get_serial_sequence('{table.name}', 'id')"))
    else:
        # One writer at a time, and rows are never deleted.
        following = select(func.coalesce(func.max(table.c.id), 0) + 1).scalar_subquery()
    source = select(following.label("id")).subquery()
    written = {"public_id": new_public_id(), **values}
    columns = [table.c.id, table.c.number, *(table.c[name] for name in written)]
    literals = [literal(value, table.c[name].type) for name, value in written.items()]
    statement: Any = insert(table).from_select(
        [column.name for column in columns],
        select(source.c.id, literal(f"{prefix}-{year}-", String()) + _padded(source.c.id), *literals),
        include_defaults=False,
    )
    found: Row[Any] = db.execute(statement.returning(table.c.id, table.c.public_id, table.c.number)).one()
    return found


def _padded(number: Any) -> Any:
    """The digits of a number, at least five: SQLite has no lpad."""
    full = 10**_DIGITS
    padded = func.substr(cast(number + full, String), 2)
    return case((number < full, padded), else_=cast(cast(number, BigInteger), String))
