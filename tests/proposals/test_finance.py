"""Finance above its limits: each act waits for a second person, and is then what it would have been."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from modules.finance.conftest import TODAY, line
from modules.pages import form_to, form_with
from proposals.conftest import Office, OfficeFactory, agree_to, everything

from portal.kernel.errors import Refused
from portal.kernel.people import Actor
from portal.kernel.unit import Unit
from portal.modules.finance.models import BANK, Invoice
from portal.modules.finance.permissions import CONFIGURE
from portal.modules.finance.services import (
    chart,
    crediting,
    drafting,
    journals,
    lock_date,
    payments,
    posting,
)
from portal.modules.finance.services.drafting import InvoiceData
from portal.modules.finance.services.journals import ManualLine, OpeningItem
from portal.modules.finance.services.payments import PaymentData

ROLE = "finance.accountant"


def ada(there: Office) -> Actor:
    return there.actor_of("ada", ROLE)


def bob(there: Office) -> Actor:
    return there.actor_of("bob", ROLE)


def books_of(there: Office) -> list[Any]:
    """All that a posting could leave behind."""
    counted = "finance_entry finance_allocation finance_payment finance_payment_reversal finance_lock_date ops_document"
    return [
        *(there.books.rows(f"SELECT COUNT(*) FROM {table}")[0][0] for table in counted.split()),
        *there.books.rows("SELECT series, year, last FROM finance_counter ORDER BY series, year"),
        *there.books.rows("SELECT id, state, number, open, base_open FROM finance_invoice ORDER BY id"),
    ]


def waits(there: Office, act: Callable[[Unit], object]) -> str:
    """Ada acts, and nothing but a proposal comes of it; she cannot agree to it. Returns its public id."""
    before = books_of(there)
    public_id = there.proposes(act, ada(there))
    with pytest.raises(Refused, match="themselves"):
        there.agrees(public_id, ada(there))
    assert books_of(there) == before
    assert there.proposal().state == "open"
    return public_id


def is_done(there: Office, public_id: str, allowed: Any = everything) -> tuple[str, str]:
    """Bob agrees and it is done, with the books in order. Returns what came of it."""
    row = there.agrees(public_id, bob(there), allowed)
    assert (row.state, row.proposed_by, row.decided_by) == ("agreed", "ada", "bob")
    assert there.books.findings() == []
    return row.outcome_kind, row.outcome


# --- invoices ----------------------------------------------------------------------------------------------


def test_posting_waits_and_is_posted_by_the_second_person(office: OfficeFactory) -> None:
    there = office(finance__four_eyes__post="118.99")
    draft = there.books.draft()
    public_id = waits(there, lambda unit: posting.post_invoice(unit, draft, draft.version))
    row = there.proposal()
    assert (row.amount, row.currency, row.base_amount) == (119_00, "EUR", 119_00)
    assert is_done(there, public_id) == ("finance.invoice", draft.public_id)
    posted = there.books.again(draft)
    assert (posted.state, posted.number, posted.posted_by) == ("posted", "INV-2026-00001", "bob")


def test_at_the_limit_it_is_posted_at_once(office: OfficeFactory) -> None:
    there = office(finance__four_eyes__post="119")
    assert there.books.posted().state == "posted"
    assert there.proposals() == []
    with pytest.raises(Refused):
        there.books.posted(line(price="100.01"))


def test_pages_lead_to_the_proposal_and_from_the_invoice_to_it(office: OfficeFactory) -> None:
    there = office(finance__four_eyes__post="0")
    draft = there.books.draft()
    first, second = there.person("ada", ROLE), there.person("bob", ROLE)
    answer = form_with(first.get(f"/finance/invoices/{draft.public_id}/post"), "invoice_date").submit()
    url = answer.location.removeprefix("http://localhost")
    assert url == f"/proposals/{there.proposal().public_id}/"
    assert there.books.again(draft).state == "draft"
    page = second.get(f"/finance/invoices/{draft.public_id}/")
    assert page.html.find("a", href=url) is not None
    page = second.get(url)
    assert "The day of agreeing" in page
    agree_to(second, url)
    assert there.books.again(draft).posted_by == "bob"
    page = second.get(f"/finance/invoices/{draft.public_id}/")
    assert "agreed to by bob" in page
    assert "proposed by ada" in page


def test_an_invoice_is_measured_by_the_rate_that_it_stores(office: OfficeFactory) -> None:
    there = office(finance__four_eyes__post="90")
    gamma = there.abroad("0.90")

    def draft(price: str) -> Invoice:
        data = InvoiceData("USD", (line(price=price),))
        return there.books.invoice(
            there.portal.run(lambda unit: drafting.draft_by_hand(unit, gamma, data), bob(there))
        )

    within = draft("100")
    assert (within.gross, within.base_gross) == (100_00, 90_00)
    assert there.books.post(within).state == "posted"
    above = draft("100.01")
    public_id = waits(there, lambda unit: posting.post_invoice(unit, above))
    row = there.proposal()
    assert (row.amount, row.currency, row.base_amount) == (100_01, "USD", 90_01)
    is_done(there, public_id)


def test_a_draft_that_was_changed_or_deleted_lapses(office: OfficeFactory) -> None:
    there = office(finance__four_eyes__post="0")
    draft, gone = there.books.draft(), there.books.draft()
    changed = waits(there, lambda unit: posting.post_invoice(unit, draft))
    deleted = waits(there, lambda unit: posting.post_invoice(unit, gone))
    data = InvoiceData("EUR", (line(price="999"),))
    there.portal.run(lambda unit: drafting.change_draft(unit, draft.id, draft.version, data), ada(there))
    there.portal.run(lambda unit: drafting.delete_draft(unit, gone.id, gone.version), ada(there))
    page = there.person("bob", ROLE).get(f"/proposals/{deleted}/")
    assert "has changed since" in page
    for public_id in (changed, deleted):
        assert there.agrees(public_id, bob(there)).state == "lapsed"
    assert there.books.again(draft).state == "draft"
    assert there.books.findings() == []


def test_what_is_proposed_today_is_dated_on_the_day_of_agreeing(office: OfficeFactory) -> None:
    there = office(finance__four_eyes__post="200")
    large = there.books.draft(line(price="1000"))
    public_id = waits(there, lambda unit: posting.post_invoice(unit, large, day=unit.today()))
    there.portal.clock.advance(days=1)
    small = there.books.draft()
    there.portal.run(lambda unit: posting.post_invoice(unit, small), ada(there))
    is_done(there, public_id)
    assert there.books.again(large).invoice_date == date(2026, 11, 3)


def test_a_credit_note_waits(office: OfficeFactory) -> None:
    there = office(finance__four_eyes__credit="50")
    invoice = there.books.posted(line("3"), line("2", "10"))
    first, second = there.books.lines(invoice)
    small = {second.id: Decimal(1)}
    there.portal.run(lambda unit: crediting.credit(unit, invoice, small, TODAY, "one back"), ada(there))
    wanted = {first.id: Decimal(1), second.id: Decimal(1)}
    public_id = waits(there, lambda unit: crediting.credit(unit, invoice, wanted, TODAY, "broken"))
    assert there.proposal().base_amount == 130_90
    page = there.person("bob", ROLE).get(f"/proposals/{public_id}/")
    assert "broken" in page
    kind, outcome = is_done(there, public_id)
    note = there.books.invoice(outcome)
    assert (kind, note.kind, note.gross, note.notes) == ("finance.invoice", "credit_note", 130_90, "broken")
    assert there.books.again(invoice).open == invoice.gross - note.gross - 11_90
    assert "agreed to by bob" in there.person("bob").get(f"/finance/invoices/{outcome}/")


def test_a_credit_note_lapses_when_the_invoice_was_credited_or_paid(office: OfficeFactory) -> None:
    there = office(finance__four_eyes__credit="100")
    invoice = there.books.posted(line("3"))
    [only] = there.books.lines(invoice)
    wanted = {only.id: Decimal(2)}
    public_id = waits(there, lambda unit: crediting.credit(unit, invoice, wanted, TODAY, "broken"))
    there.books.pay(1_00, {invoice.public_id: 1_00})
    assert there.agrees(public_id, bob(there)).state == "lapsed"
    assert there.books.lines(invoice)[0].credited == 0


# --- payments ----------------------------------------------------------------------------------------------


def payment(there: Office, amount: int, allocations: dict[str, int], reference: str = "transfer") -> Any:
    def act(unit: Unit) -> str:
        books = chart.read(unit)
        bank = next(one for one in books.accounts if one.purpose == BANK)
        data = PaymentData(
            there.books.alpha.id,
            there.books.alpha.name,
            TODAY,
            amount,
            "EUR",
            bank.public_id,
            reference,
            allocations,
        )
        return payments.record(unit, books, data)

    return act


def test_a_payment_waits_with_its_allocations(office: OfficeFactory) -> None:
    there = office(finance__four_eyes__pay="100")
    invoice, other = there.books.posted(), there.books.posted()
    there.portal.run(payment(there, 100_00, {invoice.public_id: 100_00}), ada(there))
    shared = {invoice.public_id: 19_00, other.public_id: 119_00}
    public_id = waits(there, payment(there, 140_00, shared))
    page = there.person("bob", ROLE).get(f"/proposals/{public_id}/")
    assert other.number in page
    kind, outcome = is_done(there, public_id)
    made = there.books.payment(outcome)
    assert (kind, made.amount, made.open, made.created_by) == ("finance.payment", 140_00, 2_00, "bob")
    assert there.books.again(other).open == 0


def test_a_payment_of_an_invoice_that_was_paid_otherwise_lapses(office: OfficeFactory) -> None:
    there = office(finance__four_eyes__pay="100")
    invoice = there.books.posted()
    public_id = waits(there, payment(there, 119_00, {invoice.public_id: 119_00}))
    there.books.pay(50_00, {invoice.public_id: 50_00})
    assert there.agrees(public_id, bob(there)).state == "lapsed"
    assert there.books.again(invoice).open == 69_00


def test_what_does_not_fit_is_refused_before_anybody_else_is_asked(office: OfficeFactory) -> None:
    there = office(finance__four_eyes__pay="0", finance__four_eyes__journal="0")
    invoice = there.books.posted()
    staff = there.person("ada", ROLE)
    form = form_with(staff.get(f"/finance/invoices/{invoice.public_id}/pay"), "amount")
    form["amount"] = "500"
    form[f"amount-{invoice.public_id}"] = "500"
    assert "more than the invoice has open" in form.submit(status=422)
    form = form_with(staff.get("/finance/entries/new"), "lines-0-account")
    account = form["lines-0-account"].options[1][0]
    form["text"], form["lines-0-account"], form["lines-0-debit"] = "half", account, "10"
    form.submit(status=422)
    assert there.proposals() == []


def test_two_payments_of_one_invoice_wait_side_by_side_but_not_the_same_twice(office: OfficeFactory) -> None:
    there = office(finance__four_eyes__pay="0")
    invoice = there.books.posted()
    first = waits(there, payment(there, 19_00, {invoice.public_id: 19_00}, "first"))
    waits(there, payment(there, 100_00, {invoice.public_id: 100_00}, "second"))
    with pytest.raises(Refused, match="proposed this already"):
        there.proposes(payment(there, 19_00, {invoice.public_id: 19_00}, "first"), bob(there))
    is_done(there, first)
    assert there.agrees(there.proposal().public_id, bob(there)).state == "lapsed"
    assert there.books.again(invoice).open == 100_00


def test_reversing_a_payment_waits(office: OfficeFactory) -> None:
    there = office(finance__four_eyes__reverse_payment="100")
    invoice = there.books.posted()
    small, large = there.books.pay(100_00), there.books.pay(119_00, {invoice.public_id: 119_00})

    def reverse(one: Any) -> Callable[[Unit], None]:
        return lambda unit: payments.reverse(unit, chart.read(unit), one, TODAY, "bounced")

    there.portal.run(reverse(small), ada(there))
    public_id = waits(there, reverse(large))
    assert is_done(there, public_id) == ("finance.payment", large.public_id)
    assert there.books.again(invoice).open == 119_00
    again = there.books.pay(200_00)
    public_id = waits(there, reverse(again))
    there.books.allocate(again, {invoice.public_id: 10_00})
    assert there.agrees(public_id, bob(there)).state == "lapsed"
    assert there.books.rows("SELECT COUNT(*) FROM finance_payment_reversal")[0][0] == 2


# --- by hand -----------------------------------------------------------------------------------------------


def manual(amount: int, verb: Any = journals.post_manual) -> Callable[[Unit], str]:
    def act(unit: Unit) -> str:
        books = chart.read(unit)
        bank = next(one for one in books.accounts if one.purpose == BANK)
        other = next(one for one in books.accounts if one.kind == "expense")
        lines = [ManualLine(other.public_id, amount, "Rent"), ManualLine(bank.public_id, -amount)]
        return verb(unit, books, TODAY, "Rent of November", lines)

    return act


@pytest.mark.parametrize("verb", [journals.post_manual, journals.post_opening])
def test_entries_by_hand_and_opening_balances_wait(office: OfficeFactory, verb: Any) -> None:
    there = office(finance__four_eyes__journal="500")
    there.portal.run(manual(500_00, verb), ada(there))
    public_id = waits(there, manual(500_01, verb))
    page = there.person("bob", ROLE).get(f"/proposals/{public_id}/")
    assert "Debit 500.01" in page
    assert "Rent of November" in page
    kind, entry = is_done(there, public_id)
    assert kind == "finance.entry"
    page = there.person("bob").get(f"/finance/entries/{entry}/")
    assert "agreed to by bob" in page
    assert "proposed by ada" in page


def test_a_reversal_of_an_entry_waits(office: OfficeFactory) -> None:
    there = office(finance__four_eyes__journal="500")
    entry = is_done(there, there.proposes(manual(600_00), ada(there)))[1]

    def reverse(unit: Unit) -> str:
        return journals.reverse_entry(unit, chart.read(unit), entry, TODAY)

    public_id = waits(there, reverse)
    is_done(there, public_id)
    assert there.books.ledger() == {}
    small = there.portal.run(manual(10_00), ada(there))
    there.portal.run(lambda unit: journals.reverse_entry(unit, chart.read(unit), small, TODAY), ada(there))
    with pytest.raises(Refused, match="reversed already"), there.portal.unit(ada(there)) as unit:
        reverse(unit)


def test_an_opening_item_and_its_reversal_wait(office: OfficeFactory) -> None:
    there = office(finance__four_eyes__journal="500")
    customer = there.books.alpha

    def add(unit: Unit) -> str:
        item = OpeningItem("OLD-7", date(2026, 9, 1), date(2026, 10, 1), "EUR", 700_00)
        return journals.add_opening_item(unit, chart.read(unit), customer, item, TODAY)

    kind, public_id = is_done(there, waits(there, add))
    assert (kind, there.books.invoice(public_id).open) == ("finance.invoice", 700_00)
    [(entry,)] = there.books.rows("SELECT public_id FROM finance_entry ORDER BY id DESC LIMIT 1")

    def reverse(unit: Unit) -> str:
        return journals.reverse_entry(unit, chart.read(unit), entry, TODAY)

    paid = waits(there, reverse)
    payment_ = there.books.pay(1_00, {public_id: 1_00})
    assert there.agrees(paid, bob(there)).state == "lapsed"
    there.books.reverse(payment_)
    is_done(there, waits(there, reverse))
    assert there.books.invoice(public_id).open == 0


# --- lock date ---------------------------------------------------------------------------------------------


def test_the_lock_date_waits_and_goes_back_only_with_that_right(office: OfficeFactory) -> None:
    there = office(finance__four_eyes__lock_date="true")

    def move(day: date) -> Callable[[Unit], None]:
        return lambda unit: lock_date.move(unit, day, "month", backwards=True)

    october = waits(there, move(date(2026, 10, 31)))
    assert there.proposal().base_amount is None
    with pytest.raises(Refused, match="proposed this already"):
        there.proposes(move(date(2026, 9, 30)), bob(there))
    is_done(there, october)
    back = waits(there, move(date(2026, 9, 30)))

    def no_controller(_module: str, permission: str) -> bool:
        return permission != CONFIGURE

    with pytest.raises(Refused, match="Only a controller"):
        there.agrees(back, bob(there), no_controller)
    assert there.books.rows("SELECT COUNT(*) FROM finance_lock_date")[0][0] == 1
    is_done(there, back)
    with there.portal.reading() as unit:
        assert lock_date.present(unit) == date(2026, 9, 30)


def test_the_lock_date_by_its_page(office: OfficeFactory) -> None:
    there = office(finance__four_eyes__lock_date="true")
    form = form_with(there.person("ada", ROLE).get("/finance/entries/lock-date"), "day")
    form["day"], form["reason"] = "2026-10-31", "October"
    url = form.submit(status=303).location
    agree_to(there.person("carla", "finance.controller"), url.removeprefix("http://localhost"))
    with there.portal.reading() as unit:
        assert [(one.day, one.set_by) for one in lock_date.history(unit)] == [(date(2026, 10, 31), "carla")]


# --- together ----------------------------------------------------------------------------------------------


def test_a_closed_period_refuses_and_the_proposal_still_waits(office: OfficeFactory) -> None:
    there = office(finance__four_eyes__journal="0")
    act = manual(10_00)
    public_id = there.proposes(act, ada(there))
    there.portal.clock.advance(days=1)
    there.portal.run(lambda unit: lock_date.move(unit, TODAY, "", backwards=False))
    url = f"/proposals/{public_id}/"
    answer = form_to(there.person("bob", ROLE).get(url), "agree").submit(status=422)
    assert "The books are closed" in answer
    assert (there.proposal().state, there.books.ledger()) == ("open", {})


def test_an_account_taken_out_of_use_is_told_to_who_agrees(office: OfficeFactory) -> None:
    there = office(finance__four_eyes__journal="0")
    public_id = there.proposes(manual(10_00), ada(there))

    def retire(unit: Unit) -> None:
        account = next(one for one in chart.read(unit).accounts if one.kind == "expense")
        data = chart.AccountData(account.number, account.name, account.kind, account.purpose, active=False)
        chart.change_account(unit, account, data)

    there.portal.run(retire)
    with pytest.raises(Refused, match="cannot be done any more"):
        there.agrees(public_id, bob(there))
    assert (there.proposal().state, there.books.ledger()) == ("open", {})


def test_of_two_who_agree_at_once_one_posts(office: OfficeFactory) -> None:
    there = office(finance__four_eyes__post="0")
    draft = there.books.draft()
    public_id = there.proposes(lambda unit: posting.post_invoice(unit, draft), ada(there))
    actors = [bob(there), there.actor_of("carla", ROLE)]
    start = Barrier(2)

    def act(actor: Actor) -> str:
        start.wait()
        try:
            return there.agrees(public_id, actor).state
        except Refused:
            return "refused"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(act, actors)) == ["agreed", "refused"]
    assert there.books.again(draft).number == "INV-2026-00001"
    assert there.books.rows("SELECT COUNT(*) FROM finance_entry")[0][0] == 1
    assert there.books.findings() == []


def test_the_list_has_what_one_may_decide_on_or_proposed(office: OfficeFactory) -> None:
    there = office(finance__four_eyes__post="0", orders__four_eyes__confirm="0")
    draft = there.books.draft()
    there.proposes(lambda unit: posting.post_invoice(unit, draft), ada(there))
    for name, roles, sees in (
        ("ada", (), True),
        ("bob", (ROLE,), True),
        ("carl", ("orders.manager",), False),
        ("rita", ("finance.reader",), False),
    ):
        page = there.person(name, *roles).get("/proposals/?state=open")
        assert ("Alpha GmbH" in page) is sees, name
        assert ("Alpha GmbH" in there.person(name).get("/proposals/csv")) is sees, name
