"""Databases come, are copied, and go again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from portal.testing import databases
from portal.testing.databases import Databases, NoPostgresql


def rows(url: str) -> list[int]:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return list(connection.execute(text("SELECT n FROM sample ORDER BY n")).scalars())
    finally:
        engine.dispose()


def fill(url: str, *numbers: int) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS sample (n INTEGER)"))
        for number in numbers:
            connection.execute(text("INSERT INTO sample VALUES (:n)"), {"n": number})
    engine.dispose()


def test_clones_start_alike_and_are_apart(databases: Databases, backend: str) -> None:
    calls: list[str] = []

    def migrate(url: str) -> None:
        calls.append(url)
        fill(url, 1, 2)

    first = databases.clone(backend, "sample", migrate)
    second = databases.clone(backend, "sample", migrate)
    fill(first, 3)
    assert rows(first) == [1, 2, 3]
    assert rows(second) == [1, 2]
    assert len(calls) == 1


def test_a_dropped_database_is_gone(databases: Databases, backend: str) -> None:
    url = databases.empty(backend)
    fill(url, 7)
    databases.drop(url)
    with pytest.raises(OperationalError):
        rows(url)


def test_copies_made_ahead_are_as_new_and_what_is_discarded_is_gone_at_the_end(
    postgresql_url: str, tmp_path: Path
) -> None:
    made = Databases(tmp_path)
    given = [made.clone("postgresql", "sample", lambda url: fill(url, 1)) for _times in range(4)]
    for url in given:
        assert rows(url) == [1]
        fill(url, 2)
    made.discard(given[0])
    made.close()
    for url in given:
        with pytest.raises(OperationalError):
            rows(url)
    assert not [name for name in on_server(postgresql_url) if name.startswith(made._prefix)]


def on_server(url: str) -> list[str]:
    engine = create_engine(url)
    with engine.connect() as connection:
        names = list(connection.execute(text("SELECT datname FROM pg_database")).scalars())
    engine.dispose()
    return names


def test_dropping_twice_is_no_error(postgresql_url: str) -> None:
    url = databases.create_database(postgresql_url, "portal_test_dropped_twice")
    databases.drop_database(url)
    databases.drop_database(url)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


@pytest.fixture
def fresh_search() -> Iterator[None]:
    databases.postgresql_server.cache_clear()
    yield
    databases.postgresql_server.cache_clear()


def test_a_named_server_that_does_not_answer_is_said(
    fresh_search: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(databases.ENVIRONMENT, f"postgresql://nobody@/postgres?host={tmp_path}")
    with pytest.raises(NoPostgresql, match="does not answer"):
        databases.postgresql_server()
