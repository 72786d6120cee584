"""The pages of the catalog over HTTP, for employees and for customers."""

from __future__ import annotations

from decimal import Decimal

import pytest
from modules.pages import form_to, form_with
from sqlalchemy import text

from portal.modules.catalog import services
from portal.modules.catalog.interfaces import ProductFacts
from portal.modules.catalog.services import CategoryData, ProductData
from portal.modules.taxes import services as taxes
from portal.testing.fixtures import PortalFactory
from portal.testing.portal import Browser, TestPortal

ACCOUNT = "c" * 26


@pytest.fixture
def portal(portals: PortalFactory) -> TestPortal:
    made = portals("taxes", "catalog")
    made.run(taxes.install_defaults)
    return made


@pytest.fixture
def editor(portal: TestPortal) -> Browser:
    return portal.employee("editor@company.example", "catalog.editor")


def product(portal: TestPortal, sku: str, name: str, category: str | None = None) -> ProductFacts:
    data = ProductData(sku, name, "box", Decimal("18.5"), "standard", category=category)
    return portal.run(lambda unit: services.create_product(unit, data))


def scalar(portal: TestPortal, statement: str) -> object:
    with portal.reading() as unit:
        return unit.db.scalar(text(statement))


def test_who_may(portal: TestPortal) -> None:
    chai = product(portal, "CHAI", "Chai")
    address = f"/catalog/{chai.public_id}/"
    nobody = portal.employee("nobody@company.example", "taxes.manager")
    customer = portal.customer("buyer@customer.example", 1, ACCOUNT, "Customer")
    for path in ("/catalog/", address, "/catalog/csv", "/catalog/new", "/catalog/categories/"):
        nobody.get(path, status=403)
        customer.get(path, status=404)
        portal.browser().get(path, status=303)
    reader = portal.employee("reader@company.example", "catalog.reader")
    assert "Chai" in reader.get("/catalog/")
    assert "/edit" not in reader.get(address)
    for path in ("/catalog/new", f"{address}edit", "/catalog/categories/new"):
        reader.get(path, status=403)


def test_creating_and_changing_a_product(portal: TestPortal, editor: Browser) -> None:
    form = form_with(editor.get("/catalog/new"), "sku")
    form["sku"], form["name"], form["list_price"], form["tax_class"] = "CHAI", "Chai", "18.5", "standard"
    page = form.submit().follow()
    assert "Chai" in page
    form = form_with(page.click("Edit"), "sku")
    assert Decimal(form["list_price"].value) == Decimal("18.5")
    form["list_price"] = "19"
    form.submit().follow()
    assert scalar(portal, "SELECT list_price FROM catalog_product") == 19_000_000


def test_what_is_wrong_stands_next_to_the_field(portal: TestPortal, editor: Browser) -> None:
    product(portal, "CHAI", "Chai")
    form = form_with(editor.get("/catalog/new"), "sku")
    form["sku"], form["name"], form["list_price"], form["tax_class"] = "chai", "Other", "1", "standard"
    page = form.submit(status=422)
    assert "There is a product with this SKU already." in page.html.select_one("#sku-error").text
    assert form_with(page, "sku")["name"].value == "Other"
    assert scalar(portal, "SELECT count(*) FROM catalog_product") == 1


def test_two_editors_merge_and_choose(portal: TestPortal, editor: Browser) -> None:
    chai = product(portal, "CHAI", "Chai")
    edit = f"/catalog/{chai.public_id}/edit"
    mine, theirs = form_with(editor.get(edit), "sku"), form_with(editor.get(edit), "sku")
    theirs["name"], theirs["unit"] = "Chai tea", "bag"
    theirs.submit(status=303)
    mine["name"], mine["list_price"] = "Chai latte", "20"
    page = mine.submit(status=409)
    assert scalar(portal, "SELECT name FROM catalog_product") == "Chai tea"
    again = form_with(page, "sku")
    assert again["unit"].value == "bag"  # untouched: what is stored
    assert again["list_price"].value == "20"
    again["_base-choice-name"] = "theirs"
    again.submit(status=303)
    assert scalar(portal, "SELECT name FROM catalog_product") == "Chai tea"
    assert scalar(portal, "SELECT unit FROM catalog_product") == "bag"
    assert scalar(portal, "SELECT list_price FROM catalog_product") == 20_000_000


