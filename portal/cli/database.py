"""`portal db`: migrations, and copying from one database to another."""

from __future__ import annotations

from pathlib import Path

import click

from portal.cli.table import echo_table
from portal.kernel import schema, walls
from portal.kernel.card import Card
from portal.kernel.composition import House
from portal.kernel.db import make_engine
from portal.kernel.errors import BootRefused
from portal.ops import overview
from portal.ops.console import Console
from portal.ops.copying import copy as copy_database


@click.group(help="Migrate the database, or copy it.")
def db() -> None:
    """The commands of the database."""


def make_room(house: House) -> None:
    """An SQLite file may be the first thing in its folder."""
    if house.database.is_sqlite:
        Path(str(house.database.engine.url.database)).parent.mkdir(parents=True, exist_ok=True)


@db.command(help="Bring the database to the newest schema.")
@click.pass_obj
def upgrade(console: Console) -> None:
    """Apply all pending migrations, in the order of the modules."""
    house = console.bare_house
    make_room(house)
    moved = schema.upgrade(house.database, house.cards)
    click.echo(f"migrated: {', '.join(moved)}" if moved else "the database is up to date")


@db.command(help="Write a migration of MODULE from the difference between its models and the database.")
@click.argument("module")
@click.option("-m", "--message", required=True, help="what the migration does")
@click.pass_obj
def revision(console: Console, module: str, message: str) -> None:
    """Write the migration's file; read it before you run it."""
    house = console.bare_house
    make_room(house)
    click.echo(schema.revision(house.database.engine, _migrated(house, module), message))


@db.command(help="Say whether the models equal the migrations.")
@click.pass_obj
def check(console: Console) -> None:
    """Exit with status 1 when something differs."""
    house = console.bare_house
    different = False
    with house.database.session(write=False) as session:
        connection = session.connection()
        waiting = schema.pending(connection, house.cards)
        for card in schema.migrated(house.cards):
            found = [] if card.name in waiting else schema.differences(connection, card)
            state = (
                "pending migrations"
                if card.name in waiting
                else f"{len(found)} differences"
                if found
                else "equal"
            )
            click.echo(f"{card.name}: {state}")
            for difference in found:
                click.echo(f"  {difference}")
            different = different or state != "equal"
        lacking = walls.lacking(connection, house.cards, walls.role_name(house.database))
        click.echo(f"walls between customers: {f'{len(lacking)} differences' if lacking else 'equal'}")
        for sentence in lacking:
            click.echo(f"  {sentence}")
    if different or lacking:
        raise SystemExit(1)


@db.command(help="List the migrations of all modules, or of MODULE.")
@click.argument("module", required=False)
@click.pass_obj
def history(console: Console, module: str | None) -> None:
    """Newest first; the one that the database is at is marked."""
    house = console.bare_house
    cards = [_migrated(house, module)] if module else list(schema.migrated(house.cards))
    make_room(house)
    with house.database.session(write=False) as session:
        for card in cards:
            here = schema.current(session.connection(), card)
            for number, message in schema.history(card):
                click.echo(f"{card.name} {number} {'*' if number == here else ' '} {message}")


@db.command(
    name="copy", help="Copy all data to the empty database at URL, such as from SQLite to PostgreSQL."
)
@click.argument("url")
@click.pass_obj
def copy_(console: Console, url: str) -> None:
    """Copy and print how many rows each table got."""
    try:
        target = make_engine(url, statement_timeout=3600)
    except Exception as error:
        raise BootRefused(f"the target cannot be used: {error}") from error
    try:
        counted = copy_database(console.house, target)
    finally:
        target.dispose()
    echo_table(("table", "rows"), [(one.table, one.rows) for one in counted])
    place = overview.masked(url)
    click.echo(f"\nCopied to {place}. Put it into portal.database.url, then run `portal verify`.")


def _migrated(house: House, module: str) -> Card:
    for card in schema.migrated(house.cards):
        if card.name == module:
            return card
    raise BootRefused(f"{module} is no module with migrations in this house")
