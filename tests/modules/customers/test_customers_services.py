"""Accounts on a real session: numbers, what others ask, merging, archiving, the timeline."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from modules.customers.conftest import Account, Scalar
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal.kernel import schema
from portal.kernel.errors import Conflict, Invalid, Refused
from portal.kernel.events import Hold, Warn
from portal.kernel.i18n import TranslationString, _
from portal.kernel.merging import Changed
from portal.kernel.people import Realm, Scope
from portal.kernel.unit import Unit
from portal.modules.customers import services
from portal.modules.customers.events import CustomerArchiving, CustomerChanged, CustomerCreated
from portal.modules.customers.interfaces import ICustomers, IMyAddresses
from portal.modules.customers.services import AddressData, ContactData, CustomerData
from portal.modules.customers.services.addresses import lock
from portal.people import services as people
from portal.testing.portal import TestPortal


def base_of(portal: TestPortal, customer_id: int) -> dict[str, Any]:
    with portal.reading() as unit:
        row = services.find_customer(unit, services.Customers(unit).get(customer_id).public_id)
        assert row is not None
        return services.stored_values(unit, row)


def change(portal: TestPortal, customer_id: int, base: dict[str, Any], **typed: Any) -> None:
    portal.run(lambda unit: services.change_customer(unit, customer_id, {**base, **typed}, base))


def test_models_equal_migrations(portal: TestPortal) -> None:
    with portal.house.database.engine.connect() as connection:
        assert schema.differences(connection, portal.house.card("customers")) == []


def test_numbers_follow_each_other(account: Account) -> None:
    assert [account(name).number for name in ("A", "B", "C")] == ["C-10001", "C-10002", "C-10003"]


def test_parallel_accounts_have_different_numbers(portal: TestPortal, scalar: Scalar) -> None:
    def create(number: int) -> str:
        data = CustomerData(f"Customer {number}", "DE", "EUR")
        return portal.run(lambda unit: services.create_customer(unit, data, anyway=True)).number

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(create, range(24)))
    assert sorted(numbers) == [f"C-{10001 + step}" for step in range(24)]
    assert scalar("SELECT last FROM customers_counter") == 10024


def test_what_others_ask(portal: TestPortal, account: Account) -> None:
    made = account("Alfreds Futterkiste", vat_id="DE 136 695 976", payment_days=14, tags="vip, Food")
    with portal.unit() as unit:
        services.add_contact(
            unit, made.id, ContactData("Maria Anders", email="maria@alfreds.example", billing=True)
        )
        delivery = AddressData("Warehouse", "DE", city="Potsdam", billing=False)
        services.add_address(unit, made.id, delivery)
    with portal.reading() as unit:
        asked = unit.ask(ICustomers)
        facts = asked.get(made.id)
        assert facts.vat_id == "DE136695976"
        assert [contact.name for contact in facts.contacts] == ["Maria Anders"]
        assert facts.address("billing").city == "Berlin"  # type: ignore[union-attr]
        assert [a.city for a in facts.addresses if a.roles == {"delivery"}] == ["Potsdam"]
        assert asked.find(made.public_id) == facts == unit.ask(IMyAddresses).get(Scope.whole(made.id))
        assert asked.find("x" * 26) is None
        assert asked.names([made.id, 999]) == {made.id: "Alfreds Futterkiste"}
        for term in ("alfreds", "C-10001", "berlin", "potsdam", "de136695976", "futter VIP"):
            assert [found.id for found in asked.search(term)] == [made.id], term
        assert asked.search("hamburg") == ()
        with pytest.raises(LookupError):
            asked.get(999)
    with pytest.raises(LookupError):
        portal.run(lambda unit: unit.ask(ICustomers).lock(999))


def test_names_that_grow_when_they_are_folded(portal: TestPortal, account: Account) -> None:
    name = "ﷺ" * 200
    made = account(name, city="ﷺ" * 100)
    with portal.reading() as unit:
        assert unit.ask(ICustomers).get(made.id).name == name
    with pytest.raises(Invalid):
        account("Other", tags="ﷺ" * 50)


def test_get_takes_two_statements(portal: TestPortal, account: Account) -> None:
    made = account()
    assert len(portal.count(lambda unit: unit.ask(ICustomers).get(made.id))) == 2


def test_postgresql_locks_the_row(portal: TestPortal, account: Account) -> None:
    made = account()
    taken = portal.count(lambda unit: unit.ask(ICustomers).lock(made.id))
    assert len(taken) == 1
    assert ("FOR NO KEY UPDATE" in taken[0]) == (portal.backend == "postgresql")


@pytest.mark.parametrize(
    ("typed", "country", "expected"),
    [
        ("DE136695976", "DE", "DE136695976"),
        (" de 136.695-976 ", "DE", "DE136695976"),
        ("136695976", "DE", "DE136695976"),
        ("GR094259216", "GR", "EL094259216"),
        ("094259216", "GR", "EL094259216"),
        ("XI980780684", "GB", "XI980780684"),
        ("GB980780684", "GB", "GB980780684"),
        ("CHE107787577", "CH", "CHE107787577"),
        ("CHE-107.787.577 IVA", "CH", "CHE107787577IVA"),
        ("94-1234567", "US", "941234567"),
        ("", "DE", ""),
    ],
)
def test_vat_ids(account: Account, typed: str, country: str, expected: str) -> None:
    assert account(vat_id=typed, country=country).vat_id == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("vat_id", "DE136695977"),
        ("vat_id", "FR00000000000"),
        ("vat_id", "CHE107787578"),
        ("vat_id", "1" * 21),
        ("currency", "QQQ"),
        ("country", "DEU"),
        ("payment_days", -1),
        ("tax_position", "nowhere"),
        ("tags", "x" * 51),
        ("name", ""),
    ],
)
def test_wrong_accounts_are_refused(portal: TestPortal, scalar: Scalar, field: str, value: Any) -> None:
    data = {"name": "Alfreds", "country": "DE", "currency": "EUR", field: value}
    with pytest.raises(Invalid) as invalid:
        portal.run(lambda unit: services.create_customer(unit, CustomerData(**data)))
    assert set(invalid.value.errors) == {field}
    assert scalar("SELECT count(*) FROM customers_customer") == 0
    assert scalar("SELECT count(*) FROM customers_counter") == 0


def test_untouched_fields_merge(portal: TestPortal, account: Account, scalar: Scalar) -> None:
    made = account(tags="old")
    base = base_of(portal, made.id)
    change(portal, made.id, base, payment_days=60)
    change(portal, made.id, base, email="office@alfreds.example", tags="new, Old")
    assert scalar("SELECT payment_days FROM customers_customer") == 60
    assert scalar("SELECT email FROM customers_customer") == "office@alfreds.example"
    assert base_of(portal, made.id)["tags"] == "new, Old"
    assert scalar("SELECT version FROM customers_customer") == 3


def test_a_real_conflict_changes_nothing(portal: TestPortal, account: Account, scalar: Scalar) -> None:
    made = account()
    base = base_of(portal, made.id)
    change(portal, made.id, base, payment_days=60)
    with pytest.raises(Changed) as changed:
        change(portal, made.id, base, payment_days=90, phone="030 123456")
    assert changed.value.stored == {"payment_days": 60}
    assert scalar("SELECT payment_days FROM customers_customer") == 60
    assert scalar("SELECT phone FROM customers_customer") == ""


def test_renaming_reaches_search_and_memberships(
    portal: TestPortal, account: Account, scalar: Scalar
) -> None:
    made = account("Old Name")
    with portal.unit() as unit:
        user = people.add_user(unit, Realm.CUSTOMERS, "m@customer.example", "Maria", password="correct horse")
        people.add_membership(unit, user, made.id, made.public_id, made.name, ["view"])
    change(portal, made.id, base_of(portal, made.id), name="New Name")
    assert scalar("SELECT name FROM people_membership") == "New Name"
    with portal.reading() as unit:
        assert unit.ask(ICustomers).search("old") == ()
        assert [found.name for found in unit.ask(ICustomers).search("new")] == ["New Name"]


def test_city_follows_the_first_billing_address(portal: TestPortal, account: Account, scalar: Scalar) -> None:
    made = account(city="Berlin")
    first = made.addresses[0].public_id
    with portal.unit() as unit:
        other = services.add_address(unit, made.id, AddressData("Office", "DE", city="Köln"))
    assert scalar("SELECT city FROM customers_customer") == "Berlin"
    portal.run(lambda unit: services.remove_address(unit, made.id, first))
    assert scalar("SELECT city FROM customers_customer") == "Köln"
    portal.run(lambda unit: services.remove_address(unit, made.id, other))
    assert scalar("SELECT city FROM customers_customer") == ""


def test_an_address_serves_for_something(portal: TestPortal, account: Account, scalar: Scalar) -> None:
    made = account()
    data = AddressData("Nowhere", "DE", billing=False, delivery=False)
    with pytest.raises(Invalid):
        portal.run(lambda unit: services.add_address(unit, made.id, data))
    assert scalar("SELECT count(*) FROM customers_address") == 1


def test_children_belong_to_one_account_even_in_the_database(portal: TestPortal, account: Account) -> None:
    one, other = account("One"), account("Other")
    public_id = one.addresses[0].public_id
    with portal.reading() as unit:
        assert services.find_address(unit, one.id, public_id) is not None
        assert services.find_address(unit, other.id, public_id) is None
        assert services.my_address(unit, Scope.whole(other.id), public_id) is None
    with pytest.raises(Conflict):
        portal.run(lambda unit: services.remove_my_address(unit, Scope.whole(other.id), public_id))
    with pytest.raises(IntegrityError), portal.unit() as unit:
        unit.db.execute(text("UPDATE customers_address SET customer_id = 999"))


def test_events(portal: TestPortal) -> None:
    heard: list[Any] = []

    def hear(event: Any, _unit: Unit) -> None:
        heard.append(event)

    portal.house.subscribers[CustomerCreated] = [hear]
    portal.house.subscribers[CustomerChanged] = [hear]
    data = CustomerData("Alfreds", "DE", "EUR")
    made = portal.run(lambda unit: services.create_customer(unit, data))
    assert heard == [CustomerCreated(made.id, made.public_id)]
    base = base_of(portal, made.id)
    change(portal, made.id, base)
    assert len(heard) == 1
    change(portal, made.id, base, phone="030 123456")
    assert heard[1:] == [CustomerChanged(made.id, made.public_id)]


def test_archiving_is_a_vote(portal: TestPortal, account: Account, scalar: Scalar) -> None:
    made = account()

    def archive(*allowed: str) -> Any:
        return portal.run(lambda unit: services.archive(unit, made.id, lambda _module, may: may in allowed))

    answers: list[Any] = [Hold("finance", _("Open items"), "finance.post")]
    portal.house.subscribers[CustomerArchiving] = [lambda _vote, _unit: answers[0]]
    with pytest.raises(Refused) as held:
        archive()
    assert "Open items" not in str(held.value.reason)
    assert scalar("SELECT active FROM customers_customer") in (True, 1)
    assert archive("finance.post") == ["Open items"]
    portal.run(lambda unit: services.unarchive(unit, made.id))
    answers[0] = Warn("orders", _("One quotation"), "orders.view")
    assert archive() == []
    portal.run(lambda unit: services.unarchive(unit, made.id))
    assert archive("orders.view") == ["One quotation"]
    assert scalar("SELECT active FROM customers_customer") in (False, 0)
    with portal.reading() as unit:
        assert unit.ask(ICustomers).search("alfreds") == ()
    with pytest.raises(Refused):
        archive()
    portal.run(lambda unit: services.unarchive(unit, made.id))
    assert scalar("SELECT active FROM customers_customer") in (True, 1)


def test_timeline_is_translated_when_it_is_read(portal: TestPortal, account: Account) -> None:
    made = account()
    text_ = _("Order ${number} confirmed", mapping={"number": "SO-7"})
    with portal.unit() as unit:
        unit.ask(ICustomers).record(made.id, text_, kind="orders.order", public_id="o" * 26)
        unit.ask(ICustomers).record(made.id, "A plain name: 100%")
    with portal.reading() as unit:
        plain, order, *_rest, first = services.timeline(unit, made.id)
    assert isinstance(order.text, TranslationString)
    assert order.text.interpolate() == "Order SO-7 confirmed"
    assert (order.kind, order.document, order.actor) == ("orders.order", "o" * 26, "system")
    assert plain.text == "A plain name: 100%"
    assert first.text == "Account opened"


def test_the_page_links_documents_only_where_permitted(portal: TestPortal, account: Account) -> None:
    one, other = account("One"), account("Other")
    with portal.unit() as unit:
        record = unit.ask(ICustomers).record
        record(one.id, "Merged with another", kind="customers.customer", public_id=other.public_id)
        record(one.id, "Ordered", kind="orders.order", public_id="o" * 26)
    clerk = portal.employee("clerk@company.example", "customers.reader")
    links = {
        link.text: link["href"]
        for link in clerk.get(f"/customers/{one.public_id}/").html.select(".timeline a")
    }
    assert links == {"Merged with another": f"/customers/{other.public_id}/"}


TAMPERED = [
    "UPDATE customers_customer SET number = 'C-99999'",
    "UPDATE customers_customer SET city = 'Atlantis'",
]


@pytest.mark.parametrize("statement", TAMPERED)
def test_verify_names_what_was_tampered_with(portal: TestPortal, account: Account, statement: str) -> None:
    account()
    check = portal.house.checks["customers.accounts"]
    with portal.unit() as unit:
        assert list(check.run(unit.db)) == []
        unit.db.execute(text(statement))
        assert len(list(check.run(unit.db))) == 1


def test_a_locked_account_lets_others_insert_rows_that_refer_to_it(
    portal: TestPortal, account: Account, scalar: Scalar
) -> None:
    """Documents that refer to the account are written under later locks: waiting for the account would be a deadlock."""
    if portal.backend == "sqlite":
        pytest.skip("one writer at a time")
    made = account()
    before = scalar("SELECT count(*) FROM customers_happening")

    def by_address(unit: Unit) -> None:
        lock(unit, made.id)

    def by_interface(unit: Unit) -> None:
        services.Customers(unit).lock(made.id)

    for take in (by_address, by_interface):
        with portal.unit() as locking:
            take(locking)
            with portal.unit() as writing:
                services.record(writing, made.id, "meanwhile")
    assert scalar("SELECT count(*) FROM customers_happening") == before + 2


def test_what_somebody_else_removed_is_a_conflict(
    portal: TestPortal, account: Account, scalar: Scalar
) -> None:
    made = account()
    address = made.addresses[0].public_id
    contact = portal.run(lambda unit: services.add_contact(unit, made.id, ContactData("Anna")))
    portal.run(lambda unit: services.remove_address(unit, made.id, address))
    portal.run(lambda unit: services.remove_contact(unit, made.id, contact))
    for act in (
        lambda unit: services.remove_address(unit, made.id, address),
        lambda unit: services.change_address(unit, made.id, address, {}, {}),
        lambda unit: services.remove_contact(unit, made.id, contact),
        lambda unit: services.change_contact(unit, made.id, contact, {}, {}),
    ):
        with pytest.raises(Conflict):
            portal.run(act)
    assert scalar("SELECT count(*) FROM customers_happening") == 5
