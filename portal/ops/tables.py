"""The tables that stand in a database: those of modules that are switched off are the house's data too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, func, inspect, select, table

from portal.kernel import schema
from portal.kernel.card import Card
from portal.kernel.db import Base, Database, make_engine


@dataclass(frozen=True, slots=True)
class Counted:
    """A table and how many rows it has."""

    table: str
    rows: int


def names(connection: Connection) -> list[str]:
    """Every table but those that hold the migrations' state, by name."""
    found = inspect(connection).get_table_names()
    return sorted(name for name in found if not name.endswith("alembic_version"))


def count(connection: Connection) -> list[Counted]:
    """How many rows each table has."""
    return [
        Counted(name, connection.scalar(select(func.count()).select_from(table(name))) or 0)
        for name in names(connection)
    ]


def is_empty(connection: Connection, cards: tuple[Card, ...]) -> bool:
    """Whether the database has no rows but those that the migrations write, whatever tables it has."""
    filled = [counted.table for counted in count(connection) if counted.rows]
    if not filled:
        return True
    written = _written_by_migrations(cards)
    return all(written.get(name) == _rows(connection, name) for name in filled)


def _written_by_migrations(cards: tuple[Card, ...]) -> dict[str, list[tuple[Any, ...]] | None]:
    """The rows of a database that was migrated and nothing else, by table."""
    with TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite:///{Path(folder) / 'migrated.sqlite'}")
        try:
            schema.upgrade(Database(engine), cards)
            with engine.connect() as connection:
                return {name: _rows(connection, name) for name in names(connection)}
        finally:
            engine.dispose()


def _rows(connection: Connection, name: str) -> list[tuple[Any, ...]] | None:
    """The rows of a table by primary key; None for a table that is not as the models say."""
    model = Base.metadata.tables.get(name)
    if model is None or {column["name"] for column in inspect(connection).get_columns(name)} != set(
        model.columns.keys()
    ):
        return None
    rows = connection.execute(select(model).order_by(*model.primary_key.columns))
    return [tuple(row) for row in rows]


def orphans(connection: Connection, cards: tuple[Card, ...]) -> list[str]:
    """The tables that belong to no package in the house."""
    prefixes = tuple(card.prefix for card in cards)
    return [name for name in names(connection) if not name.startswith(prefixes)]
