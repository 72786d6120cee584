"""The pages of taxes over HTTP: who may, what happens, what is refused."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from portal.modules.taxes import services
from portal.testing.fixtures import PortalFactory
from portal.testing.portal import Browser, TestPortal


@pytest.fixture
def portal(portals: PortalFactory) -> TestPortal:
    return portals("taxes")


@pytest.fixture
def manager(portal: TestPortal) -> Browser:
    return portal.employee("manager@company.example", "taxes.manager")


def scalar(portal: TestPortal, statement: str) -> object:
    with portal.reading() as unit:
        return unit.db.scalar(text(statement))


def test_without_a_role_there_is_nothing_to_see(portal: TestPortal) -> None:
    portal.run(services.install_defaults)
    browser = portal.employee("other@company.example")
    for path in ("/taxes/", "/taxes/csv", "/taxes/classes/", "/taxes/exchange-rates/", "/taxes/new"):
        browser.get(path, status=403)
    assert "/taxes/" not in browser.get("/").text


def test_visitors_sign_in_first(portal: TestPortal) -> None:
    answer = portal.browser().get("/taxes/", status=303)
    assert "/sign-in" in answer.location


def test_customers_find_nothing(portal: TestPortal) -> None:
    browser = portal.customer("buyer@customer.example", 1, "a" * 26, "Customer")
    browser.get("/taxes/", status=404)


def test_a_reader_reads_and_changes_nothing(portal: TestPortal) -> None:
    portal.run(services.install_defaults)
    reader = portal.employee("reader@company.example", "taxes.reader")
    page = reader.get("/taxes/")
    assert "DE-S-19" in page.text
    assert "/taxes/new" not in page.text
    reader.get(page.html.select_one(".cell-link a")["href"], status=200)
    assert reader.get("/taxes/csv").content_type == "text/csv"
    assert "standard" in reader.get("/taxes/classes/")
    for path in ("/taxes/new", "/taxes/classes/new", "/taxes/classes/standard", "/taxes/exchange-rates/new"):
        reader.get(path, status=403)


def test_loading_the_starting_table(portal: TestPortal, manager: Browser) -> None:
    page = manager.get("/taxes/")
    assert "Load a starting table for DE" in page.text
    page = next(form for form in page.forms.values() if form.action == "/taxes/load").submit().follow()
    assert "DE-S-19" in page.text
    assert "Load a starting table" not in page.text


def test_recording_replacing_and_removing_rates(portal: TestPortal, manager: Browser) -> None:
    portal.run(services.install_defaults)
    page = manager.get("/taxes/?position=domestic&q=DE-S-19")
    page = manager.get(page.html.select_one(".cell-link a")["href"]).click("Replace from a day on")
    form = (
        page.forms[-1]
        if isinstance(page.forms, list)
        else max(page.forms.values(), key=lambda f: len(f.fields))
    )
    form["valid_from"] = "2027-01-01"
    form["rates-0-key"] = "DE-S-20"
    form["rates-0-title"] = "USt 20 %"
    form["rates-0-percent"] = "20"
    page = form.submit().follow()
    assert "20" in page.text
    assert scalar(portal, "SELECT percent FROM taxes_rate WHERE key = 'DE-S-20'") == 20_000_000
    remove = next(form for form in page.forms.values() if form.action.endswith("/remove"))
    remove.submit().follow()
    assert scalar(portal, "SELECT count(*) FROM taxes_rate WHERE key = 'DE-S-20'") == 0


def test_wrong_rates_are_shown_next_to_the_field_and_not_stored(portal: TestPortal, manager: Browser) -> None:
    portal.run(services.install_defaults)
    form = max(manager.get("/taxes/new").forms.values(), key=lambda f: len(f.fields))
    form["class_code"] = "standard"
    form["position"] = "export"
    form["valid_from"] = "2027-01-01"
    form["category"] = "G"
    form["rates-0-key"] = "DE-G-0"
    form["rates-0-title"] = "Export"
    form["rates-0-percent"] = "0"
    page = form.submit(status=422)
    assert "Documents without tax must say why." in page.text
    assert page.html.select_one("[name=rates-0-key]")["value"] == "DE-G-0"
    assert scalar(portal, "SELECT count(*) FROM taxes_rate WHERE valid_from > '2026-01-01'") == 0


def test_ending_rates(portal: TestPortal, manager: Browser) -> None:
    portal.run(services.install_defaults)
    page = manager.get("/taxes/?category=K")
    page = manager.get(page.html.select_one(".cell-link a")["href"])
    form = max(page.click("^End$").forms.values(), key=lambda f: "last_day" in f.fields)
    form["last_day"] = "2026-10-01"
    form.submit(status=422)
    assert scalar(portal, "SELECT count(*) FROM taxes_rate WHERE valid_to IS NOT NULL") == 0
    form["last_day"] = "2026-12-31"
    form.submit(status=303)
    assert scalar(portal, "SELECT count(*) FROM taxes_rate WHERE valid_to IS NOT NULL") == 1


def test_classes_and_exchange_rates(portal: TestPortal, manager: Browser) -> None:
    form = max(manager.get("/taxes/classes/new").forms.values(), key=lambda f: "code" in f.fields)
    form["code"], form["title"] = "wine", "Wine"
    form.submit().follow()
    form = max(manager.get("/taxes/classes/wine").forms.values(), key=lambda f: "title" in f.fields)
    form["title"] = "Wine and beer"
    assert "Wine and beer" in form.submit().follow()
    form = max(manager.get("/taxes/exchange-rates/new").forms.values(), key=lambda f: "currency" in f.fields)
    form["currency"], form["day"], form["rate"] = "USD", "2026-11-01", "0.852201"
    page = form.submit().follow()
    assert scalar(portal, "SELECT rate FROM taxes_exchange_rate") == 852_201
    page = manager.get(page.html.select_one(".cell-date a")["href"])
    form = max(page.forms.values(), key=lambda f: "rate" in f.fields)
    form["rate"] = "0.9"
    form.submit().follow()
    assert scalar(portal, "SELECT rate FROM taxes_exchange_rate") == 900_000


def test_lists_refuse_parameters_that_mean_nothing(manager: Browser) -> None:
    for path in ("/taxes/?position=nowhere", "/taxes/classes/?x=1", "/taxes/exchange-rates/?currency=QQQ"):
        manager.get(path, status=422)


def test_unknown_addresses(manager: Browser) -> None:
    for path in (
        "/taxes/rates/" + "a" * 26 + "/",
        "/taxes/classes/nothing",
        "/taxes/nothing",
        "/taxes/rates/x",
    ):
        manager.get(path, status=404)
