"""From a customer's request to a paid invoice, over HTTP: clerk, shipper, accountant and customer side by side."""

from __future__ import annotations

from typing import Any

from journeys.conftest import Company
from modules.pages import form_to, form_with
from webtest import TestResponse


def request_quotation(company: Company) -> str:
    """A request from /my, from the catalog and in the customer's own words; its public id."""
    buyer = company.buyer
    catalog = buyer.get(f"{company.my}catalog/")
    product = catalog.click("Tea", index=0)
    form = form_with(product.click("Request a quotation", index=0), "lines-0-quantity")
    assert form["lines-0-product-text"].value == "TEA · Tea"
    form["lines-0-quantity"] = "10"
    form["lines-1-name"] = "Setting up in our kitchen"
    form["lines-1-quantity"] = "1"
    form["reference"] = "PO 7"
    page = form.submit().follow()
    assert "Requested, being prepared" in page
    return page.request.path.split("/")[-2]


def price(company: Company, here: str) -> None:
    """Take the request up and price what is in free text."""
    company.clerk.get("/").click("Orders", index=0)
    page = form_to(company.clerk.get(here), "quote").submit().follow()
    form = form_with(page.click("Edit"), "customer_reference")
    assert form["customer_reference"].value == "PO 7"
    row = next(n for n in range(2) if not form[f"lines-{n}-product-text"].value)
    form[f"lines-{row}-unit_price"] = "90"
    form[f"lines-{row}-tax_class"] = "standard"
    form[f"lines-{row}-service"] = True
    page = form.submit().follow()
    # 10 × 12.50 + 90 = 215.00; 19 %: 40.85
    page.mustcontain("€215.00", "€40.85", "€255.85")


def send(company: Company, here: str) -> None:
    form = form_with(company.clerk.get(f"{here}send"), "to")
    for box in form.fields["to"]:
        box.checked = True
    form.submit().follow()


def accept(company: Company, mine: str) -> TestResponse:
    form = form_with(company.buyer.get(mine).click("Accept"), "consent")
    form["name"] = "Anna Alpha"
    form["consent"] = True
    return form.submit().follow()


def deliver(company: Company, here: str, *quantities: str) -> TestResponse:
    form = form_with(company.shipper.get(f"{here}deliver"), "delivered_on")
    for number, quantity in enumerate(quantities):
        form[f"lines-{number}-quantity"] = quantity
    return form.submit().follow()


def post_drafts(company: Company) -> list[str]:
    """Post every draft as the accountant; the addresses of the invoices, oldest first."""
    drafts = company.rows("SELECT public_id FROM finance_invoice WHERE state = 'draft' ORDER BY id")
    places = [f"/finance/invoices/{public_id}/" for (public_id,) in drafts]
    for place in places:
        page = company.accountant.get(place).click("Post")
        assert "A posted invoice gets its number" in page
        form_with(page, "invoice_date").submit().follow()
    return places