def test_choosing_the_own_value(portal: TestPortal, editor: Browser) -> None:
    chai = product(portal, "CHAI", "Chai")
    edit = f"/catalog/{chai.public_id}/edit"
    mine, theirs = form_with(editor.get(edit), "sku"), form_with(editor.get(edit), "sku")
    theirs["name"] = "Chai tea"
    theirs.submit(status=303)
    mine["name"] = "Chai latte"
    form_with(mine.submit(status=409), "sku").submit(status=303)
    assert scalar(portal, "SELECT name FROM catalog_product") == "Chai latte"


def test_taking_out_of_sale_and_back(portal: TestPortal, editor: Browser) -> None:
    chai = product(portal, "CHAI", "Chai")
    page = form_to(editor.get(f"/catalog/{chai.public_id}/"), "deactivate").submit().follow()
    assert scalar(portal, "SELECT active FROM catalog_product") in (False, 0)
    form_to(page, "/activate").submit().follow()
    assert scalar(portal, "SELECT active FROM catalog_product") in (True, 1)


def test_list_filters_sorts_and_exports(portal: TestPortal, editor: Browser) -> None:
    with portal.unit() as unit:
        drinks = services.add_category(unit, CategoryData("Drinks")).public_id
        tea = services.add_category(unit, CategoryData("Tea", drinks)).public_id
    product(portal, "CHAI", "Chai", tea)
    product(portal, "BEER", "Ale", drinks)
    product(portal, "KNIFE", "Knife")
    assert "Knife" not in editor.get(f"/catalog/?category={drinks}").html.select_one("tbody").text
    assert "Chai" in editor.get(f"/catalog/?category={drinks}").html.select_one("tbody").text
    assert "Ale" not in editor.get(f"/catalog/?category={tea}").html.select_one("tbody").text
    names = [row.select("td")[1].text for row in editor.get("/catalog/?sort=-name").html.select("tbody tr")]
    assert names == ["Knife", "Chai", "Ale"]
    lines = editor.get("/catalog/csv?q=chai").text.splitlines()
    assert len(lines) == 2
    assert "18.5" in lines[1]
    editor.get("/catalog/?kind=thing", status=422)


def test_categories(portal: TestPortal, editor: Browser) -> None:
    form = form_with(editor.get("/catalog/categories/new"), "parent")
    form["name"] = "Drinks"
    page = form.submit().follow()
    page = editor.get(page.html.select_one(".cell-link a")["href"])
    form = form_with(page, "parent")
    form["name"] = "Beverages"
    assert "Beverages" in form.submit().follow()
    public_id = scalar(portal, "SELECT public_id FROM catalog_category")
    product(portal, "CHAI", "Chai", str(public_id))
    page = form_to(editor.get(f"/catalog/categories/{public_id}/"), "remove").submit(status=422)
    assert "still stand in this category" in page
    assert scalar(portal, "SELECT count(*) FROM catalog_category") == 1


def test_customers_browse_what_is_offered(portal: TestPortal, editor: Browser) -> None:
    chai = product(portal, "CHAI", "Chai")
    gone = product(portal, "GONE", "Gone")
    form_to(editor.get(f"/catalog/{gone.public_id}/"), "deactivate").submit()
    customer = portal.customer("buyer@customer.example", 1, ACCOUNT, "Customer", "view")
    page = customer.get(f"/my/{ACCOUNT}/catalog/")
    assert "Chai" in page
    assert "18.50" in page
    assert "Gone" not in page
    assert "18.50" in page.click("Chai")
    assert "Chai" not in customer.get(f"/my/{ACCOUNT}/catalog/?q=beer").html.select_one("main").text
    customer.get(f"/my/{ACCOUNT}/catalog/{gone.public_id}/", status=404)
    customer.get(f"/my/{'d' * 26}/catalog/", status=404)
    customer.get(f"/my/{ACCOUNT}/catalog/?sort=tax_class", status=422)
    assert chai.public_id in page.text


def test_lists_cost_the_same_for_few_and_many(portal: TestPortal, editor: Browser) -> None:
    product(portal, "P-0", "Product")
    few = editor.statements("/catalog/")
    for number in range(1, 60):
        product(portal, f"P-{number}", f"Product {number}")
    assert editor.statements("/catalog/") == few <= 4
    customer = portal.customer("buyer@customer.example", 1, ACCOUNT, "Customer", "view")
    assert customer.statements(f"/my/{ACCOUNT}/catalog/") == customer.statements(
        f"/my/{ACCOUNT}/catalog/?q=P-59"
    )
