"""Engines, the declarative base, column types, and the errors that are worth another try.

`make_engine` is the only way to open a database here: with SQLAlchemy's defaults SQLite oversells without
an error, and PostgreSQL waits for ever.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections import deque
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    String,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column
from sqlalchemy.types import TypeDecorator
from transaction.interfaces import TransientError

if TYPE_CHECKING:
    from portal.kernel.walls import Wall

#: 64-bit everywhere; SQLite numbers its rows only in a column typed INTEGER.
BigInt = BigInteger().with_variant(Integer(), "sqlite")

PUBLIC_ID_LENGTH = 26
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_public_id() -> str:
    """130 random bits as 26 lower-case letters and digits: unguessable, and easy to select with a click."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(PUBLIC_ID_LENGTH))


def is_public_id(segment: str) -> bool:
    """Whether an address segment can be a public id at all (saves the query for the others)."""
    return len(segment) == PUBLIC_ID_LENGTH and all(letter in _ALPHABET for letter in segment)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored in UTC on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times; SQLite keeps UTC without the zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the time back as an aware UTC time."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of every model; a table's name begins with the name of its module: `orders_order`."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {int: BigInt, datetime: UtcDateTime}
    #: What requests of customers may do with the table, see portal.kernel.walls. Each model says it.
    __wall__: ClassVar[Wall | None] = None


Id = Annotated[int, mapped_column(BigInt, primary_key=True)]
PublicId = Annotated[str, mapped_column(String(PUBLIC_ID_LENGTH), unique=True, default=new_public_id)]


class Contention(TransientError):
    """Two transactions met (serialization, deadlock, lock time-out, SQLITE_BUSY): the request is run again."""


class Statements:
    """Counts the SQL statements of one request; BEGIN, COMMIT and SAVEPOINT do not count."""

    def __init__(self) -> None:
        self.count = 0
        self.texts: list[str] = []


#: The counter of the request under way in this thread, if any.
statements: ContextVar[Statements | None] = ContextVar("statements", default=None)

_UNCOUNTED = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "SET LOCAL")


class _FairLock:
    """First come, first served: SQLite's own busy handler lets late comers win."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._queue: deque[threading.Event] = deque()
        self._held = False

    def acquire(self) -> None:
        with self._mutex:
            if not self._held:
                self._held = True
                return
            turn = threading.Event()
            self._queue.append(turn)
        turn.wait()

    def release(self) -> None:
        with self._mutex:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._held = False


def make_engine(
    url: str,
    *,
    pool_size: int = 10,
    statement_timeout: int = 15,
    lock_timeout: int = 3,
    pooler: bool = False,
) -> Engine:
    """An engine with the portal's guarantees.

    `url` is `sqlite:///path` or `postgresql://…` (psycopg 3). Time-outs are in seconds. `pooler` says that a
    transaction pooler such as PgBouncer stands in between, which forbids prepared statements.
    """
    if make_url(url).get_backend_name() == "sqlite":
        engine = _sqlite_engine(url, pool_size)
    else:
        engine = _postgresql_engine(url, pool_size, statement_timeout, lock_timeout, pooler)
    event.listen(engine, "handle_error", _mark_contention)
    event.listen(engine, "before_cursor_execute", _count)
    return engine


def _sqlite_engine(url: str, pool_size: int) -> Engine:
    if make_url(url).database in (None, "", ":memory:"):
        raise ValueError("an SQLite database of the portal is a file: every thread has its own connection")
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=30,
        hide_parameters=True,
        connect_args={"timeout": 10, "check_same_thread": False},
    )
    writers = _FairLock()

    def connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=10000",
            "recursive_triggers=ON",  # else REPLACE deletes rows behind the back of their triggers
        ):
            connection.execute(f"PRAGMA {pragma}")

    def begin(connection: Connection) -> None:
        write: bool = connection.get_execution_options().get("portal_write", True)
        if connection.info.get("query_only", False) is write:
            connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if write else 'ON'}")
            connection.info["query_only"] = not write
        if not write:
            connection.exec_driver_sql("BEGIN")
            return
        writers.acquire()
        connection.info["writing"] = True
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except BaseException:
            end(connection)
            raise

    def end(connection: Connection) -> None:
        if connection.info.pop("writing", False):
            writers.release()

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)
    # Both fire just before the statement is sent: the next writer waits that moment in SQLite's busy handler.
    event.listen(engine, "commit", end)
    event.listen(engine, "rollback", end)
    return engine


#: Seconds that a transaction may do nothing: an orphaned session frees its locks.
IDLE_TIMEOUT = 5


def _postgresql_engine(
    url: str, pool_size: int, statement_timeout: int, lock_timeout: int, pooler: bool
) -> Engine:
    limits = {
        "statement_timeout": statement_timeout * 1000,
        "lock_timeout": lock_timeout * 1000,
        "idle_in_transaction_session_timeout": IDLE_TIMEOUT * 1000,
    }
    arguments: dict[str, Any] = {"connect_timeout": 5, "keepalives_idle": 30, "tcp_user_timeout": 30_000}
    if pooler:
        # A transaction pooler keeps neither prepared statements nor what a session was told when it began.
        arguments["prepare_threshold"] = None
    else:
        settings = " ".join(f"-c {name}={value}" for name, value in limits.items())
        arguments["options"] = f"{settings} -c timezone=UTC"
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=5,
        pool_pre_ping=True,
        pool_recycle=1800,
        # A failing statement is logged without what it carried: names, amounts, links.
        hide_parameters=True,
        connect_args=arguments,
    )
    if pooler:
        told = "; ".join(f"SET LOCAL {name} = {value}" for name, value in limits.items())

        def begin(connection: Connection) -> None:
            connection.exec_driver_sql(f"{told}; SET LOCAL timezone = 'UTC'")

        event.listen(engine, "begin", begin)
    return engine


def _count(
    _connection: Connection,
    _cursor: object,
    statement: str,
    _parameters: object,
    _context: object,
    _many: bool,
) -> None:
    counter = statements.get()
    if counter is not None and not statement.startswith(_UNCOUNTED):
        counter.count += 1
        counter.texts.append(statement)


def _mark_contention(context: ExceptionContext) -> Contention | None:
    error = context.original_exception
    state = getattr(error, "sqlstate", None)
    busy = isinstance(error, sqlite3.OperationalError) and "locked" in str(error)
    if busy or state in ("40001", "40P01", "55P03"):
        return Contention(str(error))
    return None


def is_duplicate(error: IntegrityError) -> bool:
    """Whether a unique key was violated, rather than another constraint."""
    return getattr(error.orig, "sqlstate", None) == "23505" or "UNIQUE constraint" in str(error.orig)


class PortalSession(Session):
    """A session of the portal; what is written through it is in the audit log (see portal.kernel.audit)."""


class Database:
    """The engine with its two kinds of session: one that reads, one that may write."""

    def __init__(self, engine: Engine, customers_role: str = "") -> None:
        self.engine = engine
        #: The database role of customers' requests where the ini names it, see portal.kernel.walls.
        self.customers_role = customers_role
        # A reading session cannot write, on either database: a GET that tries is an error, not a surprise.
        self._reading = engine.execution_options(portal_write=False, postgresql_readonly=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database."""
        return self.engine.dialect.name == "sqlite"

    def session(self, *, write: bool) -> Session:
        """A new session; the caller commits and closes it, or hands it to the transaction manager.

        On SQLite a writing session takes the write lock when it begins, not in the middle of its work.
        """
        return PortalSession(self.engine if write else self._reading, expire_on_commit=False)
