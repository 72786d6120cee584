"""Products, categories and prices on a real session."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from modules.racing import behind
from sqlalchemy import select, text

from portal.kernel import schema
from portal.kernel.errors import Conflict, Invalid, Refused
from portal.kernel.merging import Changed
from portal.kernel.unit import Unit
from portal.modules.catalog import services
from portal.modules.catalog.interfaces import SERVICE, IPrices, IProducts, Price, PriceQuery, ProductFacts
from portal.modules.catalog.models import Category
from portal.modules.catalog.services import CategoryData, ProductData
from portal.modules.taxes import services as taxes
from portal.testing.fixtures import PortalFactory
from portal.testing.portal import TestPortal

TODAY = date(2026, 11, 2)


@pytest.fixture
def portal(portals: PortalFactory) -> TestPortal:
    made = portals("taxes", "catalog")
    made.run(taxes.install_defaults)
    return made


def product(
    portal: TestPortal, sku: str = "CHAI-1", name: str = "Chai", price: str = "18.00", **more: Any
) -> ProductFacts:
    data = ProductData(sku, name, "box", Decimal(price), more.pop("tax_class", "standard"), **more)
    return portal.run(lambda unit: services.create_product(unit, data))


def stored(portal: TestPortal, column: str) -> object:
    with portal.reading() as unit:
        return unit.db.scalar(text(f"SELECT {column} FROM catalog_product ORDER BY id LIMIT 1"))


def test_models_equal_migrations(portal: TestPortal) -> None:
    with portal.house.database.engine.connect() as connection:
        assert schema.differences(connection, portal.house.card("catalog")) == []


def test_what_others_ask(portal: TestPortal) -> None:
    chai = product(portal)
    chang = product(portal, "chang 2", "Châng, süß", "19.123456", kind=SERVICE, tax_class="services")
    with portal.unit() as unit:
        row = services.find_product(unit, chang.public_id)
        assert row is not None
        services.set_active(unit, row, False)
    with portal.reading() as unit:
        asked = unit.ask(IProducts)
        assert asked.get([chai.id, chang.id, 999]).keys() == {chai.id, chang.id}
        assert asked.find([chang.public_id, "x" * 26])[chang.public_id].list_price == Decimal("19.123456")
        assert asked.by_sku(["chai-1", "CHANG 2", "nothing"]) == {"chai-1": chai}
        assert asked.search("CHAI") == (chai,)
        assert asked.search("suss chang") == ()  # no longer offered
        assert asked.search("%") == ()


def test_search_folds_and_takes_words_in_any_order(portal: TestPortal) -> None:
    found = product(portal, "W-1", "Rössle Sauerkraut")
    with portal.reading() as unit:
        assert unit.ask(IProducts).search("sauer ROSSLE") == (found,)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"sku": "chai-1"}, "sku"),
        ({"sku": " "}, "sku"),
        ({"tax_class": "nothing"}, "tax_class"),
        ({"kind": "thing"}, "kind"),
        ({"list_price": Decimal(-1)}, "list_price"),
        ({"list_price": Decimal("1.1234567")}, "list_price"),
        ({"category": "x" * 26}, "category"),
    ],
)
def test_wrong_products_are_refused(portal: TestPortal, change: dict[str, Any], field: str) -> None:
    product(portal)
    data = {
        "sku": "NEW",
        "name": "New",
        "unit": "box",
        "list_price": Decimal(1),
        "tax_class": "standard",
        **change,
    }
    with pytest.raises(Invalid) as invalid:
        portal.run(lambda unit: services.create_product(unit, ProductData(**data)))
    assert set(invalid.value.errors) == {field}
    with portal.reading() as unit:
        assert unit.db.scalar(text("SELECT count(*) FROM catalog_product")) == 1


def change(portal: TestPortal, base: dict[str, Any], **typed: Any) -> None:
    product_id = int(str(stored(portal, "id")))
    portal.run(lambda unit: services.change_product(unit, product_id, {**base, **typed}, base))


def base_of(portal: TestPortal) -> dict[str, Any]:
    with portal.reading() as unit:
        row = services.find_product(unit, str(stored(portal, "public_id")))
        assert row is not None
        return services.stored_values(unit, row)


def test_untouched_fields_merge(portal: TestPortal) -> None:
    product(portal)
    base = base_of(portal)
    change(portal, base, name="Chai tea")
    change(portal, base, list_price=20_000_000)
    assert stored(portal, "name") == "Chai tea"
    assert stored(portal, "list_price") == 20_000_000
    assert stored(portal, "version") == 3


def test_the_same_change_twice_is_no_conflict(portal: TestPortal) -> None:
    product(portal)
    base = base_of(portal)
    change(portal, base, name="Chai tea")
    change(portal, base, name="Chai tea")
    assert stored(portal, "version") == 2


def test_a_real_conflict_changes_nothing(portal: TestPortal) -> None:
    product(portal)
    base = base_of(portal)
    change(portal, base, name="Chai tea")
    with pytest.raises(Changed) as changed:
        change(portal, base, name="Chai latte", unit="bag")
    assert changed.value.stored == {"name": "Chai tea"}
    assert stored(portal, "name") == "Chai tea"
    assert stored(portal, "unit") == "box"


def test_a_class_out_of_use_stays_with_its_products(portal: TestPortal) -> None:
    product(portal)
    with portal.unit() as unit:
        row = taxes.find_class(unit, "standard")
        assert row is not None
        taxes.change_class(unit, row, row.title, active=False)
    change(portal, base_of(portal), name="Chai tea")
    assert stored(portal, "name") == "Chai tea"
    with pytest.raises(Invalid):
        product(portal, "OTHER")


def test_categories_have_two_levels(portal: TestPortal) -> None:
    with portal.unit() as unit:
        top = services.add_category(unit, CategoryData("Drinks"))
        low = services.add_category(unit, CategoryData("Tea", top.public_id))
        assert services.category_titles(unit) == {top.public_id: "Drinks", low.public_id: "Drinks › Tea"}
    for wrong in (
        CategoryData("drinks"),
        CategoryData("Green tea", low.public_id),
        CategoryData("X", "x" * 26),
    ):
        with pytest.raises(Invalid), portal.unit() as unit:
            services.add_category(unit, wrong)
    with portal.unit() as unit:
        found = services.find_category(unit, top.public_id)
        assert found is not None
        with pytest.raises(Refused):
            services.remove_category(unit, found)
    with portal.reading() as unit:
        assert unit.db.scalar(text("SELECT count(*) FROM catalog_category")) == 2


def ask_price(portal: TestPortal, facts: ProductFacts, currency: str) -> Price:
    with portal.reading() as unit:
        queries = [PriceQuery(facts.id, Decimal(1))]
        return unit.ask(IPrices).prices(queries, 1, currency, TODAY)[facts.id]


def test_list_price_keeps_its_decimals_in_the_base_currency(portal: TestPortal) -> None:
    price = ask_price(portal, product(portal, price="0.123456"), "EUR")
    assert (price.amount, price.discount, str(price.source)) == (Decimal("0.123456"), 0, "List price")


@pytest.mark.parametrize(
    ("currency", "rate", "listed", "expected"),
    [
        ("USD", "0.852201", "18.00", "21.12"),  # 21.1217…
        ("USD", "0.8", "1.00", "1.25"),
        ("USD", "0.8", "0.004", "0.01"),  # 0.005 is rounded up
        ("JPY", "0.0061", "18.00", "2951"),  # 2950.8…
        ("KWD", "2.8", "18.00", "6.429"),  # 6.42857…
    ],
)
def test_list_price_in_another_currency(
    portal: TestPortal, currency: str, rate: str, listed: str, expected: str
) -> None:
    portal.run(lambda unit: taxes.add_exchange_rate(unit, currency, TODAY, Decimal(rate)))
    price = ask_price(portal, product(portal, price=listed), currency)
    assert price.amount == Decimal(expected)
    assert f"{rate} EUR/{currency}" in price.source.interpolate()  # type: ignore[union-attr]


def test_no_price_without_an_exchange_rate_or_when_nothing_is_left(portal: TestPortal) -> None:
    cheap = product(portal, price="0.000001")
    with pytest.raises(Refused):
        ask_price(portal, cheap, "USD")
    portal.run(lambda unit: taxes.add_exchange_rate(unit, "USD", TODAY, Decimal("0.9")))
    with pytest.raises(Refused):
        ask_price(portal, cheap, "USD")


def test_prices_take_two_statements_for_any_number(portal: TestPortal) -> None:
    portal.run(lambda unit: taxes.add_exchange_rate(unit, "USD", TODAY, Decimal("0.9")))
    found = [product(portal, f"P-{number}") for number in range(12)]
    for some in (found[:1], found):
        queries = [PriceQuery(one.id, Decimal(1)) for one in some]
        taken = portal.count(lambda unit, queries=queries: unit.ask(IPrices).prices(queries, 1, "USD", TODAY))
        assert len(taken) == 2


def test_verify_names_what_was_tampered_with(portal: TestPortal) -> None:
    product(portal)
    product(portal, "OTHER")
    check = portal.house.checks["catalog.products"]
    with portal.unit() as unit:
        assert list(check.run(unit.db)) == []
        unit.db.execute(text("UPDATE catalog_product SET sku = 'Chai-1' WHERE sku = 'OTHER'"))
        assert [finding.subject for finding in check.run(unit.db)] == ["chai-1"]


def test_a_category_that_somebody_just_removes(portal: TestPortal) -> None:
    if portal.backend == "sqlite":
        pytest.skip("one writer at a time")
    data = ProductData("CHAI-1", "Chai", "box", Decimal(18), "standard")

    def remove(unit: Unit) -> None:
        services.remove_category(unit, unit.db.scalars(select(Category)).one())

    def rename(unit: Unit) -> None:
        category = unit.db.scalars(select(Category)).one()
        services.change_category(
            unit, category, {"name": "T", "parent": None}, {"name": "Tea", "parent": None}
        )

    def enter(unit: Unit) -> None:
        category = unit.db.scalars(select(Category)).one()
        services.create_product(unit, replace(data, category=category.public_id))

    for late, refusal in ((remove, Conflict), (rename, Conflict), (enter, Invalid)):
        portal.run(lambda unit: services.add_category(unit, CategoryData("Tea")))
        with pytest.raises(refusal):
            behind(portal, remove, lambda late=late: portal.run(late))
    portal.run(lambda unit: services.add_category(unit, CategoryData("Tea")))
    with pytest.raises(Refused, match="still stand in this category"):
        behind(portal, enter, lambda: portal.run(remove))
    with portal.reading() as unit:
        assert unit.db.scalar(text("SELECT count(*) FROM catalog_product WHERE category_id IS NOT NULL")) == 1
