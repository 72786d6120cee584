"""The command line: `portal [-c FILE.ini] COMMAND …`; `-c` may stand anywhere before a `--`."""

from __future__ import annotations

import warnings

# Pyramid 2.1 says this at every start; it has its own pin of setuptools.
warnings.filterwarnings("ignore", message="pkg_resources is deprecated", category=UserWarning)

from portal.cli.group import main  # noqa: E402 - after the filter

__all__ = ["main"]
