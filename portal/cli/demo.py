"""`portal demo`: data to look around in."""

from __future__ import annotations

import click

from portal.cli.table import echo_table
from portal.kernel import BASE_URL, ENVIRONMENT
from portal.kernel.errors import BootRefused
from portal.ops.console import Console
from portal.ops.demo import PASSWORD, DemoContext, demo_people, fill


@click.command(help="Fill a fresh database with the demo company's data, and print who can sign in.")
@click.option("--orders", default=0, type=click.IntRange(min=0), help="so many further orders, for measuring")
@click.option("--if-empty", is_flag=True, help="do nothing where the demo is there already")
@click.pass_obj
def demo(console: Console, orders: int, if_empty: bool) -> None:
    """Run the demo of every module, in the order of the modules."""
    house = console.house
    if house.settings[ENVIRONMENT] == "production":
        raise BootRefused(f"the demo is refused under {ENVIRONMENT.key} = production")
    with console.reading() as unit:
        there = bool(demo_people(unit.db))
        today = unit.today()
    if there and not if_empty:
        raise BootRefused("the database has demo data already")
    if not there:
        context = DemoContext(house, today, {"orders": orders})
        for step in fill(context):
            click.echo(f"{step} …", err=True)
    echo_sign_ins(console)


def echo_sign_ins(console: Console) -> None:
    """Print the demo users; their password is no secret."""
    with console.reading() as unit:
        people = demo_people(unit.db)
    echo_table(("realm", "e-mail", "name"), [(one.realm, one.email, one.name) for one in people])
    click.echo(f"\nSign in at {console.house.settings[BASE_URL]} with the password: {PASSWORD}")
