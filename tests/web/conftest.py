"""The example application behind webtest and behind a port."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine
from webtest import TestApp
from webtest.http import StopableWSGIServer

from web.example import fill, make_application


@pytest.fixture
def orders_engine(tmp_path: Path) -> Iterator[Engine]:
    """A database with 120 example orders."""
    engine = create_engine(f"sqlite:///{tmp_path / 'orders.sqlite'}")
    fill(engine, 120)
    yield engine
    engine.dispose()


@pytest.fixture
def example(orders_engine: Engine) -> TestApp:
    """The example behind webtest."""
    return TestApp(make_application(orders_engine))


@pytest.fixture
def example_address(orders_engine: Engine) -> Iterator[str]:
    """The example on a port of this machine, for a browser."""
    server = StopableWSGIServer.create(make_application(orders_engine))
    yield f"http://127.0.0.1:{server.effective_port}"
    server.shutdown()
