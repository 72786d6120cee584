"""The `portal` command: reads the ini, hands each command a `Console`, and says refusals in one sentence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
from pyramid.exceptions import ConfigurationError
from pyramid.paster import get_appsettings, setup_logging
from sqlalchemy.exc import OperationalError

import portal
from portal.cli.audit import audit
from portal.cli.backup import backup, restore
from portal.cli.database import db
from portal.cli.demo import demo
from portal.cli.inspection import modules, settings, verify
from portal.cli.jobs import jobs, worker
from portal.cli.serve import serve
from portal.cli.users import users
from portal.kernel import DATABASE
from portal.kernel.errors import BootRefused, Invalid, Refused
from portal.kernel.i18n import translate
from portal.ops.console import Console

_REFUSED = 2


class PortalGroup(click.Group):
    """Takes `-c FILE` wherever it stands, and offers the commands of the modules in the house beside its own."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Move `-c FILE` to the front, where the group reads it."""
        return super().parse_args(ctx, _config_first(args))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Our own, and those of the modules where an ini can be read."""
        try:
            foreign = list(_console(ctx).bare_house.commands)
        except BootRefused:
            foreign = []
        return sorted({*super().list_commands(ctx), *foreign})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One of our own, else one that a module in the house brings."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        found = _console(ctx).bare_house.commands.get(cmd_name)
        return found if isinstance(found, click.Command) else None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a refusal is one sentence on standard error and exit status 2."""
        try:
            return super().invoke(ctx)
        except (BootRefused, ConfigurationError) as refusal:
            sentence = str(refusal)
        except Refused as refusal:
            sentence = translate(refusal.reason, "en")
        except Invalid as refusal:
            sentence = "; ".join(
                f"{field}: {translate(message, 'en')}" for field, message in refusal.errors.items()
            )
        except OperationalError as error:
            sentence = f"{DATABASE.key}: {str(error.orig).strip().splitlines()[0]}"
        click.echo(sentence, err=True)
        return ctx.exit(_REFUSED)


def _config_first(args: list[str]) -> list[str]:
    end = args.index("--") if "--" in args else len(args)
    head, tail = args[:end], args[end:]
    for place, word in enumerate(head):
        if word in ("-c", "--config") and place + 1 < len(head):
            return ["--config", head[place + 1], *head[:place], *head[place + 2 :], *tail]
        if word.startswith("--config="):
            return [word, *head[:place], *head[place + 1 :], *tail]
    return args


@click.group(
    cls=PortalGroup,
    name="portal",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Look after a portal. The ini file is given by -c, else by $PORTAL_CONFIG, else it is development.ini.",
)
@click.option(
    "-c",
    "--config",
    "config",
    metavar="FILE.ini",
    type=click.Path(path_type=Path),
    default=lambda: Path(os.environ.get("PORTAL_CONFIG", "development.ini")),
    help="the ini file",
)
@click.pass_context
def main(ctx: click.Context, config: Path) -> None:
    """Read the ini for the command that follows."""
    ctx.obj = _console(ctx)
    setup_logging(str(config))


for _command in (audit, backup, db, demo, jobs, modules, restore, serve, settings, users, verify, worker):
    main.add_command(_command)


def _console(ctx: click.Context) -> Console:
    """The console over the ini of this call, read once."""
    known = ctx.meta.get("portal.console")
    if not isinstance(known, Console):
        known = ctx.meta["portal.console"] = open_console(ctx.params.get("config") or Path("development.ini"))
        ctx.call_on_close(known.close)
    return known


def open_console(config: Path) -> Console:
    """The console over an ini file. Raises BootRefused when it cannot be read."""
    if not config.is_file():
        raise BootRefused(f"there is no ini file {config}: name one with -c FILE.ini or in PORTAL_CONFIG")
    try:
        raw = get_appsettings(str(config), name="main")
    except (LookupError, ValueError) as error:
        raise BootRefused(f"{config} cannot be read: {error}") from error
    text = {key: value for key, value in raw.items() if isinstance(value, str)}
    return Console(config.resolve(), text, portal.compose)
