"""An office with limits: a shop with books, and people who may or may not decide on what others propose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from modules.finance.conftest import Books
from modules.orders.conftest import Shop, make_shop
from modules.pages import form_to, form_with
from webtest import TestResponse

from portal.kernel.four_eyes import Allowed
from portal.kernel.people import Actor, Realm
from portal.kernel.unit import Unit
from portal.modules.customers import services as customers
from portal.modules.customers.interfaces import CustomerFacts, ICustomers
from portal.modules.customers.services.accounts import CustomerData
from portal.modules.finance.services import starting_chart
from portal.modules.taxes import services as taxes
from portal.people import services as people
from portal.proposals import services
from portal.proposals.intents import NeedsSecond
from portal.proposals.models import Proposal
from portal.testing.fixtures import PortalFactory
from portal.testing.portal import Browser, TestPortal

MODULES = ("taxes", "customers", "catalog", "orders", "finance")


def everything(_module: str, _permission: str) -> bool:
    """Somebody with every right."""
    return True


@dataclass
class Office:
    """A portal with limits, and what tests read and do in it."""

    portal: TestPortal
    shop: Shop
    books: Books
    browsers: dict[str, Browser] = field(default_factory=dict[str, Browser])

    def person(self, name: str, *roles: str) -> Browser:
        """The browser of an employee, who is made with these roles at the first call."""
        if name not in self.browsers:
            self.browsers[name] = self.portal.employee(f"{name}@company.example", *roles)
        return self.browsers[name]

    def actor(self, name: str) -> Actor:
        """An employee as an actor."""
        with self.portal.reading() as unit:
            user = people.find_user(unit, Realm.EMPLOYEES, f"{name}@company.example")
            assert user is not None
            return Actor("employee", user.name, user.id)

    def actor_of(self, name: str, *roles: str) -> Actor:
        """The same of one who is made with these roles at the first call."""
        self.person(name, *roles)
        return self.actor(name)

    def abroad(self, rate: str) -> CustomerFacts:
        """A customer outside the union who pays in dollars, at a rate; no tax is charged."""

        def make(unit: Unit) -> CustomerFacts:
            taxes.add_exchange_rate(unit, "USD", unit.today() - timedelta(days=30), Decimal(rate))
            made = customers.create_customer(unit, CustomerData("Gamma Inc", "US", "USD"), anyway=True)
            return unit.ask(ICustomers).get(made.id)

        return self.portal.run(make)

    # --- acting --------------------------------------------------------------------------------------------

    def proposes(self, act: Callable[[Any], object], actor: Actor) -> str:
        """Act as somebody; what needs a second person is proposed in a transaction of its own. Returns its public id."""
        with pytest.raises(NeedsSecond) as caught, self.portal.unit(actor) as unit:
            act(unit)
        return self.portal.run(lambda unit: services.propose(unit, caught.value).public_id, actor)

    def agrees(self, public_id: str, actor: Actor, allowed: Allowed = everything) -> Proposal:
        """Agree to a proposal as somebody."""
        return self.portal.run(lambda unit: services.agree(unit, public_id, allowed), actor)

    # --- reading -------------------------------------------------------------------------------------------

    def proposals(self) -> Sequence[Proposal]:
        """All proposals, oldest first."""
        with self.portal.reading() as unit:
            return unit.db.query(Proposal).order_by(Proposal.id).all()

    def proposal(self) -> Proposal:
        """The newest proposal."""
        return self.proposals()[-1]

    def logged(self, action: str) -> Sequence[Any]:
        """Rows of the audit log with an action."""
        return self.shop.rows(
            "SELECT actor_name, detail, subject_public_id FROM kernel_audit WHERE action = :action ORDER BY id",
            action=action,
        )


def make_office(portal: TestPortal) -> Office:
    """Fill a portal."""
    shop = make_shop(portal)
    portal.run(starting_chart.install_chart)
    return Office(portal, shop, Books(portal, shop.alpha, shop.beta))


OfficeFactory = Callable[..., Office]


@pytest.fixture
def office(portals: PortalFactory) -> OfficeFactory:
    """`office(orders__four_eyes__confirm="100")`: the office with these limits."""

    def build(**limits: str) -> Office:
        return make_office(portals(*MODULES, **limits))

    return build


def agree_to(browser: Browser, url: str, *, status: int = 303) -> TestResponse:
    """Press Agree on the page of a proposal."""
    return form_to(browser.get(url), "agree").submit(status=status)


def decline(browser: Browser, url: str, reason: str, *, status: int = 303) -> TestResponse:
    """Decline on the page of a proposal."""
    form = form_with(browser.get(url), "reason")
    form["reason"] = reason
    return form.submit(status=status)
