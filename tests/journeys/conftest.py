"""The people of the journeys: a clerk, a shipper, an accountant, and people of two customers."""

from __future__ import annotations

from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from house.world import MODULES, World, make_world
from sqlalchemy import text

from portal.modules.customers.interfaces import CustomerFacts
from portal.ops import verification
from portal.testing import Browser, TestPortal
from portal.testing.fixtures import PortalFactory


@dataclass
class Company:
    """The full house with customers and products, and a browser for each person."""

    world: World
    alpha: CustomerFacts
    beta: CustomerFacts
    mails: Path
    _people: dict[str, Browser] = field(default_factory=dict[str, Browser])

    @property
    def portal(self) -> TestPortal:
        """The portal."""
        return self.world.portal

    @property
    def my(self) -> str:
        """Where alpha's people are."""
        return f"/my/{self.alpha.public_id}/"

    def person(self, name: str, *roles: str) -> Browser:
        """An employee."""
        if name not in self._people:
            self._people[name] = self.portal.employee(f"{name}@company.example", *roles)
        return self._people[name]

    @property
    def clerk(self) -> Browser:
        """Writes quotations and confirms orders."""
        return self.person("clara", "orders.clerk", "customers.clerk", "catalog.reader")

    @property
    def shipper(self) -> Browser:
        """Delivers."""
        return self.person("sam", "orders.shipper")

    @property
    def accountant(self) -> Browser:
        """Posts and records payments."""
        return self.person("adam", "finance.accountant", "orders.reader")

    @property
    def buyer(self) -> Browser:
        """Buys for alpha."""
        if "anna" not in self._people:
            self._people["anna"] = self.world.buyer(self.alpha, "anna@alpha.example")
        return self._people["anna"]

    def sent_mails(self) -> list[EmailMessage]:
        """What left the house, oldest first, after the worker ran."""
        self.portal.work()
        found = [
            message_from_bytes(path.read_bytes(), policy=policy.default) for path in self.mails.rglob("*.eml")
        ]
        assert all(isinstance(mail, EmailMessage) for mail in found)
        return sorted(found, key=lambda mail: str(mail["Date"]))  # type: ignore[return-value]

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """What a statement finds."""
        with self.portal.reading() as unit:
            return [tuple(row) for row in unit.db.execute(text(statement), values)]

    def order(self, public_id: str) -> tuple[str, str, str]:
        """State, delivery and billing of an order."""
        [found] = self.rows(
            "SELECT state, delivery, billing FROM orders_order WHERE public_id = :id", id=public_id
        )
        return (str(found[0]), str(found[1]), str(found[2]))

    def findings(self) -> list[str]:
        """What `portal verify` finds wrong."""
        results = verification.verify(self.portal.house)
        return [
            f"{one.check}: {one.subject} {one.explanation}" for result in results for one in result.findings
        ]


@pytest.fixture
def company(portals: PortalFactory, tmp_path: Path) -> Company:
    """The full house on a fresh database."""
    world = make_world(portals(*MODULES), documents=False)
    assert world.alpha is not None
    assert world.beta is not None
    for mail in (tmp_path / "mail").rglob("*.eml"):
        mail.unlink()
    return Company(world, world.alpha, world.beta, tmp_path / "mail")
