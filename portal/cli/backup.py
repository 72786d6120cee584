"""`portal backup` and `portal restore`."""

from __future__ import annotations

from pathlib import Path

import click

from portal.cli.database import make_room
from portal.cli.inspection import echo_verification
from portal.kernel import schema
from portal.ops import backup as services
from portal.ops.console import Console


@click.command(help="Write the whole database into FILE, while the portal is in use.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def backup(console: Console, file: Path) -> None:
    """Write and check the backup."""
    services.backup(console.house, file)
    click.echo(f"{file}: {file.stat().st_size:,} bytes")


@click.command(help="Put the backup in FILE into the database of the ini. The portal must not be running.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="replace the rows that the database has")
@click.pass_obj
def restore(console: Console, file: Path, force: bool) -> None:
    """Restore, then verify what was restored; exit status 1 when a check finds something."""
    house = console.bare_house
    make_room(house)
    counted = services.restore(house, file, force=force)
    click.echo(f"{sum(one.rows for one in counted):,} rows in {len(counted)} tables")
    with house.database.session(write=False) as session:
        waiting = schema.pending(session.connection(), house.cards)
    if waiting:
        click.echo(
            f"The backup is older than this portal: run `portal db upgrade`, then `portal verify` ({', '.join(waiting)})."
        )
        return
    if not echo_verification(console):
        raise SystemExit(1)
