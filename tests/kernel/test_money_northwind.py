"""Northwind's 830 orders: the figures of its oracle, exact and with each line rounded half up to cents."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from portal.kernel.money import Line, Money, Policy, compute, line_amount

SHARED = Path(os.environ.get("PORTAL_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
NORTHWIND = SHARED / "northwind"

pytestmark = pytest.mark.skipif(
    not NORTHWIND.is_dir(), reason=f"Northwind's data and figures are not at {NORTHWIND} (PORTAL_SHARED_DATA)"
)


class Order(NamedTuple):
    number: str
    customer: str
    year: str
    lines: list[Line]

    @property
    def exact(self) -> Decimal:
        return sum(
            (line_amount(line.quantity, line.unit_price, line.discount) for line in self.lines), Decimal(0)
        )

    @property
    def rounded(self) -> Decimal:
        """As a document has it: each line rounded half up to cents."""
        totals = compute(self.lines, "USD", Policy.parse("document/half_up/net"))
        return Money(totals.net, "USD").amount


def rows(name: str) -> list[dict[str, str]]:
    with (NORTHWIND / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def orders() -> list[Order]:
    found = {
        row["OrderID"]: Order(row["OrderID"], row["CustomerID"], row["OrderDate"][:4], [])
        for row in rows("orders.csv")
    }
    for row in rows("order_details.csv"):
        line = Line(Decimal(row["Quantity"]), Decimal(row["UnitPrice"]), 100 * Decimal(row["Discount"]))
        found[row["OrderID"]].lines.append(line)
    return list(found.values())


@pytest.fixture(scope="module")
def oracle() -> Any:
    return json.loads((NORTHWIND / "oracle.json").read_text(encoding="utf-8"))


def sums(
    orders: list[Order], by: Callable[[Order], str], of: Callable[[Order], Decimal]
) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for order in orders:
        found[by(order)] = found.get(by(order), Decimal(0)) + of(order)
    return found


def figures(stated: dict[str, str]) -> dict[str, Decimal]:
    return {key: Decimal(value) for key, value in stated.items()}


def test_all_rows_are_there(orders: list[Order], oracle: Any) -> None:
    assert len(orders) == oracle["row_counts"]["orders"] == 830
    assert sum(len(order.lines) for order in orders) == oracle["row_counts"]["order_details"] == 2155


def test_each_order_customer_and_year_is_exact(orders: list[Order], oracle: Any) -> None:
    assert sums(orders, lambda order: order.number, lambda order: order.exact) == figures(
        oracle["order_net_exact"]
    )
    assert sums(orders, lambda order: order.customer, lambda order: order.exact) == figures(
        oracle["net_by_customer"]
    )
    assert sums(orders, lambda order: order.year, lambda order: order.exact) == figures(
        oracle["net_by_year_exact"]
    )


def test_the_exact_sum(orders: list[Order], oracle: Any) -> None:
    assert (
        sum(order.exact for order in orders) == Decimal(oracle["net_total_exact"]) == Decimal("1265793.0395")
    )


def test_the_sum_of_rounded_lines(orders: list[Order], oracle: Any) -> None:
    rounded = sum(order.rounded for order in orders)

    assert rounded == Decimal(oracle["net_total_rounded_per_line"]) == Decimal("1265793.29")
    assert sums(orders, lambda order: order.year, lambda order: order.rounded) == figures(
        oracle["net_by_year_rounded_per_line"]
    )


def test_rounding_moves_an_order_by_less_than_half_a_cent_a_line(orders: list[Order], oracle: Any) -> None:
    for order in orders:
        assert abs(order.rounded - order.exact) <= Decimal("0.005") * len(order.lines), order.number
    whole = Policy.parse("document/half_up/net")
    moved = [
        int(order.number)
        for order in orders
        if order.rounded != Money(compute([Line(Decimal(1), order.exact)], "USD", whole).net, "USD").amount
    ]
    assert moved == oracle["orders_where_line_rounding_differs_from_order_rounding"]


def test_orders_stand_in_their_years(orders: list[Order], oracle: Any) -> None:
    assert Counter(order.year for order in orders) == oracle["orders_by_year"]
