"""What the tests of people use: a portal without modules, and the mails it would send."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import text

from portal.testing import TestPortal

Mailbox = Callable[[str], list[str]]


@pytest.fixture
def house(portals: Callable[..., TestPortal]) -> TestPortal:
    """A portal of people alone."""
    return portals()


@pytest.fixture
def links(house: TestPortal) -> Mailbox:
    """`links("ada@company.example")` are the paths of the links in the mails queued for that address, oldest first."""

    def find(email: str) -> list[str]:
        with house.reading() as unit:
            rows = unit.db.execute(
                text("SELECT recipient, text FROM ops_mail ORDER BY id"),
            ).all()
        texts = [row.text for row in rows if email in row.recipient]
        return [match for body in texts for match in re.findall(r"http://localhost(/\S+)", body)]

    return find
