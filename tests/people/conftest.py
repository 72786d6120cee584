"""What the tests of people use: a portal without modules, and the mails it would send."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

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
    """`links("ada@company.example")` are the paths of the links in the mails for that address, oldest first."""

    def find(address: str) -> list[str]:
        with house.reading() as unit:
            rows = unit.db.execute(
                text("SELECT public_id, recipient, text FROM ops_mail ORDER BY id"),
            ).all()
        texts = [row.text or sent(row.public_id) for row in rows if address in row.recipient]
        return [match for body in texts for match in re.findall(r"http://localhost(/\S+)", body)]

    def sent(public_id: str) -> str:
        file = Path(house.raw["portal.mail.folder"]) / f"{public_id}.eml"
        message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return str(message.get_content())

    return find
