"""Databases for the tests, and loud words about what a run lacks.

With PORTAL_TEST_STRICT=1 (as in CI) a lack is a failure instead of a skip.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.testing.databases import ENGINES, ENVIRONMENT, Databases, NoPostgresql, postgresql_server

STRICT = os.environ.get("PORTAL_TEST_STRICT") == "1"
LACKS = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Look for PostgreSQL once, before parallel workers start, and hand its URL down to them."""
    config.stash[LACKS] = []
    if os.environ.get("PYTEST_XDIST_WORKER") or not getattr(config.option, "numprocesses", None):
        return
    try:
        os.environ[ENVIRONMENT] = postgresql_server()
    except NoPostgresql as error:
        _lack(config, f"PostgreSQL: {error}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in red what was lacking, so that a green run is not mistaken for a whole one."""
    for lack in dict.fromkeys(terminalreporter.config.stash[LACKS]):
        terminalreporter.write_line(f"LACKING  {lack}", red=True, bold=True)


def _lack(config: pytest.Config, message: str) -> None:
    if STRICT:
        raise pytest.UsageError(f"PORTAL_TEST_STRICT=1 and lacking {message}")
    config.stash[LACKS].append(message)


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """The throw-away databases of this test process."""
    made = Databases(tmp_path_factory.mktemp("databases"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def postgresql_url(request: pytest.FixtureRequest) -> str:
    """The URL of a PostgreSQL server; without one the test is skipped, or fails where lacks are failures."""
    try:
        return postgresql_server()
    except NoPostgresql as error:
        if STRICT:
            pytest.fail(f"lacking PostgreSQL: {error}")
        request.config.stash[LACKS].append(f"PostgreSQL: {error}")
        pytest.skip(f"lacking PostgreSQL: {error}")


@pytest.fixture(params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    """ "sqlite" and "postgresql" in turn."""
    name: str = request.param
    if name == "postgresql":
        request.getfixturevalue("postgresql_url")
    return name


@pytest.fixture
def engine_url(engine_name: str, databases: Databases) -> Iterator[str]:
    """The URL of a database without tables, on each engine in turn; dropped afterwards."""
    url = databases.empty(engine_name)
    yield url
    databases.drop(url)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The directory of the checkout."""
    return Path(__file__).parent.parent
