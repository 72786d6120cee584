"""The whole demo, made once for all processes of a run: it takes a while."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

import portal
from portal.kernel import schema
from portal.kernel.composition import House
from portal.ops.demo import DemoContext, fill
from portal.testing import TestPortal, raw_settings
from portal.testing.portal import TestClock

MODULES = ("taxes", "customers", "catalog", "orders", "finance")


def fill_demo(url: str) -> None:
    """Migrate a database and fill it with the demo, as of the test clock's day."""
    house: House = portal.compose(raw_settings(MODULES, url)).house
    house.clock = TestClock()
    schema.upgrade(house.database, house.cards)
    for _step in fill(DemoContext(house, house.clock().date())):
        pass
    house.database.engine.dispose()


@pytest.fixture(scope="session")
def northwind_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of an SQLite database with the demo; tests only read it. The first process makes it, others wait."""
    shared: Path = tmp_path_factory.getbasetemp()
    shared = shared.parent if shared.name.startswith("popen-") else shared
    finished = shared / "northwind.finished"
    url = f"sqlite:///{shared / 'northwind.sqlite'}"
    with (shared / "northwind.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not finished.exists():
            fill_demo(url)
            finished.touch()
    return url


@pytest.fixture
def demo(northwind_url: str, tmp_path: Path) -> Iterator[TestPortal]:
    """A portal with the demo; nothing is to be changed in it."""
    found = TestPortal(raw_settings(MODULES, northwind_url, mail__folder=str(tmp_path / "mail")))
    yield found
    found.close()
