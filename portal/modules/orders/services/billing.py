"""What finance asks of orders, and tells them: the implementation of `IOrders`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, update

from portal.kernel.errors import Refused
from portal.kernel.i18n import _
from portal.kernel.money import from_scaled, to_scaled
from portal.kernel.unit import Unit
from portal.modules.orders.interfaces import OrderFacts
from portal.modules.orders.models import Order, OrderLine
from portal.modules.orders.services import reading
from portal.modules.orders.services.lifecycle import close_if_done
from portal.modules.orders.services.progress import refresh
from portal.modules.orders.transitions import State

#: States in which something may be billed: confirmed orders, and closed ones for late invoices and credit notes.
BILLABLE = (State.CONFIRMED, State.CLOSED)


class Orders:
    """Orders towards those who bill and settle them."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._locked: dict[int, tuple[Order, Sequence[OrderLine]]] = {}

    def get(self, order_id: int) -> OrderFacts:
        """The order with its lines (two statements). LookupError when unknown."""
        order = self._unit.db.get(Order, order_id, populate_existing=True)
        if order is None:
            raise LookupError(f"no order {order_id}")
        return self._facts(order)

    def find(self, public_id: str) -> OrderFacts | None:
        """The same by public id, None when unknown."""
        order = reading.find(self._unit.db, public_id)
        return None if order is None else self._facts(order)

    def lock(self, order_id: int) -> OrderFacts:
        """The same, with the order's row locked until the transaction ends."""
        self._unit.db.flush()
        self._locked[order_id] = reading.lock_with_lines(self._unit, order_id)
        return reading.facts(*self._locked[order_id])

    def record_invoiced(self, order_id: int, quantities: Mapping[int, Decimal]) -> None:
        """Quantities by line id that an invoice bills (negative: that a credit note takes back).

        The order is locked by the caller. Raises Refused where more than the rest would be billed.
        """
        order, lines = self._held(order_id)
        if order.state not in BILLABLE:
            raise Refused(_("Only a confirmed order is invoiced."))
        changes = {line_id: to_scaled(quantity) for line_id, quantity in quantities.items() if quantity}
        unknown = changes.keys() - {line.id for line in lines}
        if unknown:
            raise Refused(_("An invoiced line belongs to another order."))
        for line in lines:
            _bill(line, changes.get(line.id, 0))
        self._store({line.id: line.invoiced for line in lines if line.id in changes})
        refresh(order, lines)
        order.version += 1
        close_if_done(self._unit, order)
        self._unit.db.flush()

    def set_settled(self, order_id: int, settled: bool) -> None:
        """Whether everything billed has been paid. The order is locked by the caller."""
        order, lines = self._held(order_id)
        if order.paid == settled:
            return
        order.paid = settled
        refresh(order, lines)
        order.version += 1
        close_if_done(self._unit, order)
        self._unit.db.flush()

    def _held(self, order_id: int) -> tuple[Order, Sequence[OrderLine]]:
        """The order and its lines as `lock` of this instance read them: no statement; else they are locked now."""
        if order_id not in self._locked:
            self.lock(order_id)
        return self._locked[order_id]

    def _facts(self, order: Order) -> OrderFacts:
        return reading.facts(order, reading.lines_of(self._unit.db, order.id))

    def _store(self, invoiced: Mapping[int, int]) -> None:
        if invoiced:
            table: Any = OrderLine.__table__
            self._unit.db.execute(
                update(table).where(table.c.id == bindparam("line")).values(invoiced=bindparam("figure")),
                [{"line": line_id, "figure": figure} for line_id, figure in invoiced.items()],
            )


def _bill(line: OrderLine, change: int) -> None:
    rest = line.quantity - line.cancelled - line.invoiced
    if change > rest:
        raise Refused(
            _(
                "Line ${position} has only ${rest} left to invoice.",
                mapping={"position": line.position, "rest": from_scaled(rest)},
            )
        )
    if line.invoiced + change < 0:
        raise Refused(_("Line ${position} was not invoiced that much.", mapping={"position": line.position}))
    line.invoiced += change
