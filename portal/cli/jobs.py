"""`portal jobs` and `portal worker`: background work."""

from __future__ import annotations

import signal
from types import FrameType

import click
from sqlalchemy import select

from portal.cli.table import echo_table
from portal.kernel.errors import Refused
from portal.kernel.jobs import DONE, FAILED, RUNNING, WAITING, JobRow
from portal.kernel.unit import Unit
from portal.ops import jobs as services
from portal.ops.console import Console
from portal.ops.loop import Loop


@click.group(help="See background jobs, and run failed ones again.")
def jobs() -> None:
    """The commands of background jobs."""


@jobs.command(name="list", help="List jobs that are waiting, running or have failed; newest first.")
@click.option("--state", type=click.Choice([WAITING, RUNNING, DONE, FAILED]), help="only jobs in this state")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(min=1))
@click.pass_obj
def list_(console: Console, state: str | None, limit: int) -> None:
    """Print the jobs with their last error."""
    wanted = JobRow.state == state if state else JobRow.state != DONE
    with console.reading() as unit:
        rows = unit.db.scalars(select(JobRow).where(wanted).order_by(JobRow.id.desc()).limit(limit)).all()
    echo_table(
        ("id", "kind", "state", "attempts", "due", "error"),
        [
            (row.id, row.kind, row.state, row.attempts, f"{row.run_after:%Y-%m-%d %H:%M:%S}", row.error or "")
            for row in rows
        ],
    )


@jobs.command(help="Run a failed job again, or all of them.")
@click.argument("number", type=int, required=False)
@click.option("--all", "everything", is_flag=True, help="every job that has failed")
@click.pass_obj
def retry(console: Console, number: int | None, everything: bool) -> None:
    """Put failed jobs back; the worker runs them."""
    if (number is None) != everything:
        raise click.UsageError("name one job or --all")
    with console.unit() as unit:
        failed = (
            [number]
            if number is not None
            else list(unit.db.scalars(select(JobRow.id).where(JobRow.state == FAILED).order_by(JobRow.id)))
        )
        again = sum(_retry(unit, one, skip=everything) for one in failed)
    click.echo(f"{again} to be run again")


def _retry(unit: Unit, number: int, *, skip: bool) -> bool:
    """Put one job back; with `skip`, one that cannot be is named and left as it is."""
    try:
        services.retry(unit, number)
    except Refused as refused:
        if not skip:
            raise
        click.echo(f"{number} skipped: {unit.translate(refused.reason, 'en')}")
        return False
    return True


@click.command(help="Run background jobs until told to stop; SIGTERM and Ctrl-C finish the job at hand.")
@click.pass_obj
def worker(console: Console) -> None:
    """The worker in the foreground."""
    loop = Loop(console.house)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        loop.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    click.echo("The worker runs; Ctrl-C stops it after the job at hand.")
    loop.run()
    click.echo("The worker has stopped.")
