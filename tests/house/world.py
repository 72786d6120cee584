"""The smallest useful world: two customers, a product, orders in several states, an invoice with a payment.

Whatever modules are in the portal get something to show, made through their services as people would make it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from portal.kernel.people import Actor, Realm
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import CustomerFacts, ICustomers
from portal.people import services as people
from portal.people.roles import compose
from portal.proposals.intents import lifted
from portal.testing import Browser, TestPortal
from portal.testing.crawler import every_role
from portal.testing.portal import PASSWORD

if TYPE_CHECKING:
    from portal.modules.orders.services.drafting import Created

MODULES = ("taxes", "customers", "catalog", "orders", "finance")
SPECIMEN = "acme_loyalty"
#: What puts acts under four eyes without being in the way of making the world: one of each kind of proposal waits in it.
FOUR_EYES = {"finance__four_eyes__lock_date": "true", "people__four_eyes__grant": "true"}
CLERK = Actor("employee", "Clara Clerk")


@dataclass
class World:
    """A portal with something in it. Public ids of orders stand by customer number, oldest first."""

    portal: TestPortal
    alpha: CustomerFacts | None = None
    beta: CustomerFacts | None = None
    products: list[str] = field(default_factory=list[str])
    orders: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    invoices: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def all_seeing(self) -> Browser:
        """An employee with every role of every module."""
        return self.portal.employee("all@company.example", *every_role(self.portal.house))

    def buyer(self, customer: CustomerFacts, email: str, *scopes: str) -> Browser:
        """A person at a customer's with these scopes, by default all."""
        return self.portal.customer(email, customer.id, customer.public_id, customer.name, *scopes)


def make_world(portal: TestPortal, *, documents: bool = True) -> World:
    """Fill a portal with what its modules can hold; without `documents` there are no orders and invoices yet."""
    world, has = World(portal), portal.house.has
    portal.run(lambda unit: people.invite(unit, Realm.EMPLOYEES, "ina@company.example", "Ina Invited"))
    portal.run(lambda unit: compose(unit, "helper", "Helper", ["people.explain"], own=["people.explain"]))
    if has("taxes"):
        portal.run(_taxes)
    if has("customers"):
        world.alpha = portal.run(lambda unit: new_customer(unit, "Alpha GmbH", "alpha"), CLERK)
        world.beta = portal.run(lambda unit: new_customer(unit, "Beta GmbH", "beta"), CLERK)
    if has("catalog"):
        world.products = portal.run(_products, CLERK)
    if has("finance"):
        portal.run(_chart)
    for customer in (world.alpha, world.beta):
        if customer is None or not documents:
            continue
        if has("orders"):
            world.orders[customer.number] = _orders(world, customer)
        if has("finance"):
            world.invoices[customer.number] = _invoices(world, customer)
    if portal.house.limits:
        portal.run(_proposals)
    portal.work()
    return world


def _proposals(unit: Unit) -> None:
    """What waits for a second person: a lock date, and a role."""
    from portal.modules.finance.services import lock_date
    from portal.proposals.services import done_or_proposed

    day = unit.today() - timedelta(days=400)
    done_or_proposed(unit, lambda: lock_date.move(unit, day, "Audited", backwards=False))
    user = people.add_user(unit, Realm.EMPLOYEES, "nora@company.example", "Nora New")
    with lifted(unit.db):
        administrator = people.add_user(
            unit, Realm.EMPLOYEES, "adam@company.example", "Adam", password=PASSWORD
        )
        people.grant(unit, administrator, "people.administrator")
    done_or_proposed(unit, lambda: people.grant(unit, user, "orders.reader"))


def _taxes(unit: Unit) -> None:
    from portal.modules.taxes import services

    services.install_defaults(unit)
    services.add_exchange_rate(unit, "USD", unit.today(), Decimal("0.92"))


def new_customer(unit: Unit, name: str, word: str) -> CustomerFacts:
    """A customer with an address, a contact, a note and a department; `word` is the domain of their e-mail."""
    from portal.modules.customers import services
    from portal.modules.customers.services import AddressData, ContactData, CustomerData, DepartmentData

    data = CustomerData(
        name, email=f"office@{word}.example", payment_terms="30 days net", currency="EUR", country="DE"
    )
    made = services.create_customer(unit, data, anyway=True)
    services.add_address(unit, made.id, AddressData(name, "DE", "Hauptstraße 1", "20095", "Hamburg"))
    services.add_contact(unit, made.id, ContactData(f"Buyer of {name}", email=f"buyer@{word}.example"))
    services.add_note(unit, made.id, "Likes to be called on Mondays.")
    services.add_department(unit, made.id, DepartmentData("Canteen", "300"))
    return unit.ask(ICustomers).get(made.id)


