"""What `make_engine` guarantees, measured on real databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, event, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from portal.kernel.db import (
    Contention,
    Database,
    Statements,
    UtcDateTime,
    is_public_id,
    make_engine,
    new_public_id,
    statements,
)

metadata = MetaData()
stock = Table(
    "stock",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("left", Integer),
    Column("at", UtcDateTime),
)
sale = Table("sale", metadata, Column("id", Integer, primary_key=True))


@pytest.fixture
def database(engine_url: str) -> Iterator[Database]:
    engine = make_engine(engine_url, lock_timeout=30)
    metadata.create_all(engine)
    yield Database(engine)
    engine.dispose()


def test_parallel_read_then_write_never_oversells(database: Database) -> None:
    """8 threads sell from a stock of 60 by reading first: exactly 60 are sold, nobody sees an error."""
    with database.session(write=True) as session:
        session.execute(insert(stock).values(id=1, left=60))
        session.commit()
    errors: list[Exception] = []

    def sell() -> None:
        for _attempt in range(10):
            try:
                with database.session(write=True) as session:
                    left = session.scalar(select(stock.c.left).where(stock.c.id == 1).with_for_update())
                    if left:
                        session.execute(update(stock).values(left=left - 1))
                        session.execute(insert(sale))
                    session.commit()
            except Exception as error:  # noqa: BLE001 - the test reports whatever happened
                errors.append(error)

    threads = [threading.Thread(target=sell) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.session(write=False) as session:
        assert session.scalar(select(stock.c.left)) == 0
        assert session.scalar(select(func.count()).select_from(sale)) == 60
    assert errors == []


def test_a_writer_that_fails_gives_its_turn_back(database: Database) -> None:
    with database.session(write=True) as session:
        session.execute(insert(stock).values(id=1))
        with pytest.raises(IntegrityError):
            session.execute(insert(stock).values(id=1))
    with database.session(write=True) as session:
        session.execute(insert(stock).values(id=2))
        session.commit()
    with database.session(write=False) as session:
        assert session.scalars(select(stock.c.id)).all() == [2]


def test_a_reading_session_cannot_write(database: Database) -> None:
    with database.session(write=False) as session, pytest.raises(DBAPIError, match=r"read-?only"):
        session.execute(insert(stock).values(id=1))
    with database.session(write=True) as session:
        session.execute(insert(stock).values(id=2))
        session.commit()
    with database.session(write=False) as session:
        assert session.scalars(select(stock.c.id)).all() == [2]


def test_times_come_back_aware_and_in_utc(database: Database) -> None:
    moment = datetime.fromisoformat("2026-03-29T02:30:00+02:00")
    with database.session(write=True) as session:
        session.execute(insert(stock).values(id=1, at=moment))
        session.commit()
        found = session.scalar(select(stock.c.at))
    assert found == moment
    assert found is not None
    assert found.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(Exception, match="without a zone"), database.session(write=True) as session:
        session.execute(insert(stock).values(id=1, at=datetime(2026, 1, 1)))  # noqa: DTZ001


def test_begin_and_commit_do_not_count(database: Database) -> None:
    counter = Statements()
    token = statements.set(counter)
    with database.session(write=True) as session:
        with session.begin_nested():
            session.execute(insert(stock).values(id=1))
        session.commit()
    statements.reset(token)
    assert counter.count == 1


def test_a_locked_row_is_contention(database: Database) -> None:
    """A second writer gets a transient error after the lock time-out, not a bare driver error."""
    impatient = make_engine(database.engine.url.render_as_string(hide_password=False), lock_timeout=1)
    if database.is_sqlite:
        event.listen(impatient, "connect", lambda one, _record: one.execute("PRAGMA busy_timeout=50"))
    with database.session(write=True) as holder:
        holder.execute(insert(stock).values(id=1))
        if not database.is_sqlite:
            holder.commit()
            holder.execute(update(stock).values(left=1))
        with pytest.raises(Contention), Database(impatient).session(write=True) as other:
            other.execute(update(stock).values(left=2))
    impatient.dispose()


def test_in_memory_sqlite_is_refused() -> None:
    with pytest.raises(ValueError, match="is a file"):
        make_engine("sqlite://")


def test_foreign_keys_hold_on_sqlite(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'keys.sqlite'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE a (id INTEGER PRIMARY KEY)"))
        connection.execute(text("CREATE TABLE b (a INTEGER REFERENCES a)"))
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text("INSERT INTO b VALUES (1)"))
    engine.dispose()


def test_public_ids_are_long_random_and_recognised() -> None:
    ids = {new_public_id() for _number in range(1000)}
    assert len(ids) == 1000
    assert all(is_public_id(one) for one in ids)
    assert not is_public_id("new")
    assert not is_public_id("SO-2026-00001".ljust(26, "x"))
