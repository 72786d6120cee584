"""The pages over HTTP: from an invoice by hand to its payment, reports, self-service, who may do what."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from modules.finance.conftest import line
from modules.pages import form_to, form_with
from sqlalchemy import text

from portal.modules.finance.services import lock_date

if TYPE_CHECKING:
    from modules.finance.conftest import Books


def test_an_invoice_by_hand_is_posted_mailed_and_paid(books: Books) -> None:
    staff = books.staff()
    form = form_with(staff.get("/finance/invoices/new"), "lines-0-name")
    form["customer"] = books.alpha.public_id
    form["customer-text"] = f"{books.alpha.number} · {books.alpha.name}"
    form["lines-0-name"] = "Tea"
    form["lines-0-quantity"] = "2"
    form["lines-0-unit_price"] = "50.00"
    form["lines-0-tax_class"] = "standard"
    draft = form.submit().follow()
    assert "€119.00" in draft
    assert draft.click("PDF", index=0).content_type == "application/pdf"

    edit = form_with(draft.click("Edit"), "lines-0-name")
    edit["lines-0-quantity"] = "3"
    draft = edit.submit().follow()
    assert "€178.50" in draft

    posted = form_with(draft.click("^Post$"), "invoice_date").submit().follow()
    assert "INV-2026-00001" in posted
    mail = posted.click("Mail")
    assert "bills.office@alpha.example" in mail
    assert "Rechnung INV-2026-00001" in mail or "INV-2026-00001" in mail
    posted = form_with(mail, "to").submit().follow()
    assert len(books.rows("SELECT id FROM ops_mail")) == 1

    pay = form_with(posted.click("Record a payment"), "amount")
    assert pay["amount"].value == "178.50"
    pay["amount"] = "200.00"
    paid = pay.submit().follow()
    assert "Settled" in paid
    payment = paid.click("BANK-1")
    assert "€21.50" in payment
    assert books.findings() == []


def test_a_form_that_does_not_say_which_version_was_seen_deletes_nothing(books: Books) -> None:
    staff = books.staff()
    form = form_with(staff.get("/finance/invoices/new"), "lines-0-name")
    form["customer"] = books.alpha.public_id
    form["customer-text"] = f"{books.alpha.number} · {books.alpha.name}"
    form["lines-0-name"], form["lines-0-quantity"], form["lines-0-unit_price"] = "Tea", "2", "50.00"
    form["lines-0-tax_class"] = "standard"
    delete = form_to(form.submit().follow(), "delete")
    for version in ("", "9" * 20):
        delete["version"] = version
        assert delete.submit(expect_errors=True).status_int == 422
    assert len(books.rows("SELECT id FROM finance_invoice")) == 1


def test_a_double_click_posts_and_pays_once(books: Books) -> None:
    staff = books.staff()
    invoice = books.posted()
    form = form_with(staff.get(f"/finance/invoices/{invoice.public_id}/pay"), "amount")
    first, second = form.submit(), form.submit()
    assert (first.status_int, second.status_int) == (303, 303)
    assert first.location == second.location
    assert len(books.rows("SELECT id FROM finance_payment")) == 1


def test_a_refusal_speaks_of_days_and_positions_as_its_reader_does(books: Books) -> None:
    staff = books.staff()
    form = staff.get("/account/").forms["profile"]
    form["language"] = "de"
    form.submit()
    draft = books.draft()

    def refused(day: str) -> str:
        form = form_with(staff.get(f"/finance/invoices/{draft.public_id}/post"), "invoice_date")
        form["invoice_date"] = day
        alert = form.submit(status=422).html.select_one(".alert-danger")
        assert books.again(draft).state == "draft"
        return alert.get_text(" ", strip=True)

    books.portal.run(lambda unit: lock_date.move(unit, date(2026, 10, 31), "October", backwards=False))
    assert "31.10.2026" in refused("2026-10-31")
    with books.portal.unit() as unit:
        unit.db.execute(text("DELETE FROM finance_posting_rule WHERE tax_class = 'standard'"))
    assert "Inland" in refused("2026-11-02")


def test_a_payment_is_allocated_to_several_invoices_and_taken_back(books: Books) -> None:
    one, two = books.posted(), books.posted()
    staff = books.staff()
    choose = form_with(staff.get("/finance/payments/new"), "customer")
    choose["customer-text"] = books.alpha.number
    form = form_with(choose.submit().follow(), "amount")
    form["amount"] = "150.00"
    payment = form.submit().follow()
    allocate = form_with(payment.click("^Allocate$"), "day")
    allocate[f"amount-{one.public_id}"] = "119.00"
    allocate[f"amount-{two.public_id}"] = "40.00"
    refused = allocate.submit(status=422)
    assert "more than there is to allocate" in refused
    assert books.payment(payment.request.path.split("/")[-2]).open == 15000
    allocate = form_with(refused, "day")
    allocate[f"amount-{two.public_id}"] = "31.00"
    payment = allocate.submit().follow()
    assert (books.again(one).open, books.again(two).open) == (0, 8800)
    undo = form_with(payment.click("Take back", index=0), "day")
    undo.submit().follow()
    assert books.again(one).open == 11900
    reverse = form_with(staff.get(payment.request.path + "reverse"), "reason")
    reverse["reason"] = "no funds"
    assert "Reversed" in reverse.submit().follow()
    assert (books.again(two).open, books.ledger()["1200"]) == (11900, 23800)
    assert books.findings() == []


def test_a_credit_note_is_written_from_its_invoice(books: Books) -> None:
    invoice = books.posted(line("2", "50"))
    (stored,) = books.lines(invoice)
    staff = books.staff()
    form = form_with(staff.get(f"/finance/invoices/{invoice.public_id}/credit"), "reason")
    form["reason"] = "broken"
    form[f"quantity-{stored.id}"] = "3"
    refused = form.submit(status=422)
    assert "left to credit" in refused
    form = form_with(refused, "reason")
    form[f"quantity-{stored.id}"] = "1"
    note = form.submit().follow()
    assert "CN-2026-00001" in note
    assert books.again(invoice).open == 5950


def test_entries_by_hand_are_posted_and_reversed_once(books: Books) -> None:
    staff = books.staff()
    form = form_with(staff.get("/finance/entries/new"), "lines-0-account")
    options = {text: value for value, _selected, text in form["lines-0-account"].options}
    form["text"] = "Rent"
    form["lines-0-account"], form["lines-0-debit"] = options["6000 Operating expenses"], "500.00"
    form["lines-1-account"], form["lines-1-credit"] = options["1000 Bank"], "499.00"
    refused = form.submit(status=422)
    assert books.rows("SELECT id FROM finance_entry") == []
    form = form_with(refused, "lines-0-account")
    form["lines-1-credit"] = "500.00"
    entry = form.submit().follow()
    assert books.ledger() == {"1000": -50000, "6000": 50000}
    reversal = form_with(entry.click("^Reverse$"), "day").submit().follow()
    assert "GENERAL-1" in reversal
    assert books.ledger() == {}
    again = staff.get(entry.request.path)
    assert "GENERAL-2" in again
    form = form_with(staff.get(entry.request.path + "reverse"), "day")
    assert "reversed already" in form.submit(status=422)
    assert len(books.rows("SELECT id FROM finance_entry")) == 2
    assert books.findings() == []


def test_opening_balances_and_items_come_into_the_books(books: Books) -> None:
    staff = books.staff()
    form = form_with(staff.get("/finance/entries/opening"), "lines-0-account")
    options = {text: value for value, _selected, text in form["lines-0-account"].options}
    form["text"] = "Opening"
    form["lines-0-account"], form["lines-0-debit"] = options["1000 Bank"], "1000.00"
    form.submit().follow()
    assert books.ledger() == {"1000": 100000, "9000": -100000}
    form = form_with(staff.get("/finance/entries/opening-item"), "number")
    form["customer-text"] = "Alpha"
    form["number"] = "OLD-7"
    form["issued_on"] = "2025-12-01"
    form["due_date"] = "2025-12-31"
    form["amount"] = "80.00"
    item = form.submit().follow()
    assert "OLD-7" in item
    assert books.aged().total.buckets[4] == 8000
    form = form_with(staff.get("/finance/entries/opening-item"), "number")
    form["customer-text"] = "Alpha"
    form["number"], form["issued_on"], form["due_date"], form["amount"] = (
        "OLD-7",
        "2025-12-01",
        "2025-12-31",
        "1.00",
    )
    assert "number already" in form.submit(status=422)
    assert books.ledger()["1200"] == 8000
    assert books.findings() == []


def test_reports_lead_to_the_entries_behind_them(books: Books) -> None:
    invoice = books.posted(day=date(2026, 9, 1))
    books.pay(1900, {invoice.public_id: 1900})
    staff = books.staff("reader")
    assert "€100.00" in staff.get("/finance/reports/aged?day=2026-11-02")
    trial = staff.get("/finance/reports/trial-balance?from=2026-10-01&to=2026-11-02")
    account = trial.click("1200 ", index=0)
    assert "€119.00" in account
    assert "BANK-1" in account
    assert "€100.00" in account
    taxes = staff.get("/finance/reports/taxes?from=2026-09-01&to=2026-09-30")
    assert "DE-S-19" in taxes
    assert "€19.00" in taxes
    statement = staff.get(f"/finance/reports/statement?customer={books.alpha.public_id}&from=2026-10-01")
    assert "€119.00" in statement
    assert "BANK-1" in statement
    for url in (
        "/finance/invoices/csv",
        "/finance/payments/csv",
        "/finance/entries/csv",
        "/finance/accounts/csv",
        "/finance/rules/csv",
        "/finance/reports/aged.csv",
        "/finance/reports/trial-balance.csv",
        "/finance/reports/taxes.csv",
        f"/finance/reports/statement.csv?customer={books.alpha.public_id}",
    ):
        assert staff.get(url).content_type == "text/csv"
    pdf = staff.get(f"/finance/reports/statement.pdf?customer={books.alpha.public_id}")
    assert pdf.body.startswith(b"%PDF")
    assert "cannot be read" in staff.get("/finance/reports/aged?day=yesterday", status=422)


def test_the_chart_is_loaded_once_and_kept_by_the_controller(portals: object) -> None:
    from modules.finance.conftest import Books

    portal = portals("taxes", "customers", "finance")  # type: ignore[operator]
    books = Books(portal, None, None)  # type: ignore[arg-type]
    from portal.modules.taxes import services as taxes

    portal.run(taxes.install_defaults)
    staff = books.staff("controller")
    page = form_to(staff.get("/finance/accounts/"), "load").submit().follow()
    assert "Trade receivables" in page
    assert not any(form.action.endswith("load") for form in page.forms.values())
    rules = staff.get("/finance/rules/")
    assert "DE-S-19" in rules
    form = form_with(staff.get("/finance/accounts/new"), "number")
    form["number"], form["name"], form["kind"] = "1000", "Second bank", "asset"
    assert "this number already" in form.submit(status=422)
    form["number"], form["purpose"] = "1020", "bank"
    assert "1020" in form.submit().follow()
    rule = rules.click("DE-S-19", index=0)
    form = form_with(rule, "revenue")
    options = {text: value for value, _selected, text in form["revenue"].options}
    form["revenue"] = options["4100 Revenue, European Union, tax-free"]
    form.submit().follow()
    form = form_with(staff.get("/finance/entries/lock-date"), "day")
    form["day"] = "2026-09-30"
    assert "2026" in form.submit().follow()


# --- who may -------------------------------------------------------------------------------------------------


def test_a_reader_reads_and_writes_nothing(books: Books) -> None:
    draft = books.draft()
    staff = books.staff("reader")
    for url in (
        "/finance/invoices/",
        f"/finance/invoices/{draft.public_id}/",
        "/finance/payments/",
        "/finance/entries/",
        "/finance/accounts/",
        "/finance/rules/",
        "/finance/reports/",
    ):
        assert staff.get(url).status_int == 200
    for url in (
        "/finance/invoices/new",
        f"/finance/invoices/{draft.public_id}/edit",
        f"/finance/invoices/{draft.public_id}/post",
        "/finance/payments/new",
        "/finance/entries/new",
        "/finance/entries/lock-date",
        "/finance/accounts/new",
        "/finance/rules/new",
    ):
        staff.get(url, status=403)
    books.staff("accountant").get("/finance/accounts/new", status=403)


def test_a_customer_sees_their_own_and_nothing_of_others(books: Books) -> None:
    own = books.posted(line("1", "10"))
    draft = books.draft()
    other = books.posted(customer=books.beta, currency="USD")
    buyer = books.buyer()
    base = f"/my/{books.alpha.public_id}"
    page = buyer.get(f"{base}/invoices/")
    assert own.number is not None
    assert own.number in page
    assert other.number not in page
    shown = page.click(own.number)
    assert "DE02120300000000202051" in shown
    assert "€11.90" in shown
    assert shown.click("PDF").body.startswith(b"%PDF")
    for address in (other, draft):
        buyer.get(f"{base}/invoices/{address.public_id}/", status=404)
        buyer.get(f"{base}/invoices/{address.public_id}/pdf", status=404)
    buyer.get(f"/my/{books.beta.public_id}/invoices/", status=404)
    buyer.get("/finance/invoices/", status=404)
    statement = buyer.get(f"{base}/statement/")
    assert own.number in statement
    assert statement.click("CSV").content_type == "text/csv"
    assert statement.click("PDF").body.startswith(b"%PDF")
    assert "€11.90" in buyer.get(f"{base}/")
    assert buyer.get(f"{base}/invoices/csv").content_type == "text/csv"


def test_budgets_of_statements(books: Books) -> None:
    for _number in range(3):
        books.posted()
    staff = books.staff()
    buyer = books.buyer()
    staff.get("/finance/invoices/")
    buyer.get(f"/my/{books.alpha.public_id}/invoices/")
    assert staff.statements("/finance/invoices/") <= 4
    assert staff.statements("/finance/reports/aged") <= 4
    assert staff.statements("/finance/reports/trial-balance") <= 4
    assert buyer.statements(f"/my/{books.alpha.public_id}/invoices/") <= 4
