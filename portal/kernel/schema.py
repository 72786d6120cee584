"""Migrations: each package keeps its own room of them and its own version table.

One version table with branches would break every command as soon as a module's path is gone, and autogenerate
would propose to drop the tables of a module that is switched off (alembic #974). So every package is migrated
by itself, in the order of the dependencies, and autogenerate sees only the tables of its prefix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, Engine, text

from alembic import command, context, op
from portal.kernel import walls
from portal.kernel.card import Card
from portal.kernel.db import Base, Database
from portal.kernel.errors import BootRefused

_HERE = Path(__file__).resolve().parent
#: By package: what its room of migrations held when it was last read, and the newest revision in it.
_NEWEST: dict[str, tuple[tuple[tuple[str, int], ...], str | None]] = {}


def version_table(card: Card) -> str:
    """The name of a package's version table."""
    return f"{card.prefix}alembic_version"


def migrated(cards: tuple[Card, ...]) -> Iterator[Card]:
    """The cards that have migrations, in order."""
    return (card for card in cards if card.migrations)


def _room(card: Card) -> Path:
    return Path(str(import_module(card.package).__file__)).resolve().parent / "migrations"


def _config(card: Card, connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE / "alembic_env").replace("%", "%%"))
    config.set_main_option("version_locations", str(_room(card)).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["card"] = card
    config.attributes["connection"] = connection
    return config


def _options(card: Card) -> dict[str, Any]:
    def include_object(thing: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
        if kind != "table" or name is None:
            return True
        return name.startswith(card.prefix) and name != version_table(card)

    return {
        "target_metadata": Base.metadata,
        "version_table": version_table(card),
        "include_object": include_object,
        "compare_type": False,
        "render_as_batch": False,
    }


def run_environment() -> None:
    """What alembic's env.py does, for the package that the command was called for."""
    card: Card | None = context.config.attributes.get("card")
    connection: Connection | None = context.config.attributes.get("connection")
    if card is None or connection is None:
        raise BootRefused("use `portal db upgrade|revision|check|history -c FILE.ini`, not alembic itself")
    context.configure(connection=connection, transaction_per_migration=True, **_options(card))
    with context.begin_transaction():
        context.run_migrations()


def upgrade(database: Database, cards: tuple[Card, ...]) -> list[str]:
    """Bring every package to its newest revision, in order, and the walls between customers to what the models declare.

    Returns the names of the packages that moved.
    """
    engine = database.engine
    moved: list[str] = []
    for card in migrated(cards):
        with engine.connect() as connection:
            before = current(connection, card)
            connection.rollback()
            command.upgrade(_config(card, connection), "heads")
            connection.commit()
            if current(connection, card) != before:
                moved.append(card.name)
    with engine.begin() as connection:
        walls.build(connection, cards, walls.role_name(database))
    return moved


def add_foreign_key(
    name: str, table: str, columns: Sequence[str], target: str, target_columns: Sequence[str]
) -> None:
    """Add a foreign key to a table that is there, in a migration; no row may violate it yet.

    SQLite has no ALTER for that. Its documentation ("Making Other Kinds Of Table Schema Changes") has the text of the
    table changed, which for a constraint changes nothing of what is stored.
    """
    if op.get_bind().dialect.name == "sqlite":
        clause = _key_clause(name, columns, target, target_columns)
        _rewrite_table(table, lambda sql: f"{sql.rstrip().removesuffix(')')}{clause})")
    else:
        op.create_foreign_key(name, table, target, list(columns), list(target_columns))


def drop_foreign_key(
    name: str, table: str, columns: Sequence[str], target: str, target_columns: Sequence[str]
) -> None:
    """Take a foreign key away that `add_foreign_key` made."""
    if op.get_bind().dialect.name == "sqlite":
        clause = _key_clause(name, columns, target, target_columns)
        _rewrite_table(table, lambda sql: sql.replace(clause, ""))
    else:
        op.drop_constraint(name, table, type_="foreignkey")


def _key_clause(name: str, columns: Sequence[str], target: str, target_columns: Sequence[str]) -> str:
    return f", CONSTRAINT {name} FOREIGN KEY({', '.join(columns)}) REFERENCES {target} ({', '.join(target_columns)})"


def _rewrite_table(table: str, change: Callable[[str], str]) -> None:
    connection = op.get_bind()
    made = {"type": "table", "name": table}
    where = "WHERE type = :type AND name = :name"
    sql = str(connection.scalar(text(f"SELECT sql FROM sqlite_master {where}"), made))  # noqa: S608 - no values
    version = connection.scalar(text("PRAGMA schema_version"))
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.execute(
        text(f"UPDATE sqlite_master SET sql = :sql {where}"),  # noqa: S608 - no values
        {**made, "sql": change(sql)},
    )
    # Other connections see that what they know is old; this one reads it anew.
    connection.exec_driver_sql(f"PRAGMA schema_version = {int(version or 0) + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")


def revision(engine: Engine, card: Card, message: str) -> Path:
    """Write a new migration from the difference between models and database; returns its file."""
    script = ScriptDirectory.from_config(_config(card))
    number = f"{len(list(script.walk_revisions())) + 1:04d}"
    directory = _room(card)
    directory.mkdir(exist_ok=True)
    with engine.connect() as connection:
        made = command.revision(
            _config(card, connection),
            message,
            autogenerate=True,
            rev_id=number,
            version_path=str(directory),
            head="base" if number == "0001" else "head",
        )
    if not isinstance(made, Script):
        raise TypeError(f"alembic made {made!r} instead of one migration")
    return Path(made.path)


def current(connection: Connection, card: Card) -> str | None:
    """The revision that the database is at, None before the first."""
    options = {"version_table": version_table(card)}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


def newest(card: Card) -> str | None:
    """The revision that the code is at."""
    rooms = sorted(_room(card).glob("*.py"))
    stamps = tuple((file.name, file.stat().st_mtime_ns) for file in rooms)
    if card.package not in _NEWEST or _NEWEST[card.package][0] != stamps:
        # Reading every migration takes longer than composing the house, and each look at the health asks for it.
        _NEWEST[card.package] = (stamps, ScriptDirectory.from_config(_config(card)).get_current_head())
    return _NEWEST[card.package][1]


def pending(connection: Connection, cards: tuple[Card, ...]) -> list[str]:
    """The names of the packages whose migrations have not all been applied."""
    return [card.name for card in migrated(cards) if current(connection, card) != newest(card)]


def differences(connection: Connection, card: Card) -> list[Any]:
    """What autogenerate would still change: empty when models equal migrations."""
    context_ = MigrationContext.configure(connection, opts=_options(card))
    return list(compare_metadata(context_, Base.metadata))


def history(card: Card) -> list[tuple[str, str]]:
    """Revisions and their messages, newest first."""
    script = ScriptDirectory.from_config(_config(card))
    return [(found.revision, found.doc) for found in script.walk_revisions()]
