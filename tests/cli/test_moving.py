"""Copying, backup and restore: every row arrives, guards and numbers included; nothing is overwritten unasked."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cli.conftest import CommandLine, write_ini
from modules.finance.conftest import line, make_books
from sqlalchemy import delete, insert, inspect, select, text, update
from sqlalchemy.exc import DBAPIError

from portal.cli.group import open_console
from portal.kernel.composition import House
from portal.kernel.db import Base
from portal.kernel.jobs import JobRow
from portal.kernel.mail import Address, IMail, Message
from portal.ops import copying, documents
from portal.ops.models import Document, Mail
from portal.ops.pdf import Party, Seller, Statement
from portal.ops.worker import run_due
from portal.testing import TestPortal, raw_settings
from portal.testing.databases import Databases

MODULES = ("taxes", "customers", "catalog", "finance")


def fill(cli: CommandLine) -> None:
    """The demo, an issued document and a mail."""
    cli("db", "upgrade")
    cli("demo")
    with closing(open_console(cli.ini)) as console:
        with console.unit() as unit:
            unit.ask(IMail).queue(Message((Address("Ä", "a@customer.example"),), "Hällo", "text", "de"))
            day = unit.today()
            statement = Statement(
                issue_date=day, language="de", currency="EUR", seller=Seller.of(unit.company),
                customer=Party("Kunde", ()), account_number="1", start=day, end=day,
                opening_minor=0, rows=(), closing_minor=0,
            )  # fmt: skip
            documents.issue(unit, statement, "account", "0" * 26, 1)
        run_due(console.house)


def content(house: House) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of the house."""
    prefixes = tuple(card.prefix for card in house.cards)
    with house.database.session(write=False) as session:
        return {
            table.name: [
                tuple(row) for row in session.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in Base.metadata.sorted_tables
            if table.name.startswith(prefixes)
        }


def stored(cli: CommandLine) -> dict[str, list[tuple[Any, ...]]]:
    with closing(open_console(cli.ini)) as console:
        return content(console.house)


@pytest.fixture
def urls(databases: Databases) -> Iterator[Callable[[str], str]]:
    """`urls("sqlite")` is an empty database, dropped afterwards."""
    made: list[str] = []

    def empty(engine: str) -> str:
        made.append(databases.empty(engine))
        return made[-1]

    yield empty
    for url in made:
        databases.discard(url)


def over(url: str, tmp_path: Path, name: str, *modules: str) -> CommandLine:
    raw = raw_settings(modules, url, mail__folder=str(tmp_path / "mail"))
    return CommandLine(write_ini(tmp_path / f"{name}.ini", raw))


@pytest.mark.parametrize("direction", [("sqlite", "postgresql"), ("postgresql", "sqlite")])
def test_copy_brings_every_row(
    urls: Callable[[str], str], tmp_path: Path, postgresql_url: str, direction: tuple[str, str]
) -> None:
    source_url, target_url = map(urls, direction)
    source = over(source_url, tmp_path, "source", *MODULES)
    target = over(target_url, tmp_path, "target", *MODULES)
    fill(source)
    printed = source("db", "copy", target_url)
    assert "people_user" in printed
    before = stored(source)
    assert stored(target) == before
    assert all(
        before[table] for table in ("people_user", "ops_document", "catalog_product", "finance_journal")
    )
    assert "ok" in target("verify")

    with closing(open_console(target.ini)) as console:
        with console.unit() as unit:
            unit.ask(IMail).queue(Message((Address("", "b@customer.example"),), "Next", "text", "en"))
        with pytest.raises(DBAPIError, match="cannot be changed"), console.unit() as unit:
            unit.db.execute(delete(Document))
        with console.reading() as unit:
            assert len(unit.db.scalars(select(Mail)).all()) == 2

    after = stored(target)
    assert "has rows already" in source("db", "copy", target_url, status=2)
    assert stored(target) == after


@pytest.mark.parametrize("direction", [("sqlite", "postgresql"), ("postgresql", "sqlite")])
def test_a_copy_that_broke_off_is_begun_again(
    urls: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, direction: tuple[str, str]
) -> None:
    source_url, target_url = map(urls, direction)
    modules = ("taxes", "customers", "finance")
    source = over(source_url, tmp_path, "source", *modules)
    target = over(target_url, tmp_path, "target", *modules)
    source("db", "upgrade")
    source("users", "add", "me@company.example", "--name", "Me", "--password", "a long and odd password 7")

    def broken(_connection: object, _model: object) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(copying, "_reset_sequence", broken)
        with pytest.raises(ConnectionResetError):
            source("db", "copy", target_url)
    source("db", "copy", target_url)
    assert stored(target) == stored(source)


def test_what_migrations_write_is_no_data_until_somebody_changes_it(
    urls: Callable[[str], str], backend: str, tmp_path: Path
) -> None:
    modules = ("taxes", "customers", "finance")
    kept, fresh = (over(urls(backend), tmp_path, name, *modules) for name in ("kept", "fresh"))
    kept("db", "upgrade")
    kept("users", "add", "me@company.example", "--name", "Me", "--password", "a long and odd password 7")
    file = tmp_path / "portal.backup"
    kept("backup", str(file))
    fresh("db", "upgrade")
    fresh("restore", str(file))
    assert stored(fresh) == stored(kept)

    changed = over(urls(backend), tmp_path, "changed", *modules)
    changed("db", "upgrade")
    with closing(open_console(changed.ini)) as console, console.unit() as unit:
        unit.db.execute(text("UPDATE finance_journal SET name = 'Till' WHERE code = 'bank'"))
    before = stored(changed)
    assert "--force" in changed("restore", str(file), status=2)
    assert stored(changed) == before


def test_copy_refuses_to_leave_a_module_behind(urls: Callable[[str], str], tmp_path: Path) -> None:
    url, target = urls("sqlite"), urls("sqlite")
    over(url, tmp_path, "whole", *MODULES)("db", "upgrade")
    assert "belongs to no module" in over(url, tmp_path, "part", "taxes")("db", "copy", target, status=2)


def test_backup_and_restore(cli: CommandLine, tmp_path: Path) -> None:
    fill(cli)
    before = stored(cli)
    file = tmp_path / "portal.backup"
    cli("backup", str(file))
    assert file.stat().st_mode & 0o077 == 0
    assert "there already" in cli("backup", str(file), status=2)

    with closing(open_console(cli.ini)) as console, console.unit() as unit:
        unit.db.execute(update(Mail).values(subject="changed"))
        unit.db.execute(insert(JobRow).values(kind="x", payload="{}", state="failed", attempts=1,
                                              created_at=unit.now(), run_after=unit.now()))  # fmt: skip
    changed = stored(cli)
    assert changed != before
    assert "--force" in cli("restore", str(file), status=2)
    assert stored(cli) == changed
    assert "ops.documents" in cli("restore", str(file), "--force")
    assert stored(cli) == before


def test_restore_into_an_empty_database(
    cli: CommandLine, backend: str, urls: Callable[[str], str], tmp_path: Path
) -> None:
    fill(cli)
    file = tmp_path / "portal.backup"
    cli("backup", str(file))
    url = urls(backend)
    if backend == "sqlite":
        url = f"sqlite:///{tmp_path}/new folder/portal.sqlite"
    fresh = over(url, tmp_path, "fresh")
    fresh("restore", str(file))
    assert stored(fresh) == stored(cli)
    with closing(open_console(fresh.ini)) as console, pytest.raises(DBAPIError), console.unit() as unit:
        unit.db.execute(delete(Document))


@pytest.mark.parametrize("refers", [True, False])
def test_what_is_newer_than_the_backup_goes(
    cli: CommandLine, backend: str, tmp_path: Path, refers: bool
) -> None:
    before = stored(cli)
    file = tmp_path / "portal.backup"
    cli("backup", str(file))
    with closing(open_console(cli.ini)) as console, console.unit() as unit:
        reference = "REFERENCES ops_document(id)" if refers else ""
        unit.db.execute(
            text(f"CREATE TABLE ops_later (id BIGINT PRIMARY KEY, document_id BIGINT {reference})")
        )
        if backend == "postgresql":
            unit.db.execute(text("CREATE VIEW ops_seen AS SELECT id FROM ops_later"))
            unit.db.execute(text("CREATE TYPE ops_mood AS ENUM ('good')"))
            unit.db.execute(
                text(
                    "CREATE FUNCTION ops_later() RETURNS ops_mood LANGUAGE sql AS $$ SELECT 'good'::ops_mood $$"
                )
            )
    cli("restore", str(file), "--force")
    assert stored(cli) == before
    with closing(open_console(cli.ini)) as console, console.house.database.engine.connect() as connection:
        assert "ops_later" not in inspect(connection).get_table_names()
        assert inspect(connection).get_view_names() == []
        if backend == "postgresql":
            assert connection.scalar(
                text("SELECT to_regproc('ops_later') IS NULL AND to_regtype('ops_mood') IS NULL")
            )
    assert "ok" in cli("verify")


def test_a_restore_that_fails_changes_nothing(cli: CommandLine, backend: str, tmp_path: Path) -> None:
    if backend == "sqlite":
        pytest.skip("the file is checked before")
    fill(cli)
    before = stored(cli)
    file = tmp_path / "portal.backup"
    cli("backup", str(file))
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) * 2 // 3])
    assert "failed" in cli("restore", str(file), "--force", status=2)
    assert stored(cli) == before


