"""How many SQL statements pages and acts take, over HTTP, at 3 lines and at 100."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from webtest import TestResponse

from bench.portals import Measured, statements
from portal.modules.customers.demo import BUYERS
from portal.testing import Browser

_LINES = (3, 100)
_BUYER = BUYERS[0]


@dataclass(frozen=True, slots=True)
class Figure:
    """A page or act with its statements at 3 and at 100 lines; `most` is the target."""

    name: str
    most: int
    few: int
    many: int

    @property
    def met(self) -> bool:
        """Whether both are within the target and equal."""
        return self.few == self.many <= self.most


def measure(one: Measured) -> Iterator[Figure]:
    """All figures; orders of 3 and of 100 lines are added to the database on the way."""
    staff, buyer = one.staff(), one.buyer(_BUYER.person.email)
    account = _scalar(one, "SELECT account FROM people_membership ORDER BY id LIMIT 1")
    pages = (
        ("newest 50 orders", 4, staff, "/orders/"),
        ("customer search", 4, staff, "/customers/?q=alfreds"),
        ("a customer's own invoices", 4, buyer, f"/my/{account}/invoices/"),
        ("aged receivables of all", 4, staff, "/finance/reports/aged"),
        ("trial balance", 4, staff, "/finance/reports/trial-balance"),
    )
    for name, most, browser, address in pages:
        browser.get(address)
        count = statements(browser.get(address))
        yield Figure(name, most, count, count)
    acts = [_acts(one, staff, account, count) for count in _LINES]
    for few, many in zip(*acts, strict=True):
        yield Figure(few[0], few[1], few[2], many[2])


Act = tuple[str, int, int]


def _acts(one: Measured, staff: Browser, account: str, count: int) -> list[Act]:
    found: list[Act] = []
    drafted = _draft(one, staff, account, count)
    found.append(("draft order", 10, statements(drafted)))
    order = drafted.headers["Location"]
    page = staff.get(order)
    found.append(("confirm, with finance", 20, statements(_submit(page, "confirm"))))
    page = staff.get(order)
    panels = page.text.count("data-panel") or len(one.house.offers.get("orders.order.panels", ()))
    found.append((f"one order with lines, {panels} panel(s)", 4 + panels, statements(page)))
    delivering = (
        page.click(href=r"deliver$", index=0) if 'deliver"' in page.text else staff.get(f"{order}deliver")
    )
    statements(_submit(delivering, "deliver"))
    public_id = order.rstrip("/").rsplit("/", 1)[-1]
    invoice = _scalar(
        one, "SELECT public_id FROM finance_invoice WHERE order_public_id = :order", order=public_id
    )
    address = f"/finance/invoices/{invoice}/"
    found.append(("invoice and post", 20, statements(_submit(staff.get(f"{address}post"), "post"))))
    found.append(("pay and allocate", 16, statements(_submit(staff.get(f"{address}pay"), "pay"))))
    return found


def _draft(one: Measured, staff: Browser, account: str, count: int) -> TestResponse:
    page = staff.get(f"/orders/new/{account}/")
    form = next(form for form in page.forms.values() if "customer_reference" in form.fields)
    fields = [(name, value) for name, value in form.submit_fields() if not name.startswith("lines-")]
    for place, (public_id, sku, name) in enumerate(_products(one, count)):
        fields += [
            (f"lines-{place}-product", public_id),
            (f"lines-{place}-product-text", f"{sku} · {name}"),
            (f"lines-{place}-quantity", str(Decimal(1 + place % 7))),
        ]
    return _expect_redirect(staff.post(form.action or page.request.path, fields))


def _products(one: Measured, count: int) -> list[Any]:
    with one.house.database.session(write=False) as session:
        rows = session.execute(
            text("SELECT public_id, sku, name FROM catalog_product WHERE active ORDER BY id")
        ).all()
    return [rows[place % len(rows)] for place in range(count)]


def _submit(page: TestResponse, action: str) -> TestResponse:
    """Send the form whose address ends in that word, or the one that the page is about."""
    forms = [
        form
        for form in page.forms.values()
        if (form.action or page.request.path).rstrip("/").endswith(action)
    ]
    return _expect_redirect(forms[0].submit())


def _expect_redirect(response: TestResponse) -> TestResponse:
    if response.status_int != 303:
        raise RuntimeError(f"{response.request.path} answered {response.status}: {response.text[:2000]}")
    return response


def _scalar(one: Measured, statement: str, **values: Any) -> Any:
    with one.house.database.session(write=False) as session:
        return session.scalar(text(statement), values)
