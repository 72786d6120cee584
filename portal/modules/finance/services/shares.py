"""What parts of an order's lines are worth, so that invoices of parts sum to the order in whatever steps they come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from portal.kernel import money
from portal.kernel.money import Policy, from_scaled, portion, to_scaled
from portal.kernel.unit import Unit
from portal.modules.finance.models import CREDIT_NOTE, DRAFT, Invoice, InvoiceLine
from portal.modules.finance.services.totals import DraftLine, StoredRate, rates_of
from portal.modules.orders.interfaces import OrderFacts, OrderLineFacts
from portal.modules.taxes.interfaces import Taxation


@dataclass(slots=True)
class _Part:
    """A line of an order, and what of it stands in invoices and drafts at the agreed price and taxes; `drafted` is the
    quantity in drafts at whatever price."""

    line: OrderLineFacts
    worth: money.LineTotal
    drafted: Decimal = Decimal(0)
    quantity: Decimal = Decimal(0)
    net: int = 0
    taxes: dict[str, int] = field(default_factory=dict[str, int])

    def agreed(self, price: int, discount: int, rates: Iterable[tuple[str, Decimal]]) -> bool:
        """Whether price and discount (scaled) and taxes are those of the order."""
        line = self.line
        own = [(rate.key, rate.percent) for rate in line.rates]
        return (price, discount) == (to_scaled(line.unit_price), to_scaled(line.discount)) and own == list(
            rates
        )

    def add(self, quantity: Decimal, net: int, taxes: Iterable[StoredRate], sign: int) -> None:
        """Count what an invoice or draft bills, or (-1) a credit note takes back."""
        self.quantity += sign * quantity
        self.net += sign * net
        for rate in taxes:
            self.taxes[rate.key] = self.taxes.get(rate.key, 0) + sign * rate.amount


class OrderShares:
    """The lines of an order as they were agreed, less what other invoices and drafts have of them."""

    def __init__(self, unit: Unit, order: OrderFacts, leave_out: int | None = None) -> None:
        """Read what is billed: one statement. `leave_out` is the draft that is being written anew."""
        self._rounding = Policy.parse(order.policy).rounding
        self._parts = {
            line.id: _Part(line, worth) for line, worth in zip(order.lines, _agreed(order), strict=True)
        }
        for row in _billed(unit, order.id):
            if row.invoice_id != leave_out and row.order_line_id in self._parts:
                self._count(self._parts[row.order_line_id], row)

    def drafted(self, line_id: int) -> Decimal:
        """The quantity of a line that stands in drafts."""
        return self._parts[line_id].drafted

    def of(self, line: DraftLine, taxation: Taxation) -> money.LineTotal | None:
        """The worth of a part; None where price, discount or taxes are not those of the order."""
        part = None if line.order_line_id is None else self._parts.get(line.order_line_id)
        if part is None or not part.agreed(
            to_scaled(line.unit_price),
            to_scaled(line.discount),
            [(rate.key, rate.percent) for rate in taxation.rates],
        ):
            return None
        if line.quantity <= 0 or part.quantity + line.quantity > part.line.quantity:
            return None
        taxes = tuple(
            self._next(part, line, amount, part.taxes.get(rate.key, 0))
            for rate, amount in zip(part.line.rates, part.worth.taxes, strict=True)
        )
        net = self._next(part, line, part.worth.net, part.net)
        rates = [
            StoredRate(rate.key, rate.title, rate.percent, amount)
            for rate, amount in zip(part.line.rates, taxes, strict=True)
        ]
        part.add(line.quantity, net, rates, 1)
        return money.LineTotal(net, sum(taxes), net + sum(taxes), taxes)

    def _next(self, part: _Part, line: DraftLine, total: int, already: int) -> int:
        share = portion(total, line.quantity, part.line.quantity, already, part.quantity, self._rounding)
        # Where a draft between others was deleted, those that stay may be worth more than their share by a unit.
        return max(share, 0)

    def _count(self, part: _Part, row: Any) -> None:
        quantity, rates = from_scaled(row.quantity), rates_of(row.rates)
        if row.state == DRAFT:
            part.drafted += quantity
        # Without rates a line stores its category as a tax of nothing.
        charged = [rate for rate in rates if rate.key != row.tax_category]
        if part.agreed(row.unit_price, row.discount, [(rate.key, rate.percent) for rate in charged]):
            part.add(quantity, row.net, charged, -1 if row.kind == CREDIT_NOTE else 1)


def _agreed(order: OrderFacts) -> tuple[money.LineTotal, ...]:
    lines = [
        money.Line(
            line.quantity,
            line.unit_price,
            line.discount,
            tuple(money.Rate(rate.key, rate.percent) for rate in line.rates),
        )
        for line in order.lines
    ]
    return money.compute(lines, order.currency, Policy.parse(order.policy)).lines


def _billed(unit: Unit, order_id: int) -> Iterable[Any]:
    return unit.db.execute(
        select(
            Invoice.id.label("invoice_id"),
            Invoice.kind,
            Invoice.state,
            InvoiceLine.order_line_id,
            InvoiceLine.quantity,
            InvoiceLine.unit_price,
            InvoiceLine.discount,
            InvoiceLine.tax_category,
            InvoiceLine.rates,
            InvoiceLine.net,
        )
        .join(InvoiceLine, InvoiceLine.invoice_id == Invoice.id)
        .where(Invoice.order_id == order_id, InvoiceLine.order_line_id.is_not(None))
        .order_by(InvoiceLine.id)
    )
