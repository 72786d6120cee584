"""Writing a document: totals that follow, rows pasted from a spreadsheet, drafts that survive, acts that show first."""

from __future__ import annotations

from collections.abc import Callable

from browser.conftest import Served

from portal.kernel.people import Realm

CLARA = "clara@company.example"

PASTE = """
  ([selector, text]) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    const target = document.querySelector(selector);
    target.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }
"""


def test_a_quotation_is_written_by_pasting_and_survives_a_closed_tab(serve: Callable[[], Served]) -> None:
    served = serve()
    alpha = served.world.alpha
    assert alpha is not None
    clara = served.person("clara", CLARA, Realm.EMPLOYEES, 1440, "light")
    page = clara.page
    clara.go(f"/orders/new/{alpha.public_id}/", "new")
    page.evaluate(PASTE, ['[name="lines-0-product-text"]', "TEA\t10\nSOAP\t2\t3.99\n"])
    page.locator("dl.totals .grand-total").wait_for()
    assert page.locator('[name="lines-1-quantity"]').input_value() == "2"
    clara.look("pasted")
    # The totals follow what is typed.
    before = page.locator("dl.totals .grand-total dd").inner_text()
    page.locator('[name="lines-0-quantity"]').fill("11")
    page.wait_for_function(
        "before => document.querySelector('dl.totals .grand-total dd').textContent !== before", arg=before
    )
    # It is kept; a new tab has it again.
    page.get_by_text("Draft saved").wait_for()
    other = page.context.new_page()
    other.goto(served.address + f"/orders/new/{alpha.public_id}/")
    assert other.locator('[name="lines-0-quantity"]').input_value() == "11"
    assert other.get_by_text("is filled in again").is_visible()
    other.close()
    # Alt+Arrow moves a line, the buttons too; saving leads to the order without a question.
    page.locator('[name="lines-0-quantity"]').press("Alt+ArrowDown")
    assert page.locator('[name="lines-1-quantity"]').input_value() == "11"
    clara.press("Save", "saved")
    assert "/orders/new/" not in page.url
    # Confirming shows what it will write before it is done.
    page.goto(page.url + "confirm")
    page.get_by_text("The order is confirmed, and its lines are fixed from then on.").wait_for()
    clara.look("confirming")
    assert page.get_by_text("is drafted").count() <= 1
    clara.press("Confirm order", "confirmed")
    assert served.complaints == []


def test_leaving_with_something_unsent_asks_first(serve: Callable[[], Served]) -> None:
    served = serve()
    alpha = served.world.alpha
    assert alpha is not None
    clara = served.person("clara", CLARA, Realm.EMPLOYEES, 390, "dark")
    page = clara.page
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    clara.go(f"/orders/new/{alpha.public_id}/", "new")
    page.goto(served.address + "/orders/")
    assert asked == []
    page.goto(served.address + f"/customers/{alpha.public_id}/contacts/new")
    page.locator("main input[type=text]").first.click()
    page.keyboard.type("Somebody")
    page.goto(served.address + "/orders/")
    assert asked == ["beforeunload"]
    assert served.complaints == []
