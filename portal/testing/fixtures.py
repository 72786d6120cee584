"""Pytest fixtures: portals on fresh databases, made by the real migrations once per set of modules.

What a run lacks (a PostgreSQL server) is said loudly; with PORTAL_TEST_STRICT=1, as in CI, a lack is a failure.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

import portal
from portal.kernel import schema
from portal.people import passwords
from portal.testing.databases import ENGINES, ENVIRONMENT, Databases, NoPostgresql, postgresql_server
from portal.testing.portal import TestPortal, raw_settings

PortalFactory = Callable[..., TestPortal]
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
    """Throw-away databases of this test process."""
    made = Databases(tmp_path_factory.mktemp("databases"))
    yield made
    made.close()


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Hash passwords with the least effort: people in tests have nothing to lose, and there are thousands of them."""
    least = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASHER", least)
        yield


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
def backend(request: pytest.FixtureRequest) -> str:
    """ "sqlite" and "postgresql" in turn: each test that has a portal runs on both databases."""
    name = str(request.param)
    if name == "postgresql":
        request.getfixturevalue("postgresql_url")
    return name


def migrate(modules: tuple[str, ...], url: str) -> None:
    """Bring an empty database to the newest schema of these modules."""
    house = portal.compose(raw_settings(modules, url)).house
    schema.upgrade(house.database, house.cards)
    house.database.engine.dispose()


@pytest.fixture
def portals(databases: Databases, backend: str, tmp_path: Path) -> Iterator[PortalFactory]:
    """`portals("taxes", "customers", orders__valid_days="14")` is a portal of these modules on a fresh database."""
    made: list[tuple[TestPortal, str]] = []

    def build(*modules: str, **settings: str) -> TestPortal:
        key = " ".join(sorted(modules))
        url = databases.clone(backend, key, lambda target: migrate(modules, target))
        settings.setdefault("mail__folder", str(tmp_path / "mail"))
        made.append((TestPortal(raw_settings(modules, url, **settings)), url))
        return made[-1][0]

    yield build
    for one, url in made:
        one.close()
        databases.discard(url)
