"""The demo: Northwind's figures in the documents of the portal, life on every page, and books that agree."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from portal.kernel.people import Realm
from portal.ops import northwind
from portal.ops.demo import PASSWORD, demo_people
from portal.testing import TestPortal

ORACLE: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "northwind.json").read_text("utf-8")
)
REFERENCE = "PO-"


def rows(demo: TestPortal, statement: str) -> list[Any]:
    with demo.reading() as unit:
        return list(unit.db.execute(text(statement)).all())


@pytest.fixture
def nets(demo: TestPortal) -> dict[int, Decimal]:
    """The net of each order by Northwind's number."""
    found = rows(
        demo, f"SELECT customer_reference, net FROM orders_order WHERE customer_reference LIKE '{REFERENCE}%'"
    )
    return {int(reference.removeprefix(REFERENCE)): Decimal(net) / 100 for reference, net in found}


def test_each_order_is_there_and_all_sum_to_northwinds_figure(nets: dict[int, Decimal]) -> None:
    assert len(nets) == 830
    assert sum(nets.values()) == Decimal("1265793.29") == Decimal(ORACLE["net_total_rounded_per_line"])


def test_each_order_is_within_the_rounding_of_its_lines(nets: dict[int, Decimal]) -> None:
    lines = {order.id: len(order.lines) for order in northwind.orders()}
    for number, exact in ORACLE["order_net_exact"].items():
        assert abs(nets[int(number)] - Decimal(exact)) <= Decimal("0.005") * lines[int(number)], number


def test_years_are_northwinds(nets: dict[int, Decimal]) -> None:
    years: dict[str, Decimal] = {}
    for order in northwind.orders():
        year = str(order.ordered.year)
        years[year] = years.get(year, Decimal(0)) + nets[order.id]
    assert years == {year: Decimal(net) for year, net in ORACLE["net_by_year_rounded_per_line"].items()}


def test_customers_have_northwinds_turnover(demo: TestPortal) -> None:
    found = rows(demo, "SELECT customer_name, SUM(net), COUNT(*) FROM orders_order GROUP BY customer_name")
    nets = {name: Decimal(net) / 100 for name, net, _count in found}
    counts = Counter(order.customer for order in northwind.orders())
    lines = Counter(
        {code: sum(len(o.lines) for o in northwind.orders() if o.customer == code) for code in counts}
    )
    for customer in northwind.customers():
        exact = Decimal(ORACLE["net_by_customer"].get(customer.code, "0"))
        assert abs(nets.get(customer.name, Decimal(0)) - exact) <= Decimal("0.005") * lines[customer.code]


def test_orders_are_in_all_states(demo: TestPortal) -> None:
    states = dict(rows(demo, "SELECT state, COUNT(*) FROM orders_order GROUP BY state"))
    assert set(states) == {
        "requested", "quotation", "sent", "accepted", "declined", "expired", "withdrawn", "confirmed", "closed",
        "cancelled",
    }  # fmt: skip
    assert {state for (state,) in rows(demo, "SELECT DISTINCT delivery FROM orders_order")} == {
        "none",
        "partly",
        "fully",
    }
    assert {state for (state,) in rows(demo, "SELECT DISTINCT billing FROM orders_order")} == {
        "none",
        "partly",
        "fully",
        "settled",
    }


def test_finance_has_life(demo: TestPortal) -> None:
    kinds = dict(
        rows(demo, "SELECT kind || ' ' || state, COUNT(*) FROM finance_invoice GROUP BY kind, state")
    )
    assert kinds["invoice posted"] > 700
    assert kinds["credit_note posted"] > 5
    assert kinds["invoice draft"] >= 1
    today = demo.clock().date().isoformat()
    age = f"CAST(julianday('{today}') - julianday(due_date) AS INTEGER)"
    overdue = rows(
        demo, f"SELECT {age} FROM finance_invoice WHERE open > 0 AND kind = 'invoice' AND state = 'posted'"
    )
    buckets = {min(max((days + 29) // 30, 0), 4) for (days,) in overdue}
    assert buckets >= {0, 1, 2, 3}
    assert rows(
        demo, "SELECT 1 FROM finance_invoice WHERE open > 0 AND open < gross AND state = 'posted' LIMIT 1"
    )
    assert rows(demo, "SELECT 1 FROM finance_payment WHERE open > 0 AND open < amount LIMIT 1")
    assert rows(demo, "SELECT 1 FROM finance_payment_reversal LIMIT 1")


def test_nothing_lies_in_the_future(demo: TestPortal) -> None:
    moment = demo.clock().replace(tzinfo=None).isoformat(" ")
    for table, column in (
        ("orders_event", "at"),
        ("ops_document", "created_at"),
        ("finance_payment", "created_at"),
    ):
        assert rows(demo, f"SELECT COUNT(*) FROM {table} WHERE {column} > '{moment}'") == [(0,)]


def test_no_mail_was_sent(demo: TestPortal) -> None:
    assert rows(demo, "SELECT COUNT(*) FROM ops_mail") == [(0,)]
    assert rows(demo, "SELECT DISTINCT kind FROM kernel_job") == [("ops.render",)]


def test_every_check_of_verify_is_content(demo: TestPortal) -> None:
    with demo.reading() as unit:
        for check in demo.house.checks.values():
            assert list(check.run(unit.db)) == [], check.name


def test_every_demo_person_signs_in_and_sees_a_page_with_life(demo: TestPortal) -> None:
    with demo.reading() as unit:
        people = demo_people(unit.db)
    assert [one.realm for one in people] == ["employees"] * 3 + ["customers"] * 3
    for person in people:
        page = demo.browser().sign_in(person.email, PASSWORD, realm=Realm(person.realm)).maybe_follow()
        assert page.status_int == 200
        assert person.name in page.text
