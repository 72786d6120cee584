"""The two ini files: one list of keys, both bootable, usable by Pyramid's own commands."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from cli.conftest import CommandLine

from portal.cli.group import open_console
from portal.kernel.composition import House
from portal.kernel.settings import PREFIX


def keys(path: Path) -> list[tuple[str, str]]:
    """Every key with its section, in order; those of modules stand there commented out, with their defaults."""
    found: list[tuple[str, str]] = []
    section = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := re.match(r"\[(.+)\]$", line):
            section = match.group(1)
        elif match := re.match(r"#?([\w.]+) *=", line):
            found.append((section, match.group(1)))
    return found


def test_the_same_keys_in_the_same_order_and_each_explained(repository: Path) -> None:
    inis = [repository / name for name in ("development.ini", "production.ini")]
    assert keys(inis[0]) == keys(inis[1])
    for ini in inis:
        lines = ini.read_text(encoding="utf-8").splitlines()
        for before, line in pairwise(lines):
            if line.lstrip("#").startswith(PREFIX):
                assert before.startswith("# "), line


def test_every_setting_of_the_house_stands_in_them(repository: Path) -> None:
    house = open_console(repository / "development.ini").bare_house
    declared = {setting.key for setting in house.settings}
    there = {key for _section, key in keys(repository / "development.ini") if key.startswith(PREFIX)}
    assert declared == there
    house.database.engine.dispose()


def test_production_cites_its_secrets(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = (repository / "production.ini").read_text(encoding="utf-8")
    cited = re.findall(r"\$\{file(?:\|url)?:([^}]+)\}", text)
    for path in cited:
        (tmp_path / Path(path).name).write_text("cited-secret\n", encoding="utf-8")
        text = text.replace(path, str(tmp_path / Path(path).name))
    ini = tmp_path / "production.ini"
    ini.write_text(text, encoding="utf-8")
    monkeypatch.setenv("PORTAL_SECRET", "s" * 40)
    house: House = open_console(ini).bare_house
    assert not house.database.is_sqlite
    assert house.database.engine.url.password == "cited-secret"
    values = {setting.key: house.settings[setting] for setting in house.settings}
    assert values["portal.environment"] == "production"
    assert values["portal.jobs.worker"] == "separate"
    assert values["portal.mail.transport"] == "smtp"
    house.database.engine.dispose()


def run(ini: Path, program: str, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """A program of the virtual environment, given the ini."""
    command = [str(Path(sys.executable).parent / program), str(ini), *words]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=120)


def test_pshell_has_a_unit_in_scope(cli: CommandLine) -> None:
    with cli.ini.open("a", encoding="utf-8") as ini:
        ini.write("\n[pshell]\nsetup = portal.cli.shell.setup\n")
    said = run(
        cli.ini, "pshell", "-p", "python", stdin="print('found', request.unit.company.name, unit.today())\n"
    )
    assert "found Test Trading GmbH" in said.stdout, said.stderr
    routes = run(cli.ini, "proutes")
    assert "__static/" in routes.stdout, routes.stderr