def test_restore_refuses_what_is_no_backup(cli: CommandLine, tmp_path: Path) -> None:
    before = stored(cli)
    broken = tmp_path / "broken"
    broken.write_bytes(b"SQLite format 3\0 but not really")
    cli("restore", str(broken), "--force", status=2)
    cli("restore", str(tmp_path / "none"), "--force", status=2)
    assert stored(cli) == before


def test_a_backup_of_sqlite_is_whole_while_somebody_writes(
    urls: Callable[[str], str], tmp_path: Path
) -> None:
    cli = over(urls("sqlite"), tmp_path, "busy")
    fill(cli)
    with closing(open_console(cli.ini)) as console, console.house.database.session(write=True) as session:
        session.execute(update(Mail).values(subject="not committed"))
        cli("backup", str(tmp_path / "b"))
    with closing(sqlite3.connect(tmp_path / "b")) as backup:
        assert backup.execute("SELECT subject FROM ops_mail").fetchall() == [("Hällo",)]


@pytest.mark.parametrize("direction", [("sqlite", "postgresql"), ("postgresql", "sqlite")])
def test_copy_brings_posted_books(
    urls: Callable[[str], str], tmp_path: Path, postgresql_url: str, direction: tuple[str, str]
) -> None:
    source_url, target_url = map(urls, direction)
    modules = ("taxes", "customers", "finance")
    source = over(source_url, tmp_path, "source", *modules)
    target = over(target_url, tmp_path, "target", *modules)
    source("db", "upgrade")
    portal = TestPortal(raw_settings(modules, source_url, mail__folder=str(tmp_path / "mail")))
    books = make_books(portal)
    books.credit(books.posted(line("2")), "1")
    portal.close()
    source("db", "copy", target_url)
    assert stored(target) == stored(source)
    target("verify")
