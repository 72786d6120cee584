"""Northwind as the demo reads it: complete, moved by whole weeks, with VAT ids of the right form."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from stdnum.eu import vat

from portal.modules.taxes.services.positions import UNION_SINCE
from portal.ops import northwind
from portal.ops.demo import DemoContext


def context(today: date) -> DemoContext:
    house: object = None
    return DemoContext(house, today)  # type: ignore[arg-type]


def test_everything_is_read() -> None:
    assert (len(northwind.customers()), len(northwind.products()), len(northwind.categories())) == (91, 77, 8)
    assert len(northwind.orders()) == 830
    assert sum(len(order.lines) for order in northwind.orders()) == 2155
    assert {customer.place.country for customer in northwind.customers()} >= {"DE", "GB", "US", "VE"}


def test_vat_ids_are_of_the_country_and_their_digits_check() -> None:
    with_id = [customer for customer in northwind.customers() if customer.vat_id]
    assert len(with_id) > 30
    for customer in with_id:
        assert customer.vat_id[:2] == customer.place.country, customer.code
        assert vat.is_valid(customer.vat_id), customer.code
    without = {customer.place.country for customer in northwind.customers() if not customer.vat_id}
    assert without & set(UNION_SINCE), "a buyer in the Union without a VAT id"
    assert len({customer.vat_id for customer in with_id}) == len(with_id)


@pytest.mark.parametrize("today", [date(2026, 11, 22), date(2027, 2, 28), date(2028, 2, 29)])
def test_the_newest_order_is_of_the_last_week_and_keeps_its_weekday(today: date) -> None:
    newest = northwind.orders()[-1].ordered
    moved = context(today).moved(newest)

    assert today - timedelta(days=7) <= moved < today
    assert moved.weekday() == newest.weekday()
    assert context(today).opening < context(today).moved(northwind.orders()[0].ordered)