def test_from_request_to_paid_invoice(company: Company) -> None:
    public_id = request_quotation(company)
    here, mine = f"/orders/{public_id}/", f"{company.my}orders/{public_id}/"
    price(company, here)
    assert "255.85" not in company.buyer.get(mine)  # what they asked for, nothing of the draft
    assert company.sent_mails() == []
    send(company, here)

    [mail] = company.sent_mails()
    [pdf] = list(mail.iter_attachments())
    assert pdf.get_content_type() == "application/pdf"
    assert pdf.get_content().startswith(b"%PDF")
    assert "office@alpha.example" in mail["To"] or "buyer@alpha.example" in mail["To"]
    body = mail.get_body(("plain",))
    assert body is not None
    assert f"http://localhost{mine}" in body.get_content()

    assert "SO-2026-00001" in company.buyer.get(company.my)  # the home says what to decide
    assert "Accepted, being confirmed" in accept(company, mine)
    [(by, revision)] = company.rows("SELECT accepted_by, accepted_revision FROM orders_order")
    assert (by, revision) == ("Anna Alpha", 1)
    form_to(company.clerk.get(here), "confirm").submit().follow()
    assert company.order(public_id) == ("confirmed", "none", "none")

    assert "Partly delivered" in deliver(company, here, "4")
    assert "4 / 10" in company.buyer.get(mine)
    [first] = post_drafts(company)
    assert company.order(public_id) == ("confirmed", "partly", "partly")
    assert "Delivered" in deliver(company, here, "6")
    [second] = post_drafts(company)
    assert company.order(public_id) == ("confirmed", "fully", "fully")
    invoices = company.rows("SELECT number, gross, open FROM finance_invoice ORDER BY id")
    assert [number for number, _gross, _open in invoices] == ["INV-2026-00001", "INV-2026-00002"]
    assert sum(gross for _number, gross, _open in invoices) == 25585

    # what is owed, with everything needed to pay it
    company.buyer.get(company.my).mustcontain("€255.85")
    own = company.buyer.get(f"{company.my}invoices/{first.split('/')[-2]}/")
    own.mustcontain("DE02120300000000202051", "INV-2026-00001")
    assert own.click("PDF").body == company.accountant.get(f"{first}pdf").body

    # paid in two parts: some of the first invoice, then the rest of both at once
    form = form_with(company.accountant.get(first).click("Record a payment"), "amount")
    form["amount"] = "50.00"
    form[f"amount-{first.split('/')[-2]}"] = "50.00"
    form.submit().follow()
    assert company.order(public_id)[2] == "fully"
    form = form_with(company.accountant.get("/finance/payments/new"), "customer")
    form["customer-text"] = "Alpha"
    form = form_with(form.submit().follow(), "amount")
    form["amount"] = "205.85"
    form["reference"] = "Statement 12"
    for place, left in zip((first, second), rests(company), strict=True):
        form[f"amount-{place.split('/')[-2]}"] = left
    form.submit().follow()
    assert company.rows("SELECT SUM(open) FROM finance_invoice") == [(0,)]
    assert company.order(public_id) == ("closed", "fully", "settled")

    # the statement agrees on both sides, and so do the books
    statement = company.buyer.get(f"{company.my}statement/")
    statement.mustcontain("INV-2026-00001", "INV-2026-00002", "€50.00", "€205.85")
    staff = company.accountant.get(f"/finance/reports/statement?customer={company.alpha.public_id}")
    assert balances(statement) == balances(staff)
    assert balances(statement)[-1] == "€0.00"
    assert company.findings() == []
    assert company.buyer.get(f"{company.my}statement/pdf").body.startswith(b"%PDF")


def rests(company: Company) -> list[str]:
    found = company.rows("SELECT open FROM finance_invoice ORDER BY id")
    return [f"{left // 100}.{left % 100:02}" for (left,) in found]


def balances(page: TestResponse) -> list[str]:
    """The last column of the statement."""
    table = page.html.find("table")
    assert table is not None
    return [row.find_all("td")[-1].get_text(strip=True) for row in table.find_all("tr") if row.find("td")]


def quotation(company: Company) -> str:
    """A sent quotation over tea; its public id."""
    form = form_with(company.clerk.get(f"/orders/new/{company.alpha.public_id}/"), "customer_reference")
    form["lines-0-product-text"] = "TEA"
    form["lines-0-quantity"] = "10"
    form["lines-1-product-text"] = "SOAP"
    form["lines-1-quantity"] = "2"
    page = form.submit().follow()
    public_id = page.request.path.split("/")[2]
    send(company, f"/orders/{public_id}/")
    return public_id


def test_a_customer_declines_with_a_reason(company: Company) -> None:
    public_id = quotation(company)
    mine = f"{company.my}orders/{public_id}/"
    form = form_with(company.buyer.get(mine).click("Decline"), "reason")
    refused = form.submit(status=422)
    assert company.order(public_id)[0] == "sent"
    form = form_with(refused, "reason")
    form["reason"] = "Too dear this year"
    form.submit().follow()
    assert company.order(public_id)[0] == "declined"
    assert "Too dear this year" in company.clerk.get(f"/orders/{public_id}/")
    company.buyer.get(f"{mine}accept").mustcontain(no='name="consent"')


def test_a_revision_that_changed_meanwhile_is_shown_before_it_is_accepted(company: Company) -> None:
    public_id = quotation(company)
    here, mine = f"/orders/{public_id}/", f"{company.my}orders/{public_id}/"
    form = form_with(company.buyer.get(f"{mine}accept"), "consent")
    form["name"], form["consent"] = "Anna Alpha", True

    form_to(company.clerk.get(here), "revise").submit()
    edit = form_with(company.clerk.get(f"{here}edit"), "customer_reference")
    edit["lines-0-quantity"] = "20"
    edit.submit().follow()
    send(company, here)

    stale = form.submit(status=409)
    assert company.order(public_id)[0] == "sent"
    stale.mustcontain("changed meanwhile", "20")
    again = form_with(stale, "consent")
    assert again["name"].value == "Anna Alpha"
    again["consent"] = True
    again.submit().follow()
    assert company.rows("SELECT state, accepted_revision FROM orders_order") == [("accepted", 2)]


def draft(company: Company) -> str:
    form = form_with(company.clerk.get(f"/orders/new/{company.alpha.public_id}/"), "customer_reference")
    form["lines-0-product-text"], form["lines-0-quantity"] = "TEA", "10"
    form["lines-1-product-text"], form["lines-1-quantity"] = "SOAP", "2"
    page = form.submit().follow()
    return str(page.request.path)


