"""What the tests of self-service use: a portal without modules, and accounts of customers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal.testing import TestPortal

ACME, BETA = "a" * 26, "b" * 26


@pytest.fixture
def house(portals: Callable[..., TestPortal]) -> TestPortal:
    """A portal of people alone."""
    return portals()
