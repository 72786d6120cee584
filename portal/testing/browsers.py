"""A Chromium for browser tests, as a pytest plugin beside `portal.testing.fixtures`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from portal.testing.fixtures import LACKS, STRICT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ENVIRONMENT = "PORTAL_TEST_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class NoChromium(RuntimeError):
    """No Chromium was found; the message says where it was looked for."""


def find_chromium() -> str:
    """The path of a Chromium: from the environment variable `PORTAL_TEST_CHROMIUM`, else on the search path.

    Raises NoChromium.
    """
    named = os.environ.get(ENVIRONMENT)
    if named:
        if shutil.which(named) is None:
            raise NoChromium(f"{ENVIRONMENT} names {named}, which cannot be run")
        return named
    for name in NAMES:
        path = shutil.which(name)
        if path is not None:
            return path
    raise NoChromium(f"{ENVIRONMENT} is not set and none of {', '.join(NAMES)} is on the search path")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Look for Chromium before parallel workers start, for what they lack is not heard."""
    if os.environ.get("PYTEST_XDIST_WORKER") or not getattr(config.option, "numprocesses", None):
        return
    try:
        os.environ[ENVIRONMENT] = find_chromium()
    except NoChromium as error:
        if STRICT:
            raise pytest.UsageError(f"PORTAL_TEST_STRICT=1 and lacking a browser: {error}") from error
        config.stash[LACKS].append(f"a browser: {error}")


@pytest.fixture(scope="session")
def chromium(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A Chromium under Playwright's control; without one the test is skipped, or fails where lacks are failures."""
    try:
        path = find_chromium()
    except NoChromium as error:
        if STRICT:
            pytest.fail(f"lacking a browser: {error}")
        request.config.stash[LACKS].append(f"a browser: {error}")
        pytest.skip(f"lacking a browser: {error}")
    # Only the development requirements bring Playwright.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
