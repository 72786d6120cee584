"""Rates by class, position and date; exchange rates by date; what is refused leaves nothing behind."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from modules.racing import behind
from sqlalchemy import text

from portal.kernel import schema
from portal.kernel.errors import Conflict, Invalid, Refused
from portal.kernel.i18n import translate
from portal.kernel.unit import Unit
from portal.modules.taxes import services
from portal.modules.taxes.interfaces import ITaxes, Position, TaxRate
from portal.testing.fixtures import PortalFactory
from portal.testing.portal import TestPortal

TODAY = date(2026, 11, 2)
VAT_19 = TaxRate("DE-S-19", "USt 19 %", Decimal(19))


@pytest.fixture
def portal(portals: PortalFactory) -> TestPortal:
    return portals("taxes")


def count(portal: TestPortal, table: str) -> int:
    with portal.reading() as unit:
        return int(unit.db.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def install(portal: TestPortal) -> None:
    portal.run(services.install_defaults)


def answer(portal: TestPortal, code: str, position: Position, on: date = TODAY, language: str = "en") -> str:
    """Category and rates of the answer, or "refused"."""
    with portal.reading() as unit:
        try:
            found = unit.ask(ITaxes).taxation({code}, position, on, language)[code]
        except Refused:
            return "refused"
    return f"{found.category} {'+'.join(f'{rate.percent:f}' for rate in found.rates)}"


def test_models_equal_migrations(portal: TestPortal) -> None:
    with portal.house.database.engine.connect() as connection:
        assert schema.differences(connection, portal.house.card("taxes")) == []


MATRIX = [
    # class, position, tax point, answer
    ("standard", Position.DOMESTIC, date(2006, 12, 31), "refused"),
    ("standard", Position.DOMESTIC, date(2007, 1, 1), "S 19"),
    ("standard", Position.DOMESTIC, date(2020, 6, 30), "S 19"),
    ("standard", Position.DOMESTIC, date(2020, 7, 1), "S 16"),
    ("standard", Position.DOMESTIC, date(2020, 12, 31), "S 16"),
    ("standard", Position.DOMESTIC, date(2021, 1, 1), "S 19"),
    ("reduced", Position.DOMESTIC, TODAY, "S 7"),
    ("books", Position.DOMESTIC, date(2020, 8, 1), "S 5"),
    ("services", Position.DOMESTIC, TODAY, "S 19"),
    ("standard", Position.UNION, TODAY, "S 19"),
    ("reduced", Position.UNION, TODAY, "S 7"),
    ("standard", Position.UNION_VAT_ID, TODAY, "K 0"),
    ("services", Position.UNION_VAT_ID, TODAY, "AE 0"),
    ("standard", Position.EXPORT, TODAY, "G 0"),
    ("services", Position.EXPORT, TODAY, "O 0"),
    ("unknown", Position.DOMESTIC, TODAY, "refused"),
]


def test_german_starting_table(portal: TestPortal) -> None:
    install(portal)
    for code, position, on, expected in MATRIX:
        assert answer(portal, code, position, on) == expected, (code, position, on)


@pytest.mark.parametrize("country", ["AT", "FR", "NL", "BE", "ES", "IT", "GB", "CH"])
def test_other_starting_tables_answer_for_each_reachable_position(
    portals: PortalFactory, country: str
) -> None:
    portal = portals("taxes", company__country=country)
    install(portal)
    buyers = [(country, ""), ("DE", "DE136695976"), ("DE", ""), ("US", "")]
    with portal.reading() as unit:
        taxes = unit.ask(ITaxes)
        codes = {one.code for one in taxes.classes()}
        for buyer, vat_id in buyers:
            found = taxes.taxation(codes, taxes.position(buyer, vat_id), TODAY, "en")
            assert set(found) == codes
            for one in found.values():
                assert (one.category == "S") == all(rate.percent > 0 for rate in one.rates)
                assert one.exemption or one.category in ("S", "Z")


def test_starting_table_only_into_an_empty_one(portal: TestPortal) -> None:
    install(portal)
    before = count(portal, "taxes_rate")
    with pytest.raises(Refused):
        install(portal)
    assert count(portal, "taxes_rate") == before


def test_no_starting_table_for_some_countries(portals: PortalFactory) -> None:
    portal = portals("taxes", company__country="US")
    with pytest.raises(Refused):
        install(portal)
    assert count(portal, "taxes_class") == 0


def test_override_of_the_position_wins(portal: TestPortal) -> None:
    with portal.reading() as unit:
        taxes = unit.ask(ITaxes)
        assert taxes.position("FR", "FR40303265045") is Position.UNION_VAT_ID
        assert taxes.position("FR", "FR40303265045", Position.DOMESTIC) is Position.DOMESTIC


def test_exemption_in_the_language_of_the_document(portal: TestPortal) -> None:
    install(portal)
    with portal.reading() as unit:
        taxes = unit.ask(ITaxes)
        texts = {
            language: taxes.taxation({"standard"}, Position.UNION_VAT_ID, TODAY, language)[
                "standard"
            ].exemption
            for language in ("en", "de", "de-AT", "fr")
        }
    assert "Art. 138 Directive" in texts["en"]
    assert "Art. 138 Richtlinie" in texts["de"] == texts["de-AT"]
    assert texts["fr"] == texts["en"]


def test_refusal_names_class_position_and_date(portal: TestPortal) -> None:
    install(portal)
    with portal.reading() as unit, pytest.raises(Refused) as refused:
        unit.ask(ITaxes).taxation({"standard"}, Position.DOMESTIC, date(2001, 2, 3), "en")
    for language, words in (
        ("en", ("standard", "Domestic", "Feb 3, 2001")),
        ("de", ("Inland", "03.02.2001")),
    ):
        said = translate(refused.value.reason, language)
        assert [word for word in words if word not in said] == []


def test_taxation_is_one_statement_for_any_number_of_classes(portal: TestPortal) -> None:
    install(portal)
    for codes in ({"standard"}, {"standard", "reduced", "books", "services"}):
        statements = portal.count(
            lambda unit, codes=codes: unit.ask(ITaxes).taxation(codes, Position.DOMESTIC, TODAY, "en")
        )
        assert len(statements) == 1


def test_several_rates_on_one_line(portal: TestPortal) -> None:
    rates = [TaxRate("GST-5", "GST 5 %", Decimal(5)), TaxRate("QST", "QST 9.975 %", Decimal("9.975"))]
    with portal.unit() as unit:
        services.add_class(unit, "standard", "Goods")
        services.begin_rates(unit, "standard", Position.DOMESTIC, date(2020, 1, 1), "S", rates)
    with portal.reading() as unit:
        found = unit.ask(ITaxes).taxation({"standard"}, Position.DOMESTIC, TODAY, "en")["standard"]
    assert found.rates == tuple(rates)


def test_a_new_set_replaces_the_whole_old_one(portal: TestPortal) -> None:
    two = [VAT_19, TaxRate("DE-S-1", "Levy 1 %", Decimal(1))]
    with portal.unit() as unit:
        services.add_class(unit, "standard", "Goods")
        services.begin_rates(unit, "standard", Position.DOMESTIC, date(2020, 1, 1), "S", two)
        services.begin_rates(unit, "standard", Position.DOMESTIC, date(2026, 12, 1), "S", [VAT_19])
    assert answer(portal, "standard", Position.DOMESTIC, date(2026, 11, 30)) == "S 1+19"
    assert answer(portal, "standard", Position.DOMESTIC, date(2026, 12, 1)) == "S 19"


def test_ended_rates_are_refused_and_never_fall_back(portal: TestPortal) -> None:
    install(portal)
    last = TODAY + timedelta(days=10)
    with portal.unit() as unit:
        public_id = unit.db.scalar(
            text(
                "SELECT r.public_id FROM taxes_rate r JOIN taxes_class c ON c.id = r.class_id "
                "WHERE c.code = 'standard' AND r.position = 'domestic' AND r.valid_from = '2021-01-01'"
            )
        )
        found = services.find_rates(unit, str(public_id))
        assert found is not None
        services.end_rates(unit, found, last)
    assert answer(portal, "standard", Position.DOMESTIC, last) == "S 19"
    assert answer(portal, "standard", Position.DOMESTIC, last + timedelta(days=1)) == "refused"
    with portal.unit() as unit:
        services.begin_rates(unit, "standard", Position.DOMESTIC, last + timedelta(days=1), "S", [VAT_19])
    assert answer(portal, "standard", Position.DOMESTIC, last + timedelta(days=1)) == "S 19"


def test_history_is_not_rewritten(portal: TestPortal) -> None:
    install(portal)
    before = count(portal, "taxes_rate")
    for day in (date(2007, 1, 1), date(2015, 5, 5), date(2021, 1, 1)):
        with pytest.raises(Refused), portal.unit() as unit:
            services.begin_rates(unit, "standard", Position.DOMESTIC, day, "S", [VAT_19])
    with portal.unit() as unit:
        begun = unit.db.scalar(text("SELECT public_id FROM taxes_rate ORDER BY id LIMIT 1"))
        found = services.find_rates(unit, str(begun))
        assert found is not None
        with pytest.raises(Refused):
            services.remove_rates(unit, found)
        with pytest.raises(Invalid):
            services.end_rates(unit, found, TODAY - timedelta(days=1))
    assert count(portal, "taxes_rate") == before


def test_a_set_that_has_not_begun_can_be_removed(portal: TestPortal) -> None:
    install(portal)
    with portal.unit() as unit:
        begin = TODAY + timedelta(days=1)
        public_id = services.begin_rates(unit, "standard", Position.DOMESTIC, begin, "S", [VAT_19])
        found = services.find_rates(unit, public_id)
        assert found is not None
        services.remove_rates(unit, found)
    with portal.reading() as unit:
        assert services.find_rates(unit, public_id) is None


def test_a_key_stands_for_one_percentage_although_two_record_it_at_once(portal: TestPortal) -> None:
    if portal.backend == "sqlite":
        pytest.skip("one writer at a time")
    install(portal)
    before = count(portal, "taxes_rate")
    begin = TODAY + timedelta(days=1)

    def record(unit: Unit, code: str, percent: int) -> None:
        rates = [TaxRate("DE-S-NEW", "new", Decimal(percent))]
        services.begin_rates(unit, code, Position.DOMESTIC, begin, "S", rates)

    with pytest.raises(Invalid, match="This key stands for"):
        behind(
            portal,
            lambda unit: record(unit, "standard", 20),
            lambda: portal.run(lambda unit: record(unit, "reduced", 8)),
        )
    assert count(portal, "taxes_rate") == before + 1


def test_a_set_that_somebody_else_removed_is_a_conflict(portal: TestPortal) -> None:
    install(portal)
    begin = TODAY + timedelta(days=1)
    with portal.unit() as unit:
        public_id = services.begin_rates(unit, "standard", Position.DOMESTIC, begin, "S", [VAT_19])
        found = services.find_rates(unit, public_id)
        assert found is not None
    portal.run(lambda unit: services.remove_rates(unit, found))
    before = count(portal, "taxes_rate")
    with pytest.raises(Conflict):
        portal.run(lambda unit: services.remove_rates(unit, found))
    with pytest.raises(Conflict):
        portal.run(lambda unit: services.end_rates(unit, found, begin))
    assert count(portal, "taxes_rate") == before


def test_a_set_that_somebody_else_ended_keeps_its_end(portal: TestPortal) -> None:
    install(portal)
    with portal.unit() as unit:
        public_id = str(
            unit.db.scalar(text("SELECT public_id FROM taxes_rate ORDER BY valid_from DESC LIMIT 1"))
        )
        found = services.find_rates(unit, public_id)
        assert found is not None
    portal.run(lambda unit: services.end_rates(unit, found, TODAY))
    with pytest.raises(Refused):
        portal.run(lambda unit: services.end_rates(unit, found, TODAY + timedelta(days=1)))
    with portal.reading() as unit:
        stored = services.find_rates(unit, public_id)
        assert stored is not None
        assert stored.valid_to == TODAY


WRONG = [
    ("S", [TaxRate("A", "A", Decimal(0))], {}),
    ("Z", [TaxRate("A", "A", Decimal(7))], {}),
    ("K", [TaxRate("A", "A", Decimal(0))], {"en": "only English"}),
    ("S", [], {}),
    ("S", [TaxRate("A", "A", Decimal(7)), TaxRate("A", "A again", Decimal(8))], {}),
    ("?", [TaxRate("A", "A", Decimal(0))], {}),
    ("S", [TaxRate("DE-S-19", "not 19", Decimal(18))], {}),
]


@pytest.mark.parametrize(("category", "rates", "texts"), WRONG)
def test_contradictory_rates_are_refused(
    portal: TestPortal, category: str, rates: list[TaxRate], texts: dict[str, str]
) -> None:
    install(portal)
    before = count(portal, "taxes_rate")
    begin = TODAY + timedelta(days=1)
    with pytest.raises(Invalid), portal.unit() as unit:
        services.begin_rates(unit, "standard", Position.DOMESTIC, begin, category, rates, texts)
    assert count(portal, "taxes_rate") == before


def test_exchange_rates_by_date(portal: TestPortal) -> None:
    with portal.unit() as unit:
        services.add_exchange_rate(unit, "USD", date(2026, 1, 1), Decimal("0.9"))
        services.add_exchange_rate(unit, "USD", date(2026, 6, 1), Decimal("0.852201"))
    with portal.reading() as unit:
        taxes = unit.ask(ITaxes)
        assert taxes.exchange_rate("EUR", TODAY) == 1
        assert taxes.exchange_rate("USD", date(2026, 5, 31)) == Decimal("0.9")
        assert taxes.exchange_rate("USD", date(2026, 6, 1)) == Decimal("0.852201")
        with pytest.raises(Refused):
            taxes.exchange_rate("USD", date(2025, 12, 31))
        with pytest.raises(Refused):
            taxes.exchange_rate("JPY", TODAY)


@pytest.mark.parametrize(
    ("currency", "rate"), [("EUR", "1.1"), ("QQQ", "1.1"), ("USD", "0"), ("USD", "-1"), ("USD", "0.1234567")]
)
def test_wrong_exchange_rates_are_refused(portal: TestPortal, currency: str, rate: str) -> None:
    with pytest.raises(Invalid), portal.unit() as unit:
        services.add_exchange_rate(unit, currency, TODAY, Decimal(rate))
    assert count(portal, "taxes_exchange_rate") == 0


def test_one_rate_per_day_that_can_be_corrected(portal: TestPortal) -> None:
    with portal.unit() as unit:
        services.add_exchange_rate(unit, "USD", TODAY, Decimal(9))
    with pytest.raises(Invalid), portal.unit() as unit:
        services.add_exchange_rate(unit, "USD", TODAY, Decimal("0.9"))
    with portal.unit() as unit:
        public_id = unit.db.scalar(text("SELECT public_id FROM taxes_exchange_rate"))
        row = services.find_exchange_rate(unit, str(public_id))
        assert row is not None
        services.correct_exchange_rate(unit, row, Decimal("0.9"))
    with portal.reading() as unit:
        assert unit.ask(ITaxes).exchange_rate("USD", TODAY) == Decimal("0.9")


def test_classes_are_unique_and_can_be_taken_out_of_use(portal: TestPortal) -> None:
    install(portal)
    with pytest.raises(Invalid), portal.unit() as unit:
        services.add_class(unit, "standard", "Again")
    with pytest.raises(Invalid), portal.unit() as unit:
        services.add_class(unit, "With Space", "Wrong")
    with portal.unit() as unit:
        row = services.find_class(unit, "books")
        assert row is not None
        services.change_class(unit, row, "Printed books", active=False)
    with portal.reading() as unit:
        assert "books" not in {one.code for one in unit.ask(ITaxes).classes()}
    assert answer(portal, "books", Position.DOMESTIC) == "S 7"


TAMPERED = [
    "UPDATE taxes_rate SET percent = 18000000 WHERE id = (SELECT min(id) FROM taxes_rate)",
    "UPDATE taxes_rate SET exemption_de = '' WHERE category = 'K'",
]


@pytest.mark.parametrize("statement", TAMPERED)
def test_verify_names_what_was_tampered_with(portal: TestPortal, statement: str) -> None:
    install(portal)
    check = portal.house.checks["taxes.rates"]
    with portal.unit() as unit:
        assert list(check.run(unit.db)) == []
        unit.db.execute(text(statement))
        assert list(check.run(unit.db)) != []