def _products(unit: Unit) -> list[str]:
    from portal.modules.catalog import services
    from portal.modules.catalog.services import CategoryData, ProductData

    category = services.add_category(unit, CategoryData("Beverages", None))
    tea = ProductData(
        "TEA",
        "Tea",
        "box",
        Decimal("12.50"),
        "standard",
        description="First flush",
        category=category.public_id,
    )
    made = [
        services.create_product(unit, tea),
        services.create_product(unit, ProductData("SOAP", "Soap", "piece", Decimal("3.99"), "standard")),
    ]
    return [product.public_id for product in made]


def _chart(unit: Unit) -> None:
    from portal.modules.finance.services import starting_chart

    starting_chart.install_chart(unit)


def draft_order(unit: Unit, customer: CustomerFacts, product: str) -> Created:
    """A quotation over ten of the product and an hour of work."""
    from portal.modules.orders.services import drafting
    from portal.modules.orders.services.drafts import Draft, DraftLine

    standard = drafting.standard_draft(unit, customer)
    values: dict[str, Any] = {name: getattr(standard, name) for name in standard.__slots__}
    lines = (
        DraftLine(Decimal(10), product=product),
        DraftLine(Decimal(1), name="Setting up", service=True, unit_price=Decimal(90), tax_class="standard"),
    )
    contact = customer.contacts[0].name
    return drafting.create(unit, customer, Draft(**{**values, "lines": lines, "contact": contact}))


def _orders(world: World, customer: CustomerFacts) -> list[str]:
    """A draft, a sent quotation with a question, an order that is partly delivered, and a request."""
    from portal.kernel.people import Scope
    from portal.modules.orders.services import comments, deliveries, lifecycle, own
    from portal.modules.orders.services.billing import Orders
    from portal.modules.orders.services.drafts import DraftLine

    portal = world.portal

    def send(unit: Unit, order: Created) -> None:
        lifecycle.send(unit, order.id)
        comments.comment(unit, order.id, "Can you deliver by Friday?", visible=True)

    def deliver(unit: Unit, order: Created) -> None:
        lifecycle.confirm(unit, order.id)
        goods = next(line for line in Orders(unit).get(order.id).lines if not line.service)
        deliveries.deliver(unit, order.id, {goods.id: Decimal(4)})

    made = [
        portal.run(lambda unit: draft_order(unit, customer, world.products[0]), CLERK) for _times in range(3)
    ]
    portal.run(lambda unit: send(unit, made[1]), CLERK)
    portal.run(lambda unit: deliver(unit, made[2]), CLERK)
    line = DraftLine(Decimal(2), product=world.products[1])
    requested = portal.run(
        lambda unit: own.request(
            unit, Scope.whole(customer.id), [line], reference="", requested_on=None, notes=""
        )
    )
    return [*(one.public_id for one in made), requested.public_id]


def _invoices(world: World, customer: CustomerFacts) -> list[str]:
    """An invoice by hand, posted and paid in part, and another that stays a draft."""
    from portal.modules.finance.models import BANK
    from portal.modules.finance.services import chart, drafting, payments, posting, reading
    from portal.modules.finance.services.drafting import InvoiceData
    from portal.modules.finance.services.payments import PaymentData
    from portal.modules.finance.services.totals import DraftLine

    portal = world.portal

    def draft(unit: Unit) -> str:
        lines = (DraftLine("Consulting", Decimal(2), Decimal(100), "standard", unit="hour"),)
        return drafting.draft_by_hand(unit, customer, InvoiceData("EUR", lines))

    def post(unit: Unit, public_id: str) -> None:
        draft = reading.find_invoice(unit, public_id)
        assert draft is not None
        posting.post_invoice(unit, draft)

    def pay(unit: Unit, public_id: str) -> None:
        books = chart.read(unit)
        bank = next(one for one in books.accounts if one.purpose == BANK)
        payments.record(
            unit,
            books,
            PaymentData(
                customer_id=customer.id,
                customer_name=customer.name,
                day=unit.today(),
                amount=100_00,
                currency="EUR",
                account=bank.public_id,
                reference="Statement 7",
                allocations={public_id: 80_00},
            ),
        )

    posted, drafted = portal.run(draft, CLERK), portal.run(draft, CLERK)
    portal.run(lambda unit: post(unit, posted), CLERK)
    portal.run(lambda unit: pay(unit, posted), CLERK)
    return [posted, drafted]


def closed_subsets() -> Sequence[tuple[str, ...]]:
    """Every subset of our modules that is closed under `requires`, and each with orders once more with the specimen."""
    from itertools import combinations

    from portal.kernel.composition import read_card

    requires = {name: set(read_card(name).requires) for name in MODULES}
    found = [
        chosen
        for size in range(len(MODULES) + 1)
        for chosen in combinations(MODULES, size)
        if all(requires[name] <= set(chosen) for name in chosen)
    ]
    return [*found, *((*chosen, SPECIMEN) for chosen in found if "orders" in chosen)]
