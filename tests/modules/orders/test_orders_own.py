"""The customer's side: requesting, reading, deciding, asking; and customer B against every address of customer A."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from modules.orders.conftest import CLERK, Shop
from modules.pages import form_to, form_with
from sqlalchemy import event

from portal.kernel.errors import Invalid, Refused
from portal.kernel.people import Actor, Scope
from portal.kernel.unit import Unit
from portal.modules.orders.services import comments, deliveries, drafting, editing, lifecycle, own, reading
from portal.modules.orders.services.drafting import Created
from portal.modules.orders.services.drafts import DraftLine

ANNA = Actor("customer", "Anna Alpha", 7)


def base(shop: Shop) -> str:
    return f"/my/{shop.alpha.public_id}/orders/"


def scope(shop: Shop) -> Scope:
    return Scope.whole(shop.alpha.id)


def revise(shop: Shop, order: Created, quantity: int, *, send: bool) -> None:
    """Another quantity of the first line, as a new revision."""

    def act(unit: Unit) -> None:
        row = lifecycle.revise(unit, order.id)
        lines = reading.lines_of(unit.db, order.id)
        draft = drafting.draft_of(row, lines)
        first = replace(draft.lines[0], quantity=Decimal(quantity))
        changed = replace(draft, lines=(first, *draft.lines[1:]))
        editing.save(unit, order.id, editing.written(changed), editing.fields_of(draft))
        if send:
            lifecycle.send(unit, order.id)

    shop.portal.run(act, CLERK)


# --- requests ----------------------------------------------------------------------------------------------


def test_request_from_catalog_and_free_text(shop: Shop) -> None:
    buyer, clerk = shop.buyer(), shop.staff("clerk")
    form = form_with(buyer.get(f"{base(shop)}request?product={shop.tea.public_id}"), "reference")
    assert form["lines-0-product-text"].value == "TEA · Tea"
    form["lines-0-quantity"] = "5"
    form["lines-1-name"] = "A box of our own design"
    form["lines-1-quantity"] = "100"
    form["reference"], form["requested_on"] = "RFQ 1", "2026-12-24"
    page = form.submit().follow()
    assert "Requested" in page
    assert "12.50" not in page  # no prices before somebody has prepared them
    [(public_id, order_id)] = shop.rows("SELECT public_id, id FROM orders_order")
    order = Created(order_id, public_id, "SO-2026-00001")
    row = shop.row(order)
    assert (row.state, row.gross, row.customer_reference, row.visible) == ("requested", 0, "RFQ 1", True)

    page = form_to(clerk.get(f"/orders/{public_id}/"), "quote").submit().follow()
    assert shop.row(order).state == "quotation"
    assert shop.facts(order).lines[0].unit_price == Decimal("12.5")
    row = shop.row(order)
    assert (row.responsible, row.valid_until, row.requested_on) == (
        "clerk",
        date(2026, 12, 2),
        date(2026, 12, 24),
    )
    actions = {form.action.rsplit("/", 1)[-1] for form in page.forms.values()}
    assert "confirm" not in actions  # the line in free text has no tax yet
    page = buyer.get(f"{base(shop)}{public_id}/")
    assert "We are preparing your quotation" in page
    assert "12.50" not in page
    form = form_with(clerk.get(f"/orders/{public_id}/edit"), "customer_reference")
    form["lines-1-unit_price"], form["lines-1-tax_class"] = "2.5", "standard"
    form.submit().follow()
    assert [line.net for line in shop.facts(order).lines] == [6250, 25000]


def test_request_like_an_old_order(shop: Shop) -> None:
    order = shop.confirmed()
    form = form_with(shop.buyer().get(f"{base(shop)}request?order={order.public_id}"), "reference")
    assert [form[f"lines-{n}-product"].value for n in range(2)] == [shop.tea.public_id, shop.advice.public_id]
    form.submit().follow()
    assert len(shop.rows("SELECT 1 FROM orders_order WHERE state = 'requested'")) == 1
    other = shop.order(customer=shop.beta)
    shop.buyer().get(f"{base(shop)}request?order={other.public_id}", status=404)


def test_a_request_sets_no_prices(shop: Shop) -> None:
    line = DraftLine(Decimal(1), product=shop.tea.public_id, unit_price=Decimal("0.01"))
    with pytest.raises(Invalid):
        shop.portal.run(lambda unit: own.request(unit, scope(shop), [line]), ANNA)
    assert shop.rows("SELECT COUNT(*) FROM orders_order") == [(0,)]


def test_a_request_calls_and_measures_products_as_the_catalog_does(shop: Shop) -> None:
    address = f"{base(shop)}request?product={shop.soap.public_id}"
    for field, value, said in (
        ("name", "Advice, ten days, flat", "Choose a product or use your own words"),
        ("unit", "pallet", "This product is sold by: box"),
    ):
        form = form_with(shop.buyer().get(address), "reference")
        form[f"lines-0-{field}"] = value
        page = form.submit(status=422)
        wrong = page.html.find(id=f"lines-0-{field}-error")
        assert wrong is not None
        assert said in wrong.get_text()
        assert form_with(page, "reference")[f"lines-0-{field}"].value == value
    line = DraftLine(Decimal(1), product=shop.soap.public_id, description="Ten days of advice")
    with pytest.raises(Invalid):
        shop.portal.run(lambda unit: own.request(unit, scope(shop), [line]), ANNA)
    assert shop.rows("SELECT COUNT(*) FROM orders_order") == [(0,)]
    form = form_with(shop.buyer().get(address), "reference")
    form["lines-0-unit"] = "box"
    form.submit().follow()
    assert shop.rows("SELECT name, unit FROM orders_line") == [("Soap", "box")]


# --- deciding ----------------------------------------------------------------------------------------------


def test_a_changed_revision_is_refused_and_shown(shop: Shop) -> None:
    order, buyer = shop.sent(), shop.buyer()
    page = buyer.get(f"{base(shop)}{order.public_id}/accept")
    terms = {term.get_text(): term.find_next("dd").get_text() for term in page.html.find_all("dt")}
    assert (terms["Payment terms"], terms["Valid until"]) == ("30 days net", "Dec 2, 2026")
    form = form_with(page, "consent")
    form["name"], form["consent"] = "Anna", True
    revise(shop, order, 20, send=True)
    page = form.submit(status=409)
    assert "changed meanwhile" in page
    row = shop.row(order)
    assert (row.state, row.accepted_by) == ("sent", None)
    assert "20 box" in page  # the new revision stands above the form
    form = form_with(page, "consent")
    assert form["revision"].value == "2"
    form.submit().follow()
    row = shop.row(order)
    assert (row.state, row.accepted_revision, row.accepted_by) == ("accepted", 2, "Anna")


def test_customers_see_what_they_were_sent_until_it_is_sent_again(shop: Shop) -> None:
    order, buyer = shop.sent(), shop.buyer()
    before = buyer.get(f"{base(shop)}{order.public_id}/")
    assert "10 box" in before
    assert "€255.85" in before
    revise(shop, order, 20, send=False)
    for path in (f"{base(shop)}{order.public_id}/", base(shop)):
        page = buyer.get(path)
        assert "€255.85" in page
        assert "20 box" not in page
    with pytest.raises(Refused):
        shop.portal.run(
            lambda unit: own.accept(unit, scope(shop), order.public_id, name="Anna", revision=1), ANNA
        )
    assert shop.row(order).state == "quotation"
    shop.portal.run(lambda unit: lifecycle.send(unit, order.id), CLERK)
    assert "20 box" in buyer.get(f"{base(shop)}{order.public_id}/")


def test_a_repeated_reference_is_warned_of(shop: Shop) -> None:
    shop.confirmed(customer_reference="PO 9")
    order = shop.sent()
    form = form_with(shop.buyer().get(f"{base(shop)}{order.public_id}/accept"), "consent")
    form["name"], form["consent"], form["reference"] = "Anna", True, "PO 9"
    page = form.submit(status=422)
    assert "SO-2026-00001" in page
    assert shop.row(order).state == "sent"
    form = form_with(page, "consent")
    form["repeat"] = True
    form.submit().follow()
    assert (shop.row(order).state, shop.row(order).customer_reference) == ("accepted", "PO 9")
    assert "also stands on" in shop.staff("clerk").get(f"/orders/{order.public_id}/")


def test_declining_wants_a_reason(shop: Shop) -> None:
    order = shop.sent()
    form = form_with(shop.buyer().get(f"{base(shop)}{order.public_id}/decline"), "reason")
    page = form.submit(status=422)
    assert shop.row(order).state == "sent"
    form = form_with(page, "reason")
    form["reason"] = "Too dear"
    form.submit().follow()
    assert shop.row(order).state == "declined"
    assert "Too dear" in shop.staff("clerk").get(f"/orders/{order.public_id}/")


def test_after_the_last_day_nobody_accepts(shop: Shop) -> None:
    order = shop.sent()
    shop.portal.clock.advance(days=31)
    with pytest.raises(Refused):
        shop.portal.run(
            lambda unit: own.accept(unit, scope(shop), order.public_id, name="Anna", revision=1), ANNA
        )
    assert shop.row(order).state == "sent"


def test_double_click_accepts_once(shop: Shop) -> None:
    order = shop.sent()
    form = form_with(shop.buyer().get(f"{base(shop)}{order.public_id}/accept"), "consent")
    form["name"], form["consent"] = "Anna", True
    assert form.submit().location == form.submit().location
    assert len(shop.rows("SELECT 1 FROM orders_event WHERE action = 'accept'")) == 1


@pytest.mark.parametrize("auto", ["hand", "auto"])
def test_customers_write_rows_of_their_account_and_jobs(portals: Any, auto: str) -> None:
    from modules.orders.conftest import make_shop

    shop = make_shop(portals("taxes", "customers", "catalog", "orders", orders__confirm_accepted=auto))
    accepting, declining, asking = shop.sent(), shop.sent(), shop.sent()
    written: set[str] = set()

    def watch(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        words = statement.split()
        if words[0] in ("INSERT", "UPDATE", "DELETE"):
            written.add(words[2] if words[0] != "UPDATE" else words[1])

    event.listen(shop.portal.house.database.engine, "before_cursor_execute", watch)
    acts = (
        lambda unit: own.accept(unit, scope(shop), accepting.public_id, name="Anna", revision=1),
        lambda unit: own.decline(unit, scope(shop), declining.public_id, reason="No", revision=1),
        lambda unit: own.ask(unit, scope(shop), asking.public_id, "When?"),
        lambda unit: own.request(unit, scope(shop), [DraftLine(Decimal(1), product=shop.tea.public_id)]),
    )
    for act in acts:
        shop.portal.run(act, ANNA)
    tables = {
        *("orders_order", "orders_line", "orders_event", "orders_comment", "orders_revision"),
        *("orders_approval", "kernel_audit"),
    }
    assert written == (tables | {"kernel_job"} if auto == "auto" else tables)
    assert shop.rows("SELECT DISTINCT customer_id FROM orders_order") == [(shop.alpha.id,)]


# --- questions ---------------------------------------------------------------------------------------------


def test_question_and_answer(shop: Shop) -> None:
    order, buyer, clerk = shop.sent(), shop.buyer(), shop.staff("clerk")
    form = form_to(buyer.get(f"{base(shop)}{order.public_id}/"), "ask")
    form["text"] = "Is it <b>organic</b>?"
    form.submit().follow()
    page = clerk.get(f"/orders/{order.public_id}/")
    assert "Question unanswered" in page
    assert "Is it &lt;b&gt;organic" in page
    assert "Questions" in clerk.get("/")
    form = form_to(page, "comment")
    form["text"] = "Between us: no."
    form.submit().follow()
    form = form_to(clerk.get(f"/orders/{order.public_id}/"), "comment")
    form["text"], form["visible"] = "We shall see.", True
    form.submit().follow()
    page = buyer.get(f"{base(shop)}{order.public_id}/")
    assert "We shall see." in page
    assert "Between us" not in page
    assert "Question unanswered" not in clerk.get(f"/orders/{order.public_id}/")


def test_no_visible_comment_on_what_cannot_be_seen(shop: Shop) -> None:
    order = shop.order()
    with pytest.raises(Invalid):
        shop.portal.run(lambda unit: comments.comment(unit, order.id, "Hello", visible=True), CLERK)
    assert shop.rows("SELECT COUNT(*) FROM orders_comment") == [(0,)]


def test_scopes(shop: Shop) -> None:
    order = shop.sent()
    viewer = shop.buyer(shop.alpha, "view")
    page = viewer.get(f"{base(shop)}{order.public_id}/")
    assert "accept" not in [link["href"].rsplit("/", 1)[-1] for link in page.html.find_all("a", href=True)]
    for name in ("accept", "decline"):
        viewer.get(f"{base(shop)}{order.public_id}/{name}", status=404)
    viewer.get(f"{base(shop)}request", status=404)
    assert shop.row(order).state == "sent"


def test_home_says_what_to_decide_and_what_is_coming(shop: Shop) -> None:
    sent, coming = shop.sent(), shop.confirmed()
    drafted, others = shop.order(), shop.sent(customer=shop.beta)
    page = shop.buyer().get(f"/my/{shop.alpha.public_id}/")
    assert sent.number in page
    assert coming.number in page
    assert drafted.number not in page
    assert others.number not in page


def test_what_is_to_decide_is_never_hidden_behind_what_is_coming(shop: Shop) -> None:
    coming = [shop.confirmed() for _count in range(7)]
    shop.portal.clock.advance(days=2)
    late = shop.sent(valid_until=date(2026, 11, 30))
    soon = shop.sent(valid_until=date(2026, 11, 10))
    with shop.portal.reading() as unit:
        found = own.waiting(unit, scope(shop))
    assert [(one.number, one.day) for one in found.decide] == [
        (soon.number, date(2026, 11, 10)),
        (late.number, date(2026, 11, 30)),
    ]
    assert [one.number for one in found.coming] == [one.number for one in coming[:5]]
    page = shop.buyer().get(f"/my/{shop.alpha.public_id}/")
    assert soon.number in page
    assert late.number in page


def test_customers_find_their_own_references(shop: Shop) -> None:
    one, two = shop.sent(customer_reference="Straße Ä-7"), shop.sent(customer_reference="PO 77")
    others = shop.sent(customer_reference="Straße Ä-7", customer=shop.beta)
    for term, found in (
        ("Straße", [one]),
        ("STRASSE", [one]),
        ("ä-7", [one]),
        ("a-7 straße", [one]),
        ("po 77", [two]),
        ("7", [one, two]),
        (two.number.lower(), [two]),
        ("hauptstraße", []),
    ):
        rows = shop.buyer().get(base(shop), {"q": term}).html.find("tbody")
        shown = "" if rows is None else rows.get_text()
        assert [order.number in shown for order in (one, two)] == [one in found, two in found], term
        assert others.number not in shown
    buyer = shop.buyer()
    form = form_with(buyer.get(f"{base(shop)}{two.public_id}/accept"), "consent")
    form["name"], form["consent"], form["reference"] = "Anna", True, "Größe 9"
    form.submit().follow()
    assert two.number in buyer.get(base(shop), {"q": "grosse"}).html.find("tbody").get_text()


# --- walls -------------------------------------------------------------------------------------------------


def test_customer_b_against_every_address_of_customer_a(shop: Shop) -> None:
    order = shop.confirmed()
    quoted = shop.sent()
    made = shop.deliver(order, "2")
    documents = [row.public_id for row in shop.rows("SELECT public_id FROM ops_document")]
    addresses = ["", "csv", "request", "products?q=tea"]
    for one in (order, quoted):
        addresses += [f"{one.public_id}/{name}" for name in ("", "accept", "decline", "ask", "take-back")]
        addresses += [f"{one.public_id}/documents/{document}/" for document in documents]
    alpha, beta = shop.buyer(), shop.buyer(shop.beta)
    for address in addresses:
        beta.get(base(shop) + address, status=404)
        beta.get(base(shop).replace(shop.alpha.public_id, shop.beta.public_id) + address, status="*")
    own_base = f"/my/{shop.beta.public_id}/orders/"
    for one in (order, quoted):
        for name in ("", "accept", "decline", *(f"documents/{document}/" for document in documents)):
            beta.get(f"{own_base}{one.public_id}/{name}", status=404)
        for browser in (alpha, beta):
            for name in ("", "edit", "confirm", f"{made.public_id}/", f"documents/{documents[0]}/"):
                browser.get(f"/orders/{one.public_id}/{name}", status=404)
    token = form_with(beta.get(f"{own_base}request"), "reference")
    fields = [
        ("csrf_token", token["csrf_token"].value),
        ("_operation", "x" * 20),
        ("text", "hi"),
        ("name", "B"),
    ]
    fields += [("revision", "1"), ("consent", "1"), ("reason", "x")]
    for name in ("accept", "decline", "ask", "take-back"):
        beta.post(f"{own_base}{quoted.public_id}/{name}", fields, status=404)
        beta.post(f"{base(shop)}{quoted.public_id}/{name}", fields, status=404)
    assert shop.row(quoted).state == "sent"
    assert shop.rows("SELECT COUNT(*) FROM orders_comment") == [(0,)]
    for act in (
        lambda unit: own.accept(unit, Scope.whole(shop.beta.id), quoted.public_id, name="B", revision=1),
        lambda unit: own.ask(unit, Scope.whole(shop.beta.id), quoted.public_id, "hi"),
    ):
        with pytest.raises(LookupError):
            shop.portal.run(act, ANNA)
    assert shop.row(quoted).state == "sent"


def test_a_document_of_another_order_is_not_served(shop: Shop) -> None:
    one, other = shop.confirmed(), shop.confirmed(customer=shop.beta)
    [(document,)] = shop.rows(
        "SELECT public_id FROM ops_document WHERE about_public_id = :id", id=other.public_id
    )
    shop.staff("clerk").get(f"/orders/{one.public_id}/documents/{document}/", status=404)
    shop.buyer().get(f"{base(shop)}{one.public_id}/documents/{document}/", status=404)


def test_a_delivery_of_another_order_is_not_served(shop: Shop) -> None:
    one, other = shop.confirmed(), shop.confirmed(customer=shop.beta)
    made = shop.deliver(other, "1")
    shop.staff("clerk").get(f"/orders/{one.public_id}/{made.public_id}/", status=404)
    with pytest.raises((LookupError, Refused)):
        shop.portal.run(lambda unit: deliveries.undo(unit, one.id, made.public_id), CLERK)
    foreign = shop.facts(other).lines[0].id
    with pytest.raises(Refused):
        shop.portal.run(lambda unit: deliveries.deliver(unit, one.id, {foreign: Decimal(1)}), CLERK)
    assert shop.rows("SELECT COUNT(*) FROM orders_delivery") == [(1,)]
