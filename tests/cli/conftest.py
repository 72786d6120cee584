"""An ini file over a fresh database, and the `portal` command run against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portal.cli import main
from portal.testing import raw_settings


@dataclass
class CommandLine:
    """Runs `portal -c INI …` in this process."""

    ini: Path

    def __call__(self, *words: str, status: int = 0, stdin: str | None = None) -> str:
        """Run a command; returns what it printed, errors included."""
        done: Result = CliRunner().invoke(main, [*words, "-c", str(self.ini)], input=stdin)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == status, done.output
        return done.output


def write_ini(path: Path, raw: dict[str, str]) -> Path:
    """An ini file with these settings of the portal."""
    lines = [f"{key} = {value}".replace("\n", "\n    ").replace("%", "%%") for key, value in raw.items()]
    server = "[server:main]\nuse = egg:waitress#main\nlisten = 127.0.0.1:0\n"
    path.write_text("\n".join(["[app:main]", "use = egg:portal-suite", *lines, "", server]), encoding="utf-8")
    return path


@pytest.fixture
def command_line(engine_url: str, tmp_path: Path) -> Callable[..., CommandLine]:
    """`command_line(jobs__worker="none")` is a command line over an empty database."""

    def build(*modules: str, **settings: str) -> CommandLine:
        settings.setdefault("mail__folder", str(tmp_path / "mail"))
        raw = raw_settings(modules, engine_url, **settings)
        return CommandLine(write_ini(tmp_path / "portal.ini", raw))

    return build


@pytest.fixture
def cli(command_line: Callable[..., CommandLine]) -> CommandLine:
    """A command line over a migrated database without modules."""
    made = command_line()
    made("db", "upgrade")
    return made
