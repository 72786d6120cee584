"""Customers in the demo: Northwind's 91 companies, with contacts and addresses, and three people who can sign in.

One of the companies has two departments, and one of its people is limited to the second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta

from portal.kernel.folding import fold
from portal.kernel.people import SCOPES, Realm
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import ICustomers
from portal.modules.customers.services import (
    AddressData,
    ContactData,
    CustomerData,
    DepartmentData,
    add_address,
    add_contact,
    add_department,
    add_note,
    archive,
    create_customer,
)
from portal.ops import northwind
from portal.ops.demo import DemoContext
from portal.people.demo import ACCOUNTANT, CLERK, Person, actor, appoint, enter
from portal.people.services import add_membership


@dataclass(frozen=True, slots=True)
class Buyer:
    """A customer's person who can sign in."""

    code: str
    person: Person


BUYERS = (
    Buyer("ERNSH", Person("Roland Mendel", "roland.mendel", "de")),
    Buyer("RATTC", Person("Paula Wilson", "paula.wilson", "en")),
)

#: The company with departments, and whoever sees only the last of them.
_DIVIDED = "ERNSH"
_DEPARTMENTS = (DepartmentData("Zentrallager Graz", "100"), DepartmentData("Filiale Wien", "200"))
_OF_DEPARTMENT = Person("Lena Wagner", "lena.wagner", "de")
_BRANCH = AddressData(
    "Ernst Handel, Filiale Wien", "AT", "Mariahilfer Straße 88", "1070", "Wien", billing=False, delivery=True
)

_GERMAN = frozenset({"DE", "AT", "CH"})
_PAYMENT_DAYS = (30, 14, 30, 45, 30)
_MANY_ORDERS = 15
_NOTES = {
    "ERNSH": "Orders by the pallet; call before delivery, the ramp is narrow.",
    "QUICK": "Wants one invoice for each delivery.",
    "RATTC": "Small shop, large orders before the holidays.",
    "SAVEA": "Largest customer; their purchasing department pays on the last day.",
}
#: Never ordered anything.
_ARCHIVED = "PARIS"


def run(context: DemoContext) -> None:
    """Open the accounts as a clerk does, and let two people in."""
    from portal.modules.customers.demo import further

    with context.unit(context.opening) as unit:
        appoint(unit, CLERK, "customers.clerk")
        appoint(unit, ACCOUNTANT, "customers.reader")
        clerk = actor(unit, CLERK)
    orders = Counter(order.customer for order in northwind.orders())
    with context.unit(context.opening, clerk) as unit:
        for place, customer in enumerate(northwind.customers()):
            days = _PAYMENT_DAYS[place % len(_PAYMENT_DAYS)]
            data = account_data(customer, days, unit.company.currency, orders[customer.code])
            context.accounts[customer.code] = open_account(unit, customer, data)
        for buyer in BUYERS:
            _let_in(unit, buyer.person, context.accounts[buyer.code], tuple(SCOPES))
            context.buyers[buyer.code] = buyer.person
        _divide(unit, context)
    context.further.open_account = further.open_further
    context.further.account_of = further.account_of
    context.further.rules.append(further.rules)
    archived = context.accounts[_ARCHIVED]
    context.agenda.put(
        context.house.clock() - timedelta(days=40), clerk, lambda unit: _archive(unit, archived)
    )


def account_data(customer: northwind.Customer, payment_days: int, currency: str, orders: int) -> CustomerData:
    """A company of Northwind as a clerk would enter it."""
    country = customer.place.country
    german = country in _GERMAN
    return CustomerData(
        name=customer.name,
        country=country,
        currency=currency,
        language="de" if german else "en",
        vat_id=customer.vat_id,
        payment_days=payment_days,
        payment_terms=f"Zahlbar innerhalb von {payment_days} Tagen" if german else f"Net {payment_days} days",
        email=f"office@{_domain(customer)}",
        phone=customer.phone,
        tags="key account" if orders >= _MANY_ORDERS else "",
    )


def open_account(
    unit: Unit, customer: northwind.Customer, data: CustomerData, *, anyway: bool = False
) -> int:
    """Open an account with its addresses, its contact and a note, `anyway` although it is like others; returns its id."""
    account = create_customer(unit, data, anyway=anyway).id
    add_address(unit, account, _address(customer.place, billing=True))
    for place in customer.warehouses:
        add_address(unit, account, _address(place, billing=False))
    local = ".".join(fold(customer.contact).split())
    contact = ContactData(
        customer.contact, customer.function, f"{local}@{_domain(customer)}", customer.phone, True
    )
    add_contact(unit, account, contact)
    if customer.code in _NOTES:
        add_note(unit, account, _NOTES[customer.code])
    return account


def _let_in(
    unit: Unit,
    person: Person,
    account: int,
    scopes: Collection[str],
    departments: Collection[int] | None = None,
) -> None:
    """Add a customer's person with a password; people of real customers are invited by mail."""
    user = enter(unit, Realm.CUSTOMERS, person)
    facts = unit.ask(ICustomers).get(account)
    add_membership(unit, user, account, facts.public_id, facts.name, scopes, departments=departments)


def _divide(unit: Unit, context: DemoContext) -> None:
    """Give one of the companies its departments, the last one a place and a person of its own."""
    account = context.accounts[_DIVIDED]
    made = [add_department(unit, account, data) for data in _DEPARTMENTS]
    add_address(unit, account, replace(_BRANCH, department=made[-1]))
    ids = {one.public_id: one.id for one in unit.ask(ICustomers).departments(account)}
    context.departments[_DIVIDED] = [ids[public_id] for public_id in made]
    _let_in(unit, _OF_DEPARTMENT, account, ("view", "order", "pay"), [ids[made[-1]]])


def _archive(unit: Unit, account: int) -> None:
    archive(unit, account)


def _address(place: northwind.Place, *, billing: bool) -> AddressData:
    return AddressData(
        name=place.name,
        country=place.country,
        lines=place.street,
        postal_code=place.postal_code,
        city=place.city,
        region=place.region,
        billing=billing,
        delivery=True,
    )


def _domain(customer: northwind.Customer) -> str:
    """A domain that nobody can own (RFC 2606), one for each company."""
    return f"{customer.code.lower()}.example"
