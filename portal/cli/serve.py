"""`portal serve`: the web server in the foreground."""

from __future__ import annotations

import signal
import sys
from types import FrameType

import click
import plaster

from portal.kernel import BASE_URL
from portal.ops.console import Console


@click.command(help="Serve the portal, as the [server:main] of the ini says.")
@click.pass_obj
def serve(console: Console) -> None:
    """Serve until interrupted; SIGTERM lets the embedded worker finish the job at hand."""
    loader = plaster.get_loader(str(console.source), protocols=["wsgi"])
    address = console.house.settings[BASE_URL]
    console.house.database.engine.dispose()
    app = loader.get_wsgi_app("main")
    serve_app = loader.get_wsgi_server("main")
    signal.signal(signal.SIGTERM, _leave)
    click.echo(f"The portal is at {address} (Ctrl-C stops it).")
    serve_app(app)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)
