"""`portal demo`: data to look around in."""

from __future__ import annotations

import click

from portal.cli.table import echo_table
from portal.kernel import BASE_URL, ENVIRONMENT
from portal.kernel.composition import House
from portal.kernel.errors import BootRefused
from portal.ops.console import Console
from portal.ops.demo import PASSWORD, DemoContext, State, demo_people, fill, state


@click.command(help="Fill a fresh database with the demo company's data, and print who can sign in.")
@click.option("--orders", default=0, type=click.IntRange(min=0), help="so many further orders, for measuring")
@click.option("--if-empty", is_flag=True, help="do nothing where the demo or anybody else's data is")
@click.pass_obj
def demo(console: Console, orders: int, if_empty: bool) -> None:
    """Run the demo of every module, in the order of the modules."""
    house = console.house
    if house.settings[ENVIRONMENT] == "production":
        raise BootRefused(f"the demo is refused under {ENVIRONMENT.key} = production")
    with console.reading() as unit:
        found = state(unit.db)
        today = unit.today()
    if found is State.HALFWAY:
        raise BootRefused(_halfway(house))
    if found is State.DONE and not if_empty:
        raise BootRefused("the database has demo data already")
    if found is State.FOREIGN and if_empty:
        click.echo("The database has people of its own: no demo was made.")
        return
    if found is not State.DONE:
        context = DemoContext(house, today, {"orders": orders})
        for step in fill(context):
            click.echo(f"{step} …", err=True)
    echo_sign_ins(console)


def _halfway(house: House) -> str:
    url = house.database.engine.url
    away = f"delete {url.database} and what stands beside it as {url.database}-wal and -shm"
    if not house.database.is_sqlite:
        away = f"drop the database {url.database} and create it anew"
    return (
        f"the demo is still being made, or was stopped before it was complete: in that case {away}, "
        "then run `portal db upgrade` and `portal demo` again"
    )


def echo_sign_ins(console: Console) -> None:
    """Print the demo users; their password is no secret."""
    with console.reading() as unit:
        people = demo_people(unit.db)
    echo_table(("realm", "e-mail", "name"), [(one.realm, one.email, one.name) for one in people])
    click.echo(f"\nSign in at {console.house.settings[BASE_URL]} with the password: {PASSWORD}")
