"""Copying all data of the house from one database into another, such as from SQLite to PostgreSQL.

The target gets its schema by the same migrations, then every row of every table with its ids and hashes as they are.
The target's triggers rest meanwhile: they guard changes, and these rows have been guarded before.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    tuple_,
)

from portal.kernel import schema
from portal.kernel.composition import House
from portal.kernel.db import Base, Database
from portal.kernel.errors import BootRefused
from portal.ops import tables
from portal.ops.tables import Counted

_BATCH = 2000


def copy(house: House, target: Engine) -> list[Counted]:
    """Copy everything into `target`, which is migrated first; returns how many rows each table has there.

    The rows are copied in one transaction: a copy that broke off can be begun again. Raises BootRefused for a target with rows, for tables of modules that are
    switched off, and when the counts differ at the end.
    """
    with target.connect() as connection:
        if not tables.is_empty(connection, house.cards):
            raise BootRefused("the target has rows already: nothing was copied")
    with house.database.session(write=False) as reading:
        source = reading.connection()
        orphans = tables.orphans(source, house.cards)
        if orphans:
            raise BootRefused(
                f"the table {orphans[0]} belongs to no module in portal.modules: nothing was copied"
            )
        stored = set(tables.names(source))
        models = [model for model in Base.metadata.sorted_tables if model.name in stored]
        schema.upgrade(Database(target, house.database.customers_role), house.cards)
        with target.begin() as writing, _triggers_at_rest(writing), _references_at_rest(writing):
            # Migrations write rows too, such as the journals; those of the source take their place.
            for model in reversed(models):
                writing.execute(delete(model))
            _copy_all(source, writing, models)
            counted = tables.count(writing)
            if counted != tables.count(source):
                raise BootRefused("source and target differ in their number of rows: nothing was copied")
    return counted


def _copy_all(source: Connection, target: Connection, models: list[Table]) -> None:
    for model in models:
        for rows in _batches(source, model):
            target.execute(insert(model), rows)
        _reset_sequence(target, model)


def _batches(source: Connection, model: Table) -> Iterator[list[dict[str, Any]]]:
    """The rows by primary key, a batch at a time."""
    key: list[Column[Any]] = list(model.primary_key.columns)
    stored = [column for column in model.columns if column.computed is None]
    statement = select(*stored).order_by(*key).limit(_BATCH)
    page = statement
    while rows := [dict(row) for row in source.execute(page).mappings()]:
        yield rows
        last = [bindparam(None, rows[-1][column.name], type_=column.type) for column in key]
        page = statement.where(tuple_(*key) > tuple_(*last))


def _reset_sequence(target: Connection, model: Table) -> None:
    """Let the next row of a numbered table get the number after the greatest."""
    if target.dialect.name != "postgresql" or "id" not in model.columns:
        return
    greatest = target.scalar(select(func.max(model.columns["id"])))
    sequence = target.scalar(select(func.pg_get_serial_sequence(model.name, "id")))
    if greatest is not None and sequence is not None:
        target.execute(select(func.setval(sequence, greatest)))


@contextmanager
def _triggers_at_rest(connection: Connection) -> Generator[None]:
    """Take the triggers away and put them back, within the transaction."""
    if connection.dialect.name == "postgresql":
        quote = connection.dialect.identifier_preparer.quote
        names = [quote(name) for name in tables.names(connection)]
        for name in names:
            connection.execute(text(f"ALTER TABLE {name} DISABLE TRIGGER USER"))
        yield
        connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        for name in names:
            connection.execute(text(f"ALTER TABLE {name} ENABLE TRIGGER USER"))
        return
    triggers = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
    for trigger in triggers:
        connection.exec_driver_sql(f'DROP TRIGGER "{trigger.name}"')
    yield
    for trigger in triggers:
        connection.exec_driver_sql(trigger.sql)


@contextmanager
def _references_at_rest(connection: Connection) -> Generator[None]:
    """Look at foreign keys when all rows are there: some refer to rows of the same table, or of a later one."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")  # until the commit, which looks
        yield
        return
    found = connection.execute(
        text(
            "SELECT conrelid::regclass::text AS name, quote_ident(conname) AS reference FROM pg_constraint "
            "WHERE contype = 'f' AND NOT condeferrable AND connamespace = current_schema()::regnamespace"
        )
    ).all()
    alter = "ALTER TABLE {0.name} ALTER CONSTRAINT {0.reference} {1}"
    for one in found:
        connection.exec_driver_sql(alter.format(one, "DEFERRABLE INITIALLY DEFERRED"))
    yield
    connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    for one in found:
        connection.exec_driver_sql(alter.format(one, "NOT DEFERRABLE"))
