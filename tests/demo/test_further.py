"""Further orders for measuring: what is copied in bulk equals what the services make, column by column."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import MetaData, select

from portal.ops.demo import DemoContext
from portal.ops.further import Scale
from portal.testing import TestPortal

MODULES = ("taxes", "customers", "catalog", "orders", "finance")
SCALE = Scale(orders=100, customers=18, kinds_of_customers=6, kinds_of_orders=30)
#: Salted, or hashed over public ids, which are drawn: `portal verify` recomputes the hashes in both databases.
DRAWN = {
    ("people_user", "password_hash"),
    ("finance_entry", "document_digest"),
    ("finance_entry", "hash"),
    ("finance_entry", "previous_hash"),
    ("finance_allocation", "hash"),
    ("finance_allocation", "previous_hash"),
    ("finance_counter", "last_hash"),
}
#: Nobody has done what is copied: the log says of copies only that they were made.
LOGGED = {"kernel_audit", "kernel_audit_seal"}
_PUBLIC_ID = re.compile(r"\b[0-9a-hjkmnp-tv-z]{26}\b")

Contents = dict[str, list[dict[str, Any]]]


def measured(one: TestPortal, *, copies: bool) -> None:
    context = DemoContext(one.house, one.clock().date())
    for demo in one.house.demos:
        demo.run(context)
    for _step in context.further.run(one.house, SCALE, context.opening, copies=copies):
        pass


def contents(one: TestPortal) -> Contents:
    """Every row of every table, public ids replaced by the table and id that they stand for."""
    reflected = MetaData()
    engine = one.house.database.engine
    reflected.reflect(engine)
    with engine.connect() as connection:
        found: Contents = {
            table.name: [
                dict(row)
                for row in connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()
            ]
            for table in reflected.sorted_tables
        }
    names = {
        row["public_id"]: f"<{name} {row['id']}>"
        for name, rows in found.items()
        for row in rows
        if row.get("public_id")
    }
    return {
        name: [{column: plain(name, column, value, names) for column, value in row.items()} for row in rows]
        for name, rows in found.items()
    }


def plain(table: str, column: str, value: Any, names: dict[str, str]) -> Any:
    if (table, column) in DRAWN:
        return "drawn"
    if isinstance(value, str):
        return _PUBLIC_ID.sub(lambda match: names.get(match.group(), match.group()), value)
    return value


def findings(one: TestPortal) -> list[Any]:
    with one.reading() as unit:
        return [finding for check in one.house.checks.values() for finding in check.run(unit.db)]


def test_copies_equal_what_the_services_make(portals: Callable[..., TestPortal]) -> None:
    copied, served = portals(*MODULES), portals(*MODULES)
    measured(copied, copies=True)
    measured(served, copies=False)

    left, right = contents(copied), contents(served)

    assert left.keys() == right.keys()
    for name in left.keys() - LOGGED:
        assert left[name] == right[name], name
    assert len(left["orders_order"]) == 100
    assert len(left["finance_allocation"]) > 50
    assert findings(copied) == findings(served) == []


def test_the_portal_goes_on_after_copies(portals: Callable[..., TestPortal]) -> None:
    one = portals(*MODULES)
    measured(one, copies=True)
    measured_again = DemoContext(one.house, one.clock().date())
    assert not measured_again.further.steps

    from portal.modules.customers.services import CustomerData, create_customer

    with one.unit() as unit:
        created = create_customer(unit, CustomerData("Next in line", "DE", "EUR"))
    assert created.number == f"C-{10000 + 91 + SCALE.customers + 1}"
    assert findings(one) == []