def test_two_editors_of_one_order(company: Company) -> None:
    here = draft(company)
    other = company.person("carl", "orders.clerk")
    one = form_with(company.clerk.get(f"{here}edit"), "customer_reference")
    two = form_with(other.get(f"{here}edit"), "customer_reference")
    one["customer_reference"] = "PO 1"
    one["lines-0-quantity"] = "11"
    one.submit().follow()
    # other fields and lines merge
    two["notes"] = "Deliver to the back door."
    two["lines-1-quantity"] = "3"
    two.submit().follow()
    assert stored(company) == ("PO 1", "Deliver to the back door.", [11, 3])
    # the same ones are chosen, one by one
    one = form_with(company.clerk.get(f"{here}edit"), "customer_reference")
    two = form_with(other.get(f"{here}edit"), "customer_reference")
    one["customer_reference"], one["notes"] = "PO 2", "Ring twice."
    one.submit().follow()
    two["customer_reference"], two["notes"] = "PO 3", "Knock."
    page = two.submit(status=409)
    assert stored(company)[:2] == ("PO 2", "Ring twice.")
    page.mustcontain("PO 2", "Ring twice.")
    again = form_with(page, "_base-choice-customer_reference")
    assert again["notes"].value == "Knock."
    again["_base-choice-customer_reference"] = "theirs"
    again["_base-choice-notes"] = "mine"
    again.submit().follow()
    assert stored(company) == ("PO 2", "Knock.", [11, 3])


def stored(company: Company) -> tuple[Any, Any, list[int]]:
    [(reference, notes)] = company.rows("SELECT customer_reference, notes FROM orders_order")
    lines = company.rows("SELECT quantity FROM orders_line ORDER BY position")
    return reference, notes, [int(quantity) // 1_000_000 for (quantity,) in lines]


TABLES = ("orders_order", "orders_event", "orders_delivery", "finance_invoice", "finance_payment", "finance_entry",
          "finance_allocation", "ops_mail", "ops_document")  # fmt: skip


def counts(company: Company) -> dict[str, int]:
    return {table: company.rows(f"SELECT COUNT(*) FROM {table}")[0][0] for table in TABLES}


def twice(company: Company, form: Any) -> TestResponse:
    """Send a form, and then the same again, as a double click, "back" or a reload does: one effect, one answer."""
    before = counts(company)
    first = form.submit(status=303)
    after = counts(company)
    assert after != before
    second = form.submit(status=303)
    assert second.location == first.location
    assert counts(company) == after
    return first.follow()


def test_what_is_sent_twice_is_done_once(company: Company) -> None:
    form = form_with(company.buyer.get(f"{company.my}orders/request"), "lines-0-quantity")
    form["lines-0-product-text"], form["lines-0-quantity"] = "TEA", "10"
    public_id = twice(company, form).request.path.split("/")[-2]
    here, mine = f"/orders/{public_id}/", f"{company.my}orders/{public_id}/"
    twice(company, form_to(company.clerk.get(here), "quote"))
    edit = form_with(company.clerk.get(f"{here}edit"), "customer_reference")
    edit["customer_reference"] = "PO 9"
    twice(company, edit)
    mail = form_with(company.clerk.get(f"{here}send"), "to")
    mail.get("to", index=0).checked = True
    twice(company, mail)
    assert len(company.sent_mails()) == 1
    yes = form_with(company.buyer.get(f"{mine}accept"), "consent")
    yes["name"], yes["consent"] = "Anna Alpha", True
    twice(company, yes)
    twice(company, form_to(company.clerk.get(here), "confirm"))
    twice(company, form_with(company.shipper.get(f"{here}deliver"), "delivered_on"))
    [(invoice,)] = company.rows("SELECT public_id FROM finance_invoice")
    place = f"/finance/invoices/{invoice}/"
    twice(company, form_with(company.accountant.get(f"{place}post"), "invoice_date"))
    pay = form_with(company.accountant.get(f"{place}pay"), "amount")
    twice(company, pay)
    assert company.order(public_id) == ("closed", "fully", "settled")
    assert company.rows("SELECT SUM(amount) FROM finance_allocation") == company.rows(
        "SELECT SUM(gross) FROM finance_invoice"
    )
    # the form with other content is no repeat, and is not taken for one
    pay["reference"] = "something else"
    assert pay.submit(expect_errors=True).status_int in (409, 422)
    assert company.rows("SELECT COUNT(*) FROM finance_payment") == [(1,)]
    assert company.findings() == []
