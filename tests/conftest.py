"""What the tests of the house use beside the kit: a bare database, the checkout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.testing.databases import Databases

pytest_plugins = ["portal.testing.fixtures", "portal.testing.browsers"]


@pytest.fixture
def engine_url(backend: str, databases: Databases) -> Iterator[str]:
    """The URL of a database without tables, on each engine in turn; dropped afterwards."""
    url = databases.empty(backend)
    yield url
    databases.discard(url)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The directory of the checkout."""
    return Path(__file__).parent.parent
