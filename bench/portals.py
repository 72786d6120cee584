"""The portal under measurement: composed for real, its demo administrator signed in."""

from __future__ import annotations

import re
from typing import Any

from webtest import TestResponse

import portal
from bench.database import settings
from portal.kernel.composition import House
from portal.kernel.people import Realm
from portal.people.demo import ADMINISTRATOR, PASSWORD
from portal.testing import Browser

_COUNT = re.compile(r'desc="(\d+) statements"')


class Measured:
    """A portal over a database that is there already."""

    def __init__(self, url: str) -> None:
        self.router: Any = portal.main({}, **settings(url))
        self.house: House = self.router.registry.house

    def staff(self) -> Browser:
        """The administrator's browser."""
        browser = Browser(self.router)
        browser.sign_in(ADMINISTRATOR.email, PASSWORD)
        return browser

    def buyer(self, email: str) -> Browser:
        """The browser of a customer's person."""
        browser = Browser(self.router)
        browser.sign_in(email, PASSWORD, realm=Realm.CUSTOMERS)
        return browser

    def close(self) -> None:
        """Give the connections back."""
        self.house.database.engine.dispose()


def statements(response: TestResponse) -> int:
    """How many SQL statements an answer took."""
    found = _COUNT.search(response.headers["Server-Timing"])
    if found is None:
        raise ValueError("the answer does not tell its statements")
    return int(found.group(1))
