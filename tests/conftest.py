"""What the tests of the house use beside the kit: a bare database, a browser, the checkout."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from portal.testing import browsers
from portal.testing.databases import Databases
from portal.testing.fixtures import LACKS, STRICT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest_plugins = ["portal.testing.fixtures"]


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Look for Chromium before parallel workers start: what they lack would not be heard."""
    if os.environ.get("PYTEST_XDIST_WORKER") or not getattr(config.option, "numprocesses", None):
        return
    try:
        os.environ[browsers.ENVIRONMENT] = browsers.chromium()
    except browsers.NoChromium as error:
        if STRICT:
            raise pytest.UsageError(f"PORTAL_TEST_STRICT=1 and lacking a browser: {error}") from error
        config.stash[LACKS].append(f"a browser: {error}")


@pytest.fixture
def engine_url(backend: str, databases: Databases) -> Iterator[str]:
    """The URL of a database without tables, on each engine in turn; dropped afterwards."""
    url = databases.empty(backend)
    yield url
    databases.drop(url)


@pytest.fixture(scope="session")
def chromium(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A Chromium under Playwright's control; without one the test is skipped, or fails where lacks are failures."""
    try:
        path = browsers.chromium()
    except browsers.NoChromium as error:
        if STRICT:
            pytest.fail(f"lacking a browser: {error}")
        request.config.stash[LACKS].append(f"a browser: {error}")
        pytest.skip(f"lacking a browser: {error}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def repository() -> Path:
    """The directory of the checkout."""
    return Path(__file__).parent.parent
