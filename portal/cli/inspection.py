"""`portal modules`, `portal settings`, `portal verify`: what there is, how it is configured, whether it is right."""

from __future__ import annotations

from collections.abc import Sequence

import click

from portal.cli.table import echo_table
from portal.kernel.gate import open_views
from portal.ops import overview, verification
from portal.ops.console import Console


@click.command(help="List what is composed, and which pages are open to all.")
@click.pass_obj
def modules(console: Console) -> None:
    """Names, packages, and how much each brings."""
    house = console.bare_house
    views = overview.views_by_package(house, console.composed)
    head = ("name", "title", "package", "requires", "views", "permissions", "roles", "settings", "offers",
            "services", "subscribers", "jobs", "checks")  # fmt: skip
    echo_table(
        head,
        [
            (one.name, str(one.title), one.package, " ".join(one.requires) or "-", views[one.name], one.permissions,
             one.roles, one.settings, one.offers, one.services, one.subscribers, one.jobs, one.checks)
            for one in overview.modules(house)
        ],
    )  # fmt: skip
    click.echo()
    doors = open_views(console.composed.introspector)
    echo_table(("open to all", "why"), [(name, str(why)) for name, why in doors.items()])


@click.command(help="List every setting with its value and where it comes from; secrets are masked.")
@click.pass_obj
def settings(console: Console) -> None:
    """Every key that may stand in the ini."""
    rows = [
        (one.key, one.value.replace("\n", " / "), one.origin, one.module)
        for one in overview.settings(console.bare_house)
    ]
    echo_table(("key", "value", "origin", "module"), rows)


def _noted(
    _context: click.Context, _option: click.Parameter, given: tuple[str, ...]
) -> list[tuple[str, str]]:
    heads = [(name, hash_) for name, _colon, hash_ in (one.partition(":") for one in given)]
    if not all(name and hash_ for name, hash_ in heads):
        raise click.BadParameter("a head is NUMBER:HASH, as this command prints it")
    return heads


@click.command(help="Recompute the books; exit status 1 when something is wrong.")
@click.option(
    "--head",
    "noted",
    multiple=True,
    metavar="NUMBER:HASH",
    callback=_noted,
    help="A head that was printed before and kept elsewhere: it must still be there. Can be repeated.",
)
@click.pass_obj
def verify(console: Console, noted: list[tuple[str, str]]) -> None:
    """Run every check of every module and print what it found, with the heads of all chains."""
    if not echo_verification(console, noted):
        raise SystemExit(1)


def echo_verification(console: Console, noted: Sequence[tuple[str, str]] = ()) -> bool:
    """Print the table of checks, the heads of chains, and what was found; whether all is well."""
    heads = verification.heads(console.house)
    results = verification.verify(console.house)
    rows = [
        (result.check.name, result.check.module, len(result.findings) or "ok", str(result.check.title))
        for result in results
    ]
    echo_table(("check", "module", "findings", "what holds"), rows)
    if heads:
        click.echo()
        echo_table(("head", "NUMBER:HASH"), [(name, f"{name}:{hash_}") for name, hash_ in heads.items()])
    found = [
        *(finding for result in results for finding in result.findings),
        *verification.lost(console.house, noted),
    ]
    if found:
        click.echo()
        echo_table(("check", "row", "finding"), [(one.check, one.subject, one.explanation) for one in found])
    return not found
