"""A portal under test: composed for real, on a real database, asked over WSGI."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import transaction
from pyotp.totp import TOTP
from webtest import TestApp, TestResponse

import portal
from portal.kernel.composition import House
from portal.kernel.db import Contention, Statements, statements
from portal.kernel.people import SCOPES, SYSTEM, Actor, Realm
from portal.kernel.unit import Unit

if TYPE_CHECKING:
    from pyramid.router import Router

R = TypeVar("R")
PASSWORD = "correct horse battery staple"  # noqa: S105 - of people who exist only in tests


def _compiled_templates() -> Path:
    folder = Path(tempfile.gettempdir()) / f"portal-templates-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def raw_settings(modules: Sequence[str], database_url: str, **extra: str) -> dict[str, str]:
    """What the ini of a small portal would say. Keys of `extra` are given without `portal.`, with `__` for `.`."""
    raw = {
        "portal.environment": "development",
        "portal.modules": " ".join(modules),
        "portal.base_url": "http://localhost",
        "portal.secret": "a-secret-for-tests-only-0123456789abcdef",
        "portal.database.url": database_url,
        # Databases of tests are copied from others, whose grants name this role.
        "portal.database.customers_role": "portal_customers_of_tests",
        "portal.company.name": "Test Trading GmbH",
        "portal.company.address": "Teststraße 1\n10115 Berlin\nGermany",
        "portal.company.country": "DE",
        "portal.company.vat_id": "DE136695976",
        "portal.company.email": "office@company.example",
        "portal.company.bank_name": "Testbank",
        "portal.company.iban": "DE02120300000000202051",
        "portal.company.bic": "BYLADEM1001",
        "portal.company.time_zone": "Europe/Berlin",
        "portal.company.currency": "EUR",
        "portal.jobs.worker": "none",
        # Each test composes the portal anew; compiled templates are shared through files.
        "jinja2.bytecode_caching": "true",
        "jinja2.bytecode_caching_directory": str(_compiled_templates()),
    }
    raw.update({f"portal.{key.replace('__', '.')}": value for key, value in extra.items()})
    return raw


class TestClock:
    """A clock that stands still until a test moves it."""

    __test__ = False

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **delta: float) -> None:
        """Move on by a timedelta's arguments."""
        self.moment += timedelta(**delta)


@dataclass
class Authenticator:
    """An app that shows one-time codes, by a clock."""

    secret: str
    clock: TestClock

    def code(self) -> str:
        """The code of this moment. Each is good once: move the clock on for another."""
        return TOTP(self.secret).at(int(self.clock().timestamp()))


class Browser(TestApp):
    """One person's browser: its own cookies; forms are sent as a browser sends them, tokens included."""

    def sign_in(
        self, email: str, password: str = PASSWORD, *, realm: Realm = Realm.EMPLOYEES
    ) -> TestResponse:
        """Sign in through the page; returns the page that follows."""
        form = self.get("/sign-in").forms["sign-in"]
        form["email"] = email
        form["password"] = password
        form["realm"] = realm.value
        return form.submit().follow()

    def show_code(self, code: str) -> TestResponse:
        """Show a second factor where signing in stopped for one; returns the page that follows."""
        form = self.get("/second-factor").forms["second-factor"]
        form["code"] = code
        return form.submit().follow()

    def statements(self, url: str) -> int:
        """How many SQL statements a GET of that address takes."""
        timing = self.get(url).headers["Server-Timing"]
        return int(timing.split('"')[1].split()[0])


class TestPortal:
    """A composed portal with everything a test needs around it."""

    __test__ = False

    def __init__(self, raw: dict[str, str]) -> None:
        self.raw = raw
        self.clock = TestClock()
        self.router: Router = portal.main({}, **raw)
        self.house: House = self.router.registry.house
        self.house.clock = self.clock

    @property
    def backend(self) -> str:
        """sqlite or postgresql."""
        return self.house.database.engine.dialect.name

    def browser(self) -> Browser:
        """A new browser without cookies."""
        return Browser(self.router)

    @contextmanager
    def unit(self, actor: Actor = SYSTEM) -> Generator[Unit]:
        """A unit of work, committed at the end; rolled back when the block raises."""
        with self.house.database.session(write=True) as session:
            yield self.house.unit(session, actor)
            session.commit()

    @contextmanager
    def reading(self) -> Generator[Unit]:
        """A unit that only reads."""
        with self.house.database.session(write=False) as session:
            yield self.house.unit(session)

    def run(self, act: Callable[[Unit], R], actor: Actor = SYSTEM, tries: int = 30) -> R:
        """Run a command in its own transaction, again after contention, as a request is."""
        for attempt in range(tries):
            try:
                with self.unit(actor) as unit:
                    return act(unit)
            except Contention:
                if attempt == tries - 1:
                    raise
        raise AssertionError("unreachable")

    def count(self, act: Callable[[Unit], Any]) -> list[str]:
        """The SQL statements of a command that is committed."""
        counter = Statements()
        token = statements.set(counter)
        try:
            with self.unit() as unit:
                act(unit)
        finally:
            statements.reset(token)
        return counter.texts

    def employee(self, email: str, *roles: str) -> Browser:
        """A browser in which a new employee with these roles has signed in."""
        from portal.people import services as people
        from portal.proposals.intents import lifted

        with self.unit() as unit:
            user = people.add_user(
                unit, Realm.EMPLOYEES, email, email.split("@", maxsplit=1)[0], password=PASSWORD
            )
            with lifted(unit.db):
                for role in roles:
                    people.grant(unit, user, role)
        browser = self.browser()
        browser.sign_in(email)
        return browser

    def customer(
        self,
        email: str,
        customer_id: int,
        account: str,
        name: str,
        *scopes: str,
        departments: Collection[int] | None = None,
    ) -> Browser:
        """A browser in which a new customer user has signed in, with a membership in the account or in departments of it."""
        from portal.people import services as people

        with self.unit() as unit:
            user = people.add_user(
                unit, Realm.CUSTOMERS, email, email.split("@", maxsplit=1)[0], password=PASSWORD
            )
            given = scopes or tuple(SCOPES)
            people.add_membership(unit, user, customer_id, account, name, given, departments=departments)
        browser = self.browser()
        browser.sign_in(email, realm=Realm.CUSTOMERS)
        return browser

    def enrol_totp(self, email: str, realm: Realm = Realm.EMPLOYEES) -> Authenticator:
        """Give a person an app with codes. Its first code is spent: the clock moves on by a minute.

        From now on they sign in by `browser.sign_in(email)` and then `browser.show_code(app.code())`.
        """
        from portal.people import services as people
        from portal.people.services import factors

        app = Authenticator(factors.new_secret(), self.clock)
        with self.unit() as unit:
            user = people.find_user(unit, realm, email)
            assert user is not None
            factors.add_totp(unit, user, "phone", app.secret, app.code())
        self.clock.advance(minutes=1)
        return app

    def work(self) -> int:
        """Run every job that is due, as the worker does; returns how many ran."""
        from portal.ops import worker

        return worker.run_due(self.house)

    def close(self) -> None:
        """Give the connections back."""
        transaction.abort()
        self.house.database.engine.dispose()
