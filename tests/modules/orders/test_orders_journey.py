"""Journeys over HTTP without finance: employee and customer side by side."""

from __future__ import annotations

from decimal import Decimal

from modules.orders.conftest import Shop
from modules.pages import form_to, form_with
from sqlalchemy import text

from portal.kernel import schema
from portal.modules.orders.services.drafts import DraftLine


def state(shop: Shop, public_id: str) -> str:
    [(found,)] = shop.rows("SELECT state FROM orders_order WHERE public_id = :id", id=public_id)
    return str(found)


def test_models_equal_migrations(shop: Shop) -> None:
    with shop.portal.house.database.engine.connect() as connection:
        assert schema.differences(connection, shop.portal.house.card("orders")) == []


def test_from_quotation_to_closed(shop: Shop) -> None:
    clerk, shipper, buyer = shop.staff("clerk"), shop.staff("shipper"), shop.buyer()
    form = form_with(clerk.get(f"/orders/new/{shop.alpha.public_id}/"), "customer_reference")
    form["customer_reference"] = "PO 77"
    form["lines-0-product-text"] = "tea"
    form["lines-0-quantity"] = "10"
    form["lines-1-name"] = "Setting up"
    form["lines-1-quantity"] = "2"
    form["lines-1-unit_price"] = "45"
    form["lines-1-tax_class"] = "standard"
    form["lines-1-service"] = True
    page = form.submit().follow()
    here = page.request.path
    public_id = here.split("/")[2]
    assert "PO 77" in page
    # 10 × 12.50 + 2 × 45 = 215.00, 19 %: 40.85
    assert "€215.00" in page and "€40.85" in page and "€255.85" in page  # noqa: PT018
    assert buyer.get(f"/my/{shop.alpha.public_id}/orders/{public_id}/", status=404)

    send = page.click(href=f"{here}send")
    assert "SO-2026-00001" in send
    form = form_with(send, "to")
    assert form.get("to", index=1).checked  # the contact of the order
    page = form.submit().follow()
    assert state(shop, public_id) == "sent"
    shop.portal.work()

    mine = f"/my/{shop.alpha.public_id}/orders/"
    assert "SO-2026-00001" in buyer.get(f"/my/{shop.alpha.public_id}/")
    assert "Waiting for your decision" in buyer.get(mine)
    page = buyer.get(f"{mine}{public_id}/")
    accept = page.click(href="accept")
    form = form_with(accept, "consent")
    form["name"] = "Anna Alpha"
    form["reference"] = "PO 78"
    refused = form.submit(status=422)
    assert state(shop, public_id) == "sent"
    form = form_with(refused, "consent")
    assert form["name"].value == "Anna Alpha"
    form["consent"] = True
    page = form.submit().follow()
    assert state(shop, public_id) == "accepted"
    assert "Accepted, being confirmed" in page
    row = shop.rows(
        "SELECT accepted_by, accepted_revision, customer_reference, accepted_user_id FROM orders_order"
    )[0]
    assert tuple(row)[:3] == ("Anna Alpha", 1, "PO 78")
    assert row[3] is not None

    page = form_to(clerk.get(here), "confirm").submit().follow()
    assert state(shop, public_id) == "confirmed"
    form = form_with(shipper.get(f"{here}deliver"), "delivered_on")
    form["lines-0-quantity"] = "4"
    page = form.submit().follow()
    assert "DN-2026-00001" in page
    assert "Partly delivered" in page
    assert "4 / 10" in buyer.get(f"{mine}{public_id}/")
    page = form_with(shipper.get(f"{here}deliver"), "delivered_on").submit().follow()
    page = form_to(clerk.get(here), "close").submit().follow()
    assert state(shop, public_id) == "closed"
    assert "Closed" in buyer.get(mine)
    shop.portal.work()
    pdfs = [link for link in page.html.find_all("a") if link.text == "PDF"]
    assert len(pdfs) == 4  # quotation, confirmation, two delivery notes
    for link in pdfs:
        assert clerk.get(link["href"]).body.startswith(b"%PDF")
        assert buyer.get(link["href"].replace("/orders/", mine)).body.startswith(b"%PDF")


def test_the_database_keeps_customers_apart(shop: Shop) -> None:
    import pytest
    from sqlalchemy.exc import IntegrityError

    order = shop.order(DraftLine(Decimal(1), product=shop.tea.public_id))
    with pytest.raises(IntegrityError), shop.portal.unit() as unit:
        unit.db.execute(
            text("UPDATE orders_line SET customer_id = :other WHERE order_id = :id"),
            {"other": shop.beta.id, "id": order.id},
        )
