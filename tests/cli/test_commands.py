"""The `portal` command against a real ini and database."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from cli.conftest import CommandLine, write_ini
from click.testing import CliRunner
from sqlalchemy import select, update

from portal.cli import main
from portal.cli.group import open_console
from portal.kernel.jobs import DONE, FAILED, JobRow
from portal.kernel.mail import Address, IMail, Message
from portal.ops.agenda import Agenda
from portal.testing import raw_settings

PASSWORD = "a long and odd password 7"


def test_migrations(command_line: Callable[..., CommandLine]) -> None:
    portal = command_line()
    assert "migrations are pending for kernel, proposals, people, ops: run `portal db upgrade" in portal(
        "verify", status=2
    )
    assert "pending migrations" in portal("db", "check", status=1)
    assert portal("db", "upgrade") == "migrated: kernel, proposals, people, ops\n"
    assert portal("db", "upgrade") == "the database is up to date\n"
    assert portal("db", "check") == (
        "kernel: equal\nproposals: equal\npeople: equal\nops: equal\nwalls between customers: equal\n"
    )
    assert "ops 0002 *" in portal("db", "history", "ops")
    assert "nobody is no module" in portal("db", "history", "nobody", status=2)


def test_what_is_composed_and_configured(cli: CommandLine) -> None:
    composed, open_to_all = cli("modules").split("\n\n")
    modules = {line.split()[0]: line.split() for line in composed.splitlines()[2:]}
    assert list(modules) == ["kernel", "web", "proposals", "people", "my", "ops"]
    assert int(modules["ops"][4]) > 5
    doors = {line.split()[0]: line for line in open_to_all.splitlines()[2:]}
    assert "portal.web.views.home" in doors
    assert doors["portal.people.views.sign_in.sign_in"].endswith("Part of signing in.")
    settings = cli("settings")
    assert "Test Trading GmbH" in settings
    assert "portal.ini:" in settings
    assert "default" in settings
    assert "a-secret-for-tests-only" not in settings


def test_people(cli: CommandLine) -> None:
    email = "me@company.example"
    cli("users", "add", email, "--name", "Me Myself", "--password", PASSWORD, "--role", "ops.administrator")
    assert "Me Myself" in cli("users", "list")
    assert "ops.administrator" in cli("users", "list", "--realm", "employees")
    assert "Me Myself" not in cli("users", "list", "--realm", "customers")
    cli("users", "revoke", email, "ops.administrator")
    assert "ops.administrator" not in cli("users", "list")
    cli("users", "grant", email, "ops.administrator")
    assert "No module" in cli("users", "grant", email, "ops.nothing", status=2)
    assert "nobody with the e-mail" in cli("users", "disable", "x@company.example", status=2)
    assert "there already" in cli("users", "add", email, "--name", "Me", "--password", PASSWORD, status=2)
    cli("users", "password", email, stdin=f"{PASSWORD} 2\n{PASSWORD} 2\n")
    link = cli("users", "reset", email).splitlines()[-1]
    assert re.fullmatch(r"http\S+/reset/[\w-]{40,}", link)
    assert "nobody with the e-mail" in cli("users", "reset", email, "--realm", "customers", status=2)
    cli("users", "disable", email)
    assert "disabled" in cli("users", "list")


def test_jobs(cli: CommandLine) -> None:
    with closing(open_console(cli.ini)) as console, console.unit() as unit:
        unit.ask(IMail).queue(Message((Address("", "a@customer.example"),), "Hello", "text", "en"))
        unit.db.execute(update(JobRow).values(state=FAILED, error="RuntimeError: no luck"))
    assert "RuntimeError: no luck" in cli("jobs", "list")
    assert "ops.mail" not in cli("jobs", "list", "--state", "done")
    cli("jobs", "retry", status=2)
    assert cli("jobs", "retry", "--all") == "1 to be run again\n"
    assert "Only a failed job" in cli("jobs", "retry", "1", status=2)
    with closing(open_console(cli.ini)) as console, console.reading() as unit:
        assert unit.db.scalars(select(JobRow.state)).one() == "waiting"


def test_failed_jobs_of_one_key_are_run_again_once(cli: CommandLine) -> None:
    with closing(open_console(cli.ini)) as console, console.unit() as unit:
        for _number in range(2):
            unit.enqueue("ops.tidy", {}, dedupe="key")
            unit.db.execute(update(JobRow).values(state=FAILED))
    printed = cli("jobs", "retry", "--all")
    assert printed == "2 skipped: Another job does the same work already.\n1 to be run again\n"
    with closing(open_console(cli.ini)) as console, console.reading() as unit:
        states = unit.db.scalars(select(JobRow.state).order_by(JobRow.id)).all()
    assert states == ["waiting", "failed"]


def test_verify_finds_nothing_in_a_fresh_database(cli: CommandLine) -> None:
    assert "ops.documents" in cli("verify")


def test_verify_misses_a_head_that_was_noted_before(cli: CommandLine) -> None:
    assert "is not there any more" in cli("verify", "--head", "BANK-12:5be0", status=1)
    assert "NUMBER:HASH" in cli("verify", "--head", "BANK-12", status=2)


def test_the_demo_is_made_once(cli: CommandLine) -> None:
    printed = cli("demo")
    assert "admin@demo.example" in printed
    assert "http://localhost" in printed
    assert "already" in cli("demo", status=2)
    assert "admin@demo.example" in cli("demo", "--if-empty")
    assert cli("users", "list").count("@demo.example") == 3


def test_a_demo_that_was_stopped_halfway_is_told(
    command_line: Callable[..., CommandLine], monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = command_line()
    cli("db", "upgrade")

    def stopped(self: Agenda, house: object, until: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Agenda, "run", stopped)
        cli("demo", status=1)
    for words in (["demo"], ["demo", "--if-empty"]):
        said = cli(*words, status=2)
        assert "was stopped before it was complete" in said
        assert "portal db upgrade" in said
        assert len(said.splitlines()) == 1
    assert cli("users", "list").count("@demo.example") == 3


def test_data_of_others_gets_no_demo_unasked(cli: CommandLine) -> None:
    cli("users", "add", "me@company.example", "--name", "Me", "--password", PASSWORD)
    assert "people of its own" in cli("demo", "--if-empty")
    assert "@demo.example" not in cli("users", "list")
    assert "admin@demo.example" in cli("demo")


def test_production_refuses_the_demo(command_line: Callable[..., CommandLine]) -> None:
    development = command_line()
    development("db", "upgrade")
    development("demo")
    production = command_line(environment="production", base_url="https://portal.example")
    assert "demo" in production("verify", status=2)
    assert "demo" in production("demo", status=2)


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        ({"jobs.workr": "none"}, "unknown setting portal.jobs.workr; did you mean portal.jobs.worker?"),
        ({"jobs.worker": "sometimes"}, "portal.jobs.worker must be one of: embedded, separate, none"),
        ({"jobs.poll": "0"}, "portal.jobs.poll must be a whole number above zero"),
        ({"modules": "nothing.there"}, "portal.modules names nothing.there, which cannot be imported"),
        (
            {"secret": "${env:NOT_SET_ANYWHERE}"},
            "portal.secret cites the environment variable NOT_SET_ANYWHERE",
        ),
        ({"mail.password": "${file:/nowhere}"}, "portal.mail.password cites the file /nowhere"),
    ],
)
def test_a_refusal_is_one_sentence(tmp_path: Path, extra: dict[str, str], sentence: str) -> None:
    raw = raw_settings([], f"sqlite:///{tmp_path}/x.sqlite")
    raw.update({f"portal.{key}": value for key, value in extra.items()})
    ini = write_ini(tmp_path / "portal.ini", raw)
    done = CliRunner().invoke(main, ["-c", str(ini), "modules"])
    assert done.exit_code == 2
    assert done.stderr.startswith(sentence)
    assert len(done.stderr.splitlines()) == 1


def test_no_ini(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["-c", str(tmp_path / "none.ini"), "verify"])
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)
    assert "there is no ini file" in done.stderr


def test_the_ini_of_the_environment(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_CONFIG", str(cli.ini))
    done = CliRunner().invoke(main, ["verify"])
    assert done.exit_code == 0


def test_the_worker_leaves_on_sigterm(cli: CommandLine) -> None:
    with closing(open_console(cli.ini)) as console, console.unit() as unit:
        unit.ask(IMail).queue(Message((Address("", "a@customer.example"),), "Hello", "text", "en"))
    command = [sys.executable, "-m", "portal.cli", "worker", "-c", str(cli.ini)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert "The worker runs" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert "stopped" in process.stdout.read()
        assert process.wait(20) == 0
    with closing(open_console(cli.ini)) as console, console.reading() as unit:
        states = unit.db.scalars(select(JobRow.state).where(JobRow.kind == "ops.mail")).all()
    assert states in ([DONE], ["waiting"])  # never left running


def test_a_database_that_does_not_answer_is_said_in_one_sentence(tmp_path: Path) -> None:
    raw = raw_settings((), f"sqlite:///{tmp_path}/nowhere/portal.sqlite")
    said = CommandLine(write_ini(tmp_path / "portal.ini", raw))("verify", status=2)
    assert said == "portal.database.url: unable to open database file\n"
