"""`portal audit`: the chain of the audit log."""

from __future__ import annotations

import click

from portal.ops import audit_chain
from portal.ops.console import Console


@click.group(help="The audit log. Its rows are never changed or deleted.")
def audit() -> None:
    """Only a group of commands."""


@audit.command(help="Seal at once what the background job has not sealed yet.")
@click.pass_obj
def seal(console: Console) -> None:
    """Chain every row that has no seal."""
    with console.unit() as unit:
        sealed = audit_chain.seal(unit)
    click.echo(f"{sealed} rows sealed")
