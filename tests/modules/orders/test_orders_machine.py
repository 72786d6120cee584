"""Deliver, take back, cancel, invoice and settle in any order, against a model that shares no code with the services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from modules.orders.conftest import CLERK, Shop

from portal.kernel.errors import Invalid, Refused
from portal.kernel.unit import Unit
from portal.modules.orders.checks import check_progress, check_quantities, check_totals
from portal.modules.orders.services import deliveries, lifecycle
from portal.modules.orders.services.billing import Orders
from portal.modules.orders.services.drafts import DraftLine


@dataclass
class Line:
    """The model's line: whole pieces."""

    ordered: int
    service: bool
    delivered: int = 0
    invoiced: int = 0
    cancelled: int = 0

    @property
    def open_goods(self) -> int:
        return 0 if self.service else self.ordered - self.cancelled - self.delivered


@dataclass
class Model:
    """What the order should be."""

    lines: list[Line]
    state: str = "confirmed"
    paid: bool = False
    made: list[tuple[str, dict[int, int]]] = field(default_factory=list[tuple[str, dict[int, int]]])

    @property
    def delivery(self) -> str:
        if not any(line.open_goods for line in self.lines):
            return "fully"
        return "partly" if any(line.delivered for line in self.lines) else "none"

    @property
    def billing(self) -> str:
        if not any(line.invoiced for line in self.lines):
            return "none"
        if any(line.ordered - line.cancelled - line.invoiced for line in self.lines):
            return "partly"
        return "settled" if self.paid else "fully"

    def close_if_done(self) -> None:
        if self.state == "confirmed" and self.delivery == "fully" and self.billing == "settled":
            self.state = "closed"


_SHARES = st.lists(st.integers(0, 7), min_size=3, max_size=3)


class Fulfilment(RuleBasedStateMachine):
    """One confirmed order of 6 and 4 pieces and 2 hours."""

    shop: Shop

    @initialize()
    def begin(self) -> None:
        shop = self.shop
        wanted = [
            DraftLine(Decimal(6), product=shop.tea.public_id),
            DraftLine(Decimal(4), product=shop.soap.public_id),
            DraftLine(Decimal(2), product=shop.advice.public_id),
        ]
        self.order = shop.confirmed(*wanted)
        self.ids = [line.id for line in shop.facts(self.order).lines]
        self.model = Model([Line(6, False), Line(4, False), Line(2, True)])

    def attempt(self, act: Callable[[Unit], Any], expected: bool) -> Any:
        """Run an act that the model expects to be done, or to be refused."""
        try:
            done = self.shop.portal.run(act, CLERK)
        except (Refused, Invalid):
            assert not expected, "the model would have allowed it"
            return None
        assert expected, "the model would have refused it"
        return done

    @rule(shares=_SHARES)
    def deliver(self, shares: list[int]) -> None:
        model = self.model
        wanted = {place: share for place, share in enumerate(shares) if share}
        fits = bool(wanted) and all(share <= model.lines[place].open_goods for place, share in wanted.items())
        quantities = {self.ids[place]: Decimal(share) for place, share in wanted.items()}
        made = self.attempt(
            lambda unit: deliveries.deliver(unit, self.order.id, quantities),
            fits and model.state == "confirmed",
        )
        if made is not None:
            for place, share in wanted.items():
                model.lines[place].delivered += share
            model.made.append((made.public_id, wanted))
            model.close_if_done()

    @rule(which=st.integers(0, 9))
    def take_back(self, which: int) -> None:
        model = self.model
        if not model.made:
            return
        delivery, quantities = model.made[which % len(model.made)]
        done = self.attempt(
            lambda unit: deliveries.undo(unit, self.order.id, delivery), model.state == "confirmed"
        )
        if done is not None:
            model.made.remove((delivery, quantities))
            for place, share in quantities.items():
                model.lines[place].delivered -= share

    @rule(place=st.integers(0, 2))
    def cancel_rest(self, place: int) -> None:
        line = self.model.lines[place]
        rest = line.ordered - line.cancelled - max(line.delivered, line.invoiced)
        done = self.attempt(
            lambda unit: deliveries.cancel_rest(unit, self.order.id, place + 1),
            rest > 0 and self.model.state == "confirmed",
        )
        if done is not None:
            assert done == rest
            line.cancelled += rest
            self.model.close_if_done()

    @rule(shares=st.lists(st.integers(-3, 7), min_size=3, max_size=3))
    def invoice(self, shares: list[int]) -> None:
        model = self.model
        fits = model.state in ("confirmed", "closed") and all(
            0 <= line.invoiced + share <= line.ordered - line.cancelled
            for line, share in zip(model.lines, shares, strict=True)
        )

        def act(unit: Unit) -> bool:
            orders = Orders(unit)
            orders.lock(self.order.id)
            orders.record_invoiced(self.order.id, dict(zip(self.ids, map(Decimal, shares), strict=True)))
            return True

        if self.attempt(act, fits):
            for line, share in zip(model.lines, shares, strict=True):
                line.invoiced += share
            model.close_if_done()

    @rule(settled=st.booleans())
    def settle(self, settled: bool) -> None:
        def act(unit: Unit) -> bool:
            orders = Orders(unit)
            orders.lock(self.order.id)
            orders.set_settled(self.order.id, settled)
            return True

        self.attempt(act, True)
        if self.model.paid != settled:
            self.model.paid = settled
            self.model.close_if_done()

    @rule()
    def close(self) -> None:
        open_goods = any(line.open_goods for line in self.model.lines)
        if self.attempt(
            lambda unit: lifecycle.close(unit, self.order.id),
            self.model.state == "confirmed" and not open_goods,
        ):
            self.model.state = "closed"

    @rule()
    def reopen(self) -> None:
        if self.attempt(lambda unit: lifecycle.reopen(unit, self.order.id), self.model.state == "closed"):
            self.model.state = "confirmed"

    @rule()
    def cancel(self) -> None:
        untouched = not any(line.delivered or line.invoiced for line in self.model.lines)
        if self.attempt(
            lambda unit: lifecycle.cancel(unit, self.order.id), self.model.state == "confirmed" and untouched
        ):
            self.model.state = "cancelled"
            for line in self.model.lines:
                line.cancelled = line.ordered

    @invariant()
    def stored_equals_model(self) -> None:
        row, facts = self.shop.row(self.order), self.shop.facts(self.order)
        assert row.state == self.model.state
        if row.state != "cancelled":
            assert (row.delivery, row.billing) == (self.model.delivery, self.model.billing)
        found = [(line.delivered, line.invoiced, line.cancelled) for line in facts.lines]
        assert found == [(line.delivered, line.invoiced, line.cancelled) for line in self.model.lines]
        with self.shop.portal.reading() as unit:
            for check in (check_totals, check_quantities, check_progress):
                assert list(check(unit.db)) == []


def test_fulfilment_in_any_order(shop: Shop) -> None:
    class OfThisShop(Fulfilment):
        pass

    OfThisShop.shop = shop
    run_state_machine_as_test(
        OfThisShop,
        settings=settings(
            max_examples=20,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
