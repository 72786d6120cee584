"""The transition table: it agrees with the documentation, and every state is reached by clicks alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain
from pathlib import Path

import pytest
from modules.orders.conftest import Shop
from modules.pages import form_to, form_with
from webtest import TestResponse

from portal.modules.orders.events import OrderConfirmed
from portal.modules.orders.transitions import (
    BEGINNINGS,
    TABLE,
    Situation,
    State,
    Transition,
    offered,
    transition,
)
from portal.modules.orders.views.actions import ACTS
from portal.testing.portal import Browser

#: What somebody must have done before a guard lets an action pass.
_BEFORE = {"close": "deliver", "undo-delivery": "deliver"}


def documented(repository: Path) -> Iterator[tuple[str, ...]]:
    for line in (repository / "docs" / "orders.md").read_text(encoding="utf-8").splitlines():
        cells = tuple(cell.strip() for cell in line.strip("|").split("|"))
        if line.startswith("|") and len(cells) == 7 and cells[1] in {row.action for row in TABLE}:
            yield cells


def test_documentation_agrees(repository: Path) -> None:
    expected = [
        (
            ", ".join(state.value for state in State if state in row.origins),
            row.action,
            "–" if row.guard.__name__ == "_free" else row.guard.__name__.strip("_").replace("_", " "),
            row.permission,
            "–" if row.event is None else row.event.__name__,
            "stays" if row.target is None else row.target.value,
            row.side,
        )
        for row in TABLE
    ]
    assert list(documented(repository)) == expected


def test_every_staff_action_has_one_view() -> None:
    actions = [row.action for row in TABLE]
    assert len(set(actions)) == len(actions)
    assert ACTS.keys() == {row.action for row in TABLE if row.side == "staff"}
    assert transition("confirm").event is OrderConfirmed


def test_what_is_offered_follows_state_guard_and_permission() -> None:
    today = date(2026, 11, 2)
    draft = Situation(State.QUOTATION, today, lines=1)
    names = [row.action for row in offered(draft, lambda _permission: True)]
    assert names == ["edit", "send", "confirm", "withdraw"]
    assert [row.action for row in offered(draft, lambda permission: permission == "orders.confirm")] == [
        "confirm"
    ]
    unfinished = Situation(State.QUOTATION, today, lines=1, untaxed=1)
    assert [row.action for row in offered(unfinished, lambda _permission: True)] == ["edit", "withdraw"]
    late = Situation(State.SENT, today, today - timedelta(days=1), lines=1)
    assert "record-acceptance" not in [row.action for row in offered(late, lambda _permission: True)]
    assert [row.action for row in offered(late, lambda _permission: True, "customer")] == ["decline"]


def path_to(goal: State) -> list[str]:
    """The shortest way to a state, by the table alone: how it begins, and the actions after that."""
    ways = [([beginning], state) for beginning, (state, _said) in BEGINNINGS.items()]
    for way, state in ways:
        if state == goal:
            return way
        if len(way) < 6:
            ways.extend(
                ([*way, row.action], row.target) for row in TABLE if state in row.origins and row.target
            )
    raise AssertionError(f"the table does not lead to {goal}")


@pytest.mark.parametrize("goal", list(State))
def test_every_state_is_reached_by_clicks(shop: Shop, goal: State) -> None:
    first, *actions = path_to(goal)
    public_id = BEGIN[first](shop)
    for action in chain.from_iterable(([_BEFORE[a], a] if a in _BEFORE else [a]) for a in actions):
        click(shop, public_id, transition(action))
    [(state,)] = shop.rows("SELECT state FROM orders_order WHERE public_id = :id", id=public_id)
    assert state == goal


def click(shop: Shop, public_id: str, row: Transition) -> None:
    """Take an action as a person does: from the order's page, by a button or a link that it offers."""
    if row.action == "expire":
        shop.portal.clock.advance(days=40)
        shop.staff("manager").sign_in("manager@company.example")  # the session is over by then
    if row.side == "customer":
        browser, here = shop.buyer(), f"/my/{shop.alpha.public_id}/orders/{public_id}/"
    else:
        browser, here = shop.staff("manager"), f"/orders/{public_id}/"
    page = browser.get(here)
    if any(form.action.endswith(f"/{row.action}") for form in page.forms.values()):
        form_to(page, f"/{row.action}").submit().follow()
    else:
        fill_and_send(browser, page.click(href=f"{row.action}$"))


def fill_and_send(browser: Browser, page: TestResponse) -> None:
    form = next(form for form in page.forms.values() if "_operation" in form.fields and form.action == "")
    for name, value in (("name", "Anna Alpha"), ("reason", "As agreed"), ("consent", True)):
        if name in form.fields:
            form[name] = value
    form.submit().follow()


def begin_draft(shop: Shop) -> str:
    form = form_with(shop.staff("manager").get(f"/orders/new/{shop.alpha.public_id}/"), "customer_reference")
    form["lines-0-product-text"] = "TEA"
    form["lines-0-quantity"] = "3"
    return str(form.submit().follow().request.path).split("/")[2]


def begin_request(shop: Shop) -> str:
    form = form_with(shop.buyer().get(f"/my/{shop.alpha.public_id}/orders/request"), "reference")
    form["lines-0-product-text"] = "TEA"
    form["lines-0-quantity"] = "3"
    return str(form.submit().follow().request.path).split("/")[4]


BEGIN = {"create": begin_draft, "request": begin_request}
