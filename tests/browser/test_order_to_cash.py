"""From a quotation to the paid invoice in Chromium: employee and customer, desktop and phone, light and dark."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from browser.conftest import Person, Served

from portal.kernel.people import Realm

pytestmark = pytest.mark.browser
Serve = Callable[..., Served]


def choose(person: Person, field: str, typed: str, offered: str) -> None:
    """Type into a field that searches, and take what is offered."""
    person.page.locator(f"[name='{field}']").press_sequentially(typed)
    person.page.locator("[role=option]:visible").filter(has_text=offered).first.click()


def test_the_whole_way_on_a_desktop(serve: Serve) -> None:
    walk(serve(), 1280, "light")


def test_the_whole_way_on_a_phone_in_the_dark(serve: Serve) -> None:
    walk(serve(), 390, "dark")


def walk(served: Served, width: int, scheme: str) -> None:
    clara = served.person("clara", "clara@company.example", Realm.EMPLOYEES, width, scheme)
    anna = served.person("anna", "anna@alpha.example", Realm.CUSTOMERS, width, scheme)
    my = served.my

    clara.go("/orders/", "orders-empty")
    clara.click("New quotation", "new")
    choose(clara, "customer-text", "alph", "Alpha GmbH")
    clara.press("Continue", "write")
    choose(clara, "lines-0-product-text", "tea", "Tea")
    clara.page.locator("[name='lines-0-quantity']").fill("10")
    choose(clara, "lines-1-product-text", "soa", "Soap")
    clara.page.locator("[name='lines-1-quantity']").fill("4")
    clara.press("Save", "draft")
    order = clara.page.url.split("/")[-2]
    clara.click("Send quotation", "send")
    clara.page.locator("main [type=checkbox]").first.check()
    clara.press("Send quotation", "sent")

    anna.go(my, "home")
    anna.click("SO-2026-00001", "quotation", exact=False)
    anna.click("Accept", "accept")
    anna.page.get_by_label("Your name").fill("Anna Alpha")
    anna.page.get_by_label("Your reference").fill("PO 7")
    anna.page.locator("[name=consent]").check()
    anna.press("Accept and order", "accepted")

    clara.go(f"/orders/{order}/", "accepted")
    clara.press("Confirm order", "confirmed")
    clara.click("Deliver", "deliver")
    clara.press("Deliver", "delivered")
    clara.click("Draft", "invoice-draft")
    clara.click("Post", "post")
    clara.press("Post", "posted")

    anna.go(f"{my}invoices/", "invoices")
    anna.click("INV-2026-00001", "invoice")
    assert "DE02120300000000202051" in anna.page.locator("main").inner_text()

    clara.click("Record a payment", "pay")
    clara.press("Record payment", "paid")
    clara.go(f"/orders/{order}/", "closed")
    assert "Closed" in clara.page.locator(".page-head").inner_text()
    anna.go(f"{my}orders/{order}/", "closed")
    anna.go(f"{my}statement/", "statement")
    anna.go(f"{my}", "home-after")
    assert not served.complaints, "\n".join(served.complaints)


#: Pages that are looked at in the other two combinations and that the way above does not touch.
STAFF = (
    "/",
    "/orders/",
    "/orders/?state=quotation",
    "/customers/",
    "/customers/new",
    "/catalog/",
    "/finance/invoices/",
    "/finance/payments/",
    "/finance/reports/",
    "/finance/entries/",
    "/finance/accounts/",
    "/account/",
)
OWN = (
    "",
    "orders/",
    "orders/request",
    "catalog/",
    "addresses/",
    "company/",
    "colleagues/",
    "invoices/",
    "statement/",
)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (390, "light")])
def test_further_pages(serve: Serve, width: int, scheme: str) -> None:
    served = serve()
    clara = served.person("clara", "clara@company.example", Realm.EMPLOYEES, width, scheme)
    for number, path in enumerate(
        (*STAFF, f"/customers/{served.alpha.public_id}/", f"/catalog/{served.world.products[0]}/")
    ):
        clara.go(path, f"page-{number}")
    anna = served.person("anna", "anna@alpha.example", Realm.CUSTOMERS, width, scheme)
    for path in OWN:
        anna.go(served.my + path, path.replace("/", "-") or "home")
    assert not served.complaints, "\n".join(served.complaints)


def test_an_order_of_three_lines_by_keyboard_alone(serve: Serve) -> None:
    served = serve()
    clara = served.person("clara", "clara@company.example", Realm.EMPLOYEES, 1280, "light")
    page, press = clara.page, clara.page.keyboard.press

    def reach(selector: str) -> None:
        """Tab until that has the focus."""
        for _times in range(120):
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
            press("Tab")
        pytest.fail(f"the Tab key does not lead to {selector}")

    clara.go("/orders/", "list")
    press("Tab")
    press("Enter")  # skip to content
    reach("a[href='/orders/new/']")
    press("Enter")
    page.wait_for_url("**/orders/new/")
    reach("[name='customer-text']")
    page.keyboard.type("beta")
    page.locator("[role=option]:visible").first.wait_for()
    press("Enter")
    reach("main button[type=submit]")
    press("Enter")
    page.wait_for_url("**/orders/new/*/")
    for number, (product, quantity) in enumerate((("tea", "5"), ("soap", "2"), ("tea", "1"))):
        row = f"[name='lines-{number}-product-text']"
        if page.locator(row).count() == 0:
            reach("[data-line-add]")
            press("Enter")
        else:
            reach(row)
        page.keyboard.type(product)
        page.locator("[role=option]:visible").first.wait_for()
        press("Enter")
        reach(f"[name='lines-{number}-quantity']")
        page.keyboard.type(quantity)
    reach(".button-row button[type=submit]:not([name])")
    press("Enter")
    page.wait_for_url(lambda url: "/new/" not in url)
    clara.look("made-by-keyboard")
    assert page.locator(".document-lines tbody tr").count() == 3
    # 6 × 12.50 + 2 × 3.99 = 82.98; 19 %: 15.77
    assert "€98.75" in page.locator(".document-lines").inner_text()
    assert not served.complaints, "\n".join(served.complaints)
