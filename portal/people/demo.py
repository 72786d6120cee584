"""The demo's own people, who can sign in: employees here, customers' people with the accounts they belong to."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from portal.kernel.people import Actor, Realm
from portal.kernel.unit import Unit
from portal.people.models import User
from portal.people.passwords import hash_password
from portal.people.services import add_user, find_user, grant

DOMAIN = "demo.example"
#: The password of every demo user; production refuses to start with one of them.
PASSWORD = "northwind traders"  # noqa: S105 - public on purpose


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the demo."""

    name: str
    local_part: str
    language: str = "en"

    @property
    def email(self) -> str:
        """The address to sign in with."""
        return f"{self.local_part}@{DOMAIN}"


ADMINISTRATOR = Person("Andrew Fuller", "admin")
CLERK = Person("Nancy Davolio", "sales")
ACCOUNTANT = Person("Anne Dodsworth", "accounting")
EMPLOYEES = (ADMINISTRATOR, CLERK, ACCOUNTANT)


class Units(Protocol):
    """What the demo of people needs of its context."""

    @property
    def opening(self) -> date:
        """The day on which the company begins to work with the portal."""
        ...

    def unit(self, at: datetime | date | None = None) -> AbstractContextManager[Unit]:
        """A unit whose clock stands at `at`."""
        ...


def run(context: Units) -> None:
    """Add the employees; the administrator has every role of the house, the others get theirs from the modules."""
    with context.unit(context.opening) as unit:
        for person in EMPLOYEES:
            enter(unit, Realm.EMPLOYEES, person)
        administrator = _user(unit, Realm.EMPLOYEES, ADMINISTRATOR)
        for card in unit.house.cards:
            for role in card.roles:
                grant(unit, administrator, role.name)


def enter(unit: Unit, realm: Realm, person: Person) -> User:
    """Add a demo user with the demo's password, which would be refused of anybody: it has the company's name in it."""
    user = add_user(unit, realm, person.email, person.name, language=person.language)
    user.password_hash = hash_password(PASSWORD)
    unit.db.flush()
    return user


def appoint(unit: Unit, person: Person, *roles: str) -> None:
    """Give one of the employees roles of a module."""
    user = _user(unit, Realm.EMPLOYEES, person)
    for role in roles:
        grant(unit, user, role)


def actor(unit: Unit, person: Person, realm: Realm = Realm.EMPLOYEES) -> Actor:
    """A demo user as the one who does something."""
    kind = "employee" if realm is Realm.EMPLOYEES else "customer"
    return Actor(kind, person.name, _user(unit, realm, person).id)


def _user(unit: Unit, realm: Realm, person: Person) -> User:
    user = find_user(unit, realm, person.email)
    if user is None:
        raise LookupError(f"the demo has no {person.email}")
    return user
