"""`portal modules`, `portal settings`, `portal verify`: what there is, how it is configured, whether it is right."""

from __future__ import annotations

import click

from portal.cli.table import echo_table
from portal.ops import overview
from portal.ops.console import Console
from portal.ops.verification import verify as run_checks


@click.command(help="List what is composed.")
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


@click.command(help="List every setting with its value and where it comes from; secrets are masked.")
@click.pass_obj
def settings(console: Console) -> None:
    """Every key that may stand in the ini."""
    rows = [
        (one.key, one.value.replace("\n", " / "), one.origin, one.module)
        for one in overview.settings(console.bare_house)
    ]
    echo_table(("key", "value", "origin", "module"), rows)


@click.command(help="Recompute the books; exit status 1 when something is wrong.")
@click.pass_obj
def verify(console: Console) -> None:
    """Run every check of every module and print what it found."""
    if not echo_verification(console):
        raise SystemExit(1)


def echo_verification(console: Console) -> bool:
    """Print the table of checks and what they found; whether all is well."""
    results = run_checks(console.house)
    rows = [
        (result.check.name, result.check.module, len(result.findings) or "ok", str(result.check.title))
        for result in results
    ]
    echo_table(("check", "module", "findings", "what holds"), rows)
    found = [finding for result in results for finding in result.findings]
    if found:
        click.echo()
        echo_table(("check", "row", "finding"), [(one.check, one.subject, one.explanation) for one in found])
    return not found
