"""The tables that stand in a database: those of modules that are switched off are the house's data too."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, inspect, select, table

from portal.kernel.card import Card


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


def is_empty(connection: Connection) -> bool:
    """Whether the database has no rows, whatever tables it has."""
    return not any(counted.rows for counted in count(connection))


def orphans(connection: Connection, cards: tuple[Card, ...]) -> list[str]:
    """The tables that belong to no package in the house."""
    prefixes = tuple(card.prefix for card in cards)
    return [name for name in names(connection) if not name.startswith(prefixes)]
