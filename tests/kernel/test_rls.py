"""The wall in the database: every table has one, and what stands behind it is not there for others."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from my.divided import NORTH, SOUTH, WHOLE, Divided, make_divided, with_documents
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

import portal
from portal.kernel import schema, walls
from portal.kernel.db import Base, new_public_id
from portal.kernel.errors import BootRefused
from portal.kernel.people import Scope
from portal.kernel.tree import ModuleRoot
from portal.modules.customers import services as customers
from portal.modules.customers.models import Customer
from portal.modules.orders.services import own
from portal.testing import TestPortal, raw_settings
from portal.testing.databases import create_database, drop_database, postgresql_server
from portal.testing.fixtures import PortalFactory

MODULES = ("taxes", "customers", "catalog", "orders", "finance", "acme_loyalty")
pytestmark = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)

#: Steps of customers' requests that are taken as the house.
LIFTED = ["portal/modules/customers/services/addresses.py", "portal/people/colleagues.py"]
#: Roots below which customers act outside the wall.
OUTSIDE = {"portal.people.resources.ProfileRoot", "portal.people.resources.CustomerProfileRoot"}


@pytest.fixture
def full(portals: PortalFactory) -> TestPortal:
    return portals(*MODULES)


@pytest.fixture
def small(portals: PortalFactory) -> TestPortal:
    return portals("taxes", "customers")


def tables(p: TestPortal) -> list[str]:
    """The tables of the house that its models know."""
    prefixes = tuple(card.prefix for card in p.house.cards)
    return sorted(name for name in Base.metadata.tables if name.startswith(prefixes))


def test_every_table_says_what_customers_may_do(full: TestPortal) -> None:
    unsaid = [name for name in tables(full) if walls.wall_of(name) is None]
    assert unsaid == []


def test_every_table_with_customers_has_a_forced_policy_and_its_index(full: TestPortal) -> None:
    owned = [name for name in tables(full) if "customer_id" in Base.metadata.tables[name].columns]
    assert len(owned) > 18
    with full.reading() as unit:
        rows = unit.db.execute(
            text(
                "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity AS forced, "
                "(SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'portal_customers') AS own, "
                "EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] "
                "WHERE i.indrelid = c.oid AND a.attname = 'customer_id' AND i.indpred IS NULL) AS indexed "
                "FROM pg_class c WHERE c.relkind = 'r' AND c.relname = ANY (:names)"
            ),
            {"names": owned},
        ).all()
    assert sorted(row.relname for row in rows) == owned
    assert [row.relname for row in rows if not (row.forced and row.own)] == []
    assert [row.relname for row in rows if not row.indexed] == []


def customer(db: Session, name: str) -> int:
    """A customer with an address and a note, made without the services: their id."""
    values = {"public": new_public_id(), "number": name, "at": "2026-11-02T09:00:00Z"}
    made = db.scalar(
        text(
            "INSERT INTO customers_customer (public_id, number, name, name_key, match_name, match_begin, vat_id, "
            "country, currency, language, payment_days, payment_terms, email, email_domain, phone, phone_digits, city, "
            "city_key, active, search_text, version, created_at, changed_at) VALUES (:public, :number, :number, '', '', "
            "'', '', 'DE', 'EUR', 'en', 30, '', '', '', '', '', '', '', true, '', 1, :at, :at) RETURNING id"
        ),
        values,
    )
    assert isinstance(made, int)
    db.execute(
        text(
            "INSERT INTO customers_note (public_id, customer_id, text, author, written_at) "
            "VALUES (:public, :id, 'secret', 'x', '2026-11-02T09:00:00Z')"
        ),
        {"public": new_public_id(), "id": made},
    )
    return made


NAMES = text("SELECT number FROM customers_customer ORDER BY number")


def behind(p: TestPortal, db: Session, *customers: int) -> Session:
    walls.enter(db, p.house.database, map(Scope.whole, customers), 7)
    return db


def denied(db: Session, statement: str) -> str:
    """What the database says to a statement; the transaction goes on."""
    with pytest.raises(DBAPIError) as error, db.begin_nested():
        db.execute(text(statement))
    return str(error.value.orig)


def test_customers_see_their_own_and_change_nothing_else(small: TestPortal) -> None:
    with small.unit() as unit:
        one, other = customer(unit.db, "A"), customer(unit.db, "B")
    with small.house.database.session(write=True) as db:
        behind(small, db, one)
        assert db.scalars(NAMES).all() == ["A"]
        assert db.execute(text("UPDATE customers_customer SET phone = '1'")).rowcount == 1  # type: ignore[attr-defined]
        assert "permission denied" in denied(db, "UPDATE customers_customer SET payment_days = 365")
        for name in ("customers_note", "people_session", "people_token", "ops_mail", "kernel_audit"):
            assert "permission denied" in denied(db, f"SELECT * FROM {name}")
        assert "permission denied" in denied(db, "SELECT payload FROM kernel_job")
        assert "permission denied" in denied(db, "DELETE FROM customers_customer")
        foreign = "INSERT INTO customers_address (public_id, customer_id, name, lines, postal_code, city, region, country, "
        foreign += f"billing, delivery) VALUES ('x', {other}, '', '', '', '', '', 'DE', false, false)"
        assert "row-level security" in denied(db, foreign)
        db.rollback()


def test_without_being_told_who_it_is_there_is_nothing(small: TestPortal) -> None:
    with small.unit() as unit:
        customer(unit.db, "A")
    role = walls.role_name(small.house.database)
    with small.house.database.session(write=False) as db:
        db.execute(text("SELECT set_config('role', :role, true)"), {"role": role})
        assert db.scalars(NAMES).all() == []
        db.execute(text("SELECT set_config('portal.customers', '', true)"))
        assert db.scalars(NAMES).all() == []


def test_what_is_told_ends_with_the_transaction_and_begins_with_the_next(small: TestPortal) -> None:
    with small.unit() as unit:
        one = customer(unit.db, "A")
        customer(unit.db, "B")
    with small.house.database.session(write=True) as db:
        behind(small, db, one)
        assert db.scalars(NAMES).all() == ["A"]
        with pytest.raises(DBAPIError), db.begin_nested():
            db.execute(text("SELECT 1 / 0"))
        assert db.scalars(NAMES).all() == ["A"]
        db.rollback()
        assert db.scalars(NAMES).all() == ["A"]
        with walls.lifted(db):
            assert db.scalars(NAMES).all() == ["A", "B"]
        assert db.scalars(NAMES).all() == ["A"]
        with pytest.raises(ZeroDivisionError), walls.lifted(db):
            raise ZeroDivisionError
        assert db.scalars(NAMES).all() == ["A"]
        walls.leave(db)
        assert db.scalars(NAMES).all() == ["A", "B"]
        behind(small, db, one)
        db.commit()
    # the same connection, given to the next
    with small.house.database.session(write=False) as db:
        assert db.scalars(NAMES).all() == ["A", "B"]
        assert db.scalar(text("SELECT coalesce(current_setting('portal.customers', true), '')")) == ""


def seen(db: Session, columns: str, table: str) -> list[object]:
    """What a query without any filter finds."""
    return sorted({tuple(row) for row in db.execute(text(f"SELECT {columns} FROM {table}"))}, key=repr)  # type: ignore[arg-type]


#: Tables that people see who are limited to a department in which nothing is: the account itself, its own addresses,
#: that something happened (no more than its number), and who sees the whole account.
SEEN_BY_ALL = {"customers_customer", "customers_address", "customers_happening", "people_membership"}


@pytest.fixture
def divided(full: TestPortal) -> Divided:
    """Documents of two departments and of the whole account, with all that belongs to documents."""
    found = with_documents(make_divided(full))
    for name in (NORTH, SOUTH):
        order = found.shop.confirmed(department_id=found.of(name))
        found.shop.deliver(order, "4")
        invoice = found.invoice_of(order)
        found.pay(10_00, {invoice.public_id: 10_00})
        found.credit(found.invoices[name])
        found.person(f"boss-{name}", name, scopes=("approve",))
        found.person(name, name, scopes=("order",), limit=1)
        waiting, scope = found.orders[name], found.scope(name)
        found.portal.run(
            lambda unit, waiting=waiting, scope=scope: (
                own.accept(unit, scope, waiting.public_id, name="N", revision=1),
                own.ask(unit, scope, waiting.public_id, "?"),
            ),
            found.actor(name),
        )
    found.person("mara")
    return found


def test_a_department_is_behind_the_wall_for_its_colleagues(divided: Divided) -> None:
    p = divided.portal
    orders = {name: [] for name in (NORTH, SOUTH, WHOLE)}
    for row in divided.rows("SELECT id, department FROM orders_order"):
        orders[row.department.lower() or WHOLE].append(row.id)
    posted = "SELECT id FROM finance_invoice WHERE department = 'North' AND state = 'posted'"
    invoices = [row.id for row in divided.rows(posted)]
    north = divided.of(NORTH)
    with p.house.database.session(write=True) as db:
        walls.enter(db, p.house.database, [divided.scope(NORTH)], divided.id("north"))
        for table in ("line", "revision", "delivery", "delivery_line", "event", "comment", "approval"):
            found = seen(db, "order_id", f"orders_{table}")
            assert found, table
            assert {one for (one,) in found} <= set(orders[NORTH]), table  # type: ignore[misc]
        assert seen(db, "department_id", "orders_order") == [(north,)]
        assert len(seen(db, "id", "orders_order")) == len(orders[NORTH])
        for table, column in (
            ("invoice", "id"),
            ("invoice_line", "invoice_id"),
            ("invoice_tax", "invoice_id"),
        ):
            assert seen(db, column, f"finance_{table}") == [(one,) for one in sorted(invoices)], table
        assert len(seen(db, "id", "finance_allocation")) == 2
        assert seen(db, "id", "finance_payment") == seen(db, "id", "finance_payment_reversal") == []
        assert seen(db, "department_id", "ops_document") == [(north,)]
        assert seen(db, "id", "customers_department") == [(north,)]
        assert seen(db, "id", "customers_contact") == []
        # whoever approves is known; people of other departments are not
        assert seen(db, "name", "people_user") == [("boss-north",), ("mara",), ("north",)]
        db.rollback()


def test_people_of_a_department_write_only_into_it(divided: Divided) -> None:
    p, south, north = divided.portal, divided.of(SOUTH), divided.of(NORTH)
    with p.house.database.session(write=True) as db:
        walls.enter(db, p.house.database, [divided.scope(NORTH)], divided.id("north"))
        for statement in (
            f"UPDATE orders_order SET department_id = {south}",
            "UPDATE orders_order SET department_id = NULL",
            "UPDATE people_membership SET departments = NULL",
            (
                f"INSERT INTO customers_address (public_id, customer_id, department_id, name, lines, postal_code, city, region, "
                f"country, billing, delivery) VALUES ('x', {divided.alpha.id}, {south}, '', '', '', '', '', 'DE', false, false)"
            ),
            (
                f"INSERT INTO customers_address (public_id, customer_id, name, lines, postal_code, city, region, country, "
                f"billing, delivery) VALUES ('x', {divided.alpha.id}, '', '', '', '', '', 'DE', false, false)"
            ),
            (
                f"INSERT INTO customers_department (public_id, customer_id, name, name_key, number) "
                f"VALUES ('x', {divided.alpha.id}, 'X', 'x', '')"
            ),
        ):
            assert "row-level security" in denied(db, statement), statement
        # a department that they do not see is none to the trigger either
        wider = f"UPDATE people_membership SET departments = '{north} {south}'"
        assert "departments of its account" in denied(db, wider)
        for statement in (
            f"UPDATE people_membership SET scopes = 'view' WHERE departments IS NULL OR departments = '{south}'",
            f"DELETE FROM people_membership WHERE departments IS NULL OR departments = '{south}'",
            "UPDATE customers_address SET city = 'X' WHERE department_id IS NULL",
            "DELETE FROM customers_address WHERE department_id IS NULL",
        ):
            assert db.execute(text(statement)).rowcount == 0, statement  # type: ignore[attr-defined]
        db.rollback()


def test_who_is_limited_to_a_department_without_anything_sees_nothing(divided: Divided) -> None:
    with divided.portal.unit() as unit:
        public_id = customers.add_department(unit, divided.alpha.id, customers.DepartmentData("Empty"))
        empty = unit.db.execute(
            text("SELECT id FROM customers_department WHERE public_id = :id"), {"id": public_id}
        ).scalar_one()
    p = divided.portal
    owned = [name for name in tables(p) if "customer_id" in Base.metadata.tables[name].columns]
    found: set[str] = set()
    for scope in (Scope(divided.alpha.id, frozenset({empty})), Scope(divided.alpha.id, frozenset())):
        with p.house.database.session(write=False) as db:
            walls.enter(db, p.house.database, [scope], 1)
            for name in owned:
                wall = walls.wall_of(name)
                assert wall is not None
                column = "id" if "id" in Base.metadata.tables[name].columns else "customer_id"
                if wall.read and seen(db, column, name):
                    found.add(name)
        assert found <= SEEN_BY_ALL | {"customers_department"}


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("DROP POLICY portal_customers ON customers_address", "the policies of customers_address"),
        (
            "ALTER POLICY portal_customers ON customers_address USING (true)",
            "the policies of customers_address",
        ),
        ("CREATE POLICY more ON customers_address USING (true)", "the policies of customers_address"),
        ("DROP POLICY portal_customers_seen ON customers_address", "the policies of customers_address"),
        (
            "ALTER POLICY portal_customers_seen ON customers_address USING (true)",
            "the policies of customers_address",
        ),
        (
            "CREATE POLICY portal_customers_seen ON customers_contact FOR SELECT USING (true)",
            "the policies of customers_contact",
        ),
        ("ALTER TABLE customers_note NO FORCE ROW LEVEL SECURITY", "the policies of customers_note"),
        ("ALTER TABLE customers_note DISABLE ROW LEVEL SECURITY", "the policies of customers_note"),
        ("GRANT SELECT ON people_session TO {role}", "has SELECT on people_session"),
        ("REVOKE SELECT ON customers_address FROM {role}", "lacks SELECT on customers_address"),
    ],
)
def test_a_gap_in_the_wall_stops_the_boot_and_is_mended(
    small: TestPortal, damage: str, sentence: str
) -> None:
    role = walls.role_name(small.house.database)
    with small.house.database.engine.begin() as connection:
        assert walls.lacking(connection, small.house.cards, role) == []
        connection.exec_driver_sql(damage.format(role=role))
    with pytest.raises(BootRefused, match=sentence):
        portal.main({}, **small.raw)
    schema.upgrade(small.house.database, small.house.cards)
    with small.house.database.engine.connect() as connection:
        expected = ["the policies of customers_address are not as declared"] if "more" in damage else []
        assert walls.lacking(connection, small.house.cards, role) == expected


@pytest.fixture
def owner() -> Iterator[str]:
    """The URL of a database of an ordinary user, who may make roles; both are gone afterwards."""
    server, name = postgresql_server(), f"portal_test_{secrets.token_hex(4)}"
    url = make_url(create_database(server, name))

    def administer(statement: str) -> None:
        import psycopg

        with psycopg.connect(
            make_url(server).set(drivername="postgresql").render_as_string(False)
        ) as connection:
            connection.autocommit = True
            connection.execute(statement.encode())

    administer(f"CREATE ROLE {name} LOGIN CREATEROLE PASSWORD '{name}'")
    administer(f"ALTER DATABASE {name} OWNER TO {name}")
    yield url.set(username=name, password=name).render_as_string(hide_password=False)
    drop_database(url.render_as_string(hide_password=False))
    administer(f"DROP ROLE IF EXISTS portal_customers_{name}")
    administer(f"DROP ROLE {name}")


def test_an_ordinary_owner_sees_all_and_their_customers_little(backend: str, owner: str) -> None:
    assert backend == "postgresql"
    raw = raw_settings(("taxes", "customers"), owner, database__customers_role="")
    house = portal.compose(raw).house
    schema.upgrade(house.database, house.cards)
    house.database.engine.dispose()
    p = TestPortal(raw)
    with p.unit() as unit:
        one = customer(unit.db, "A")
        customer(unit.db, "B")
    with p.reading() as unit:
        assert unit.db.scalars(NAMES).all() == ["A", "B"]
        assert behind(p, unit.db, one).scalars(NAMES).all() == ["A"]
    p.close()


def test_the_doors_in_the_wall_are_these(full: TestPortal) -> None:
    home = Path(str(portal.__file__)).parent
    sources = {path: path.read_text(encoding="utf-8") for path in home.rglob("*.py")}
    uses = [
        str(path.relative_to(home.parent))
        for path, source in sources.items()
        # The kit lifts the limits of four eyes, which is another matter.
        if "testing" not in path.parts and re.search(r"with lifted\(|walls\.(lifted|leave)\(", source)
    ]
    assert sorted(uses) == sorted([*LIFTED, "portal/kernel/request.py"])
    roots = {f"{kind.__module__}.{kind.__qualname__}" for kind in _roots(ModuleRoot) if kind.outside_walls}
    assert {name for name in roots if name.startswith("portal.")} == OUTSIDE


def test_an_error_on_the_way_out_leaves_the_wall_standing(small: TestPortal) -> None:
    with small.unit() as unit:
        one = customer(unit.db, "A")
        customer(unit.db, "B")
    now = small.clock()
    with small.house.database.session(write=True) as db:
        behind(small, db, one)
        db.add(Customer(number="C", name="", created_at=now, changed_at=now))
        with pytest.raises(DBAPIError):
            walls.leave(db)  # writes what is pending first, which a customer may not
        db.rollback()
        assert db.scalars(NAMES).all() == ["A"]


def _roots(kind: type[ModuleRoot]) -> Iterator[type[ModuleRoot]]:
    for below in kind.__subclasses__():
        yield below
        yield from _roots(below)


def test_a_refused_write_as_the_house_says_what_it_was(small: TestPortal) -> None:
    with small.unit() as unit:
        one = customer(unit.db, "A")
    now = small.clock()
    values = {"country": "DE", "currency": "EUR", "language": "en", "payment_days": 30}
    same = Customer(number="A", name="", **values, created_at=now, changed_at=now)

    def write(db: Session) -> None:
        with walls.lifted(db):
            db.add(same)
            db.flush()

    with small.house.database.session(write=True) as db:
        behind(small, db, one)
        with pytest.raises(IntegrityError):
            write(db)
        db.rollback()
        assert db.scalars(NAMES).all() == ["A"]
        assert "permission denied" in denied(db, "SELECT * FROM people_session")
