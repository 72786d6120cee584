"""The command line: `portal [-c FILE.ini] COMMAND …`; `-c` may stand anywhere before a `--`."""

from __future__ import annotations

from portal.cli.group import main

__all__ = ["main"]
