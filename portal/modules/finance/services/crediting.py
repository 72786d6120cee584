"""Credit notes: they take back lines of a posted invoice by quantity, and are allocated to it as far as it is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, insert, update

from portal.kernel.db import new_public_id
from portal.kernel.errors import Invalid, Refused
from portal.kernel.folding import fold
from portal.kernel.four_eyes import Reference
from portal.kernel.i18n import Text, _
from portal.kernel.money import Policy, Rounding, from_scaled, portion, to_scaled
from portal.kernel.unit import Unit
from portal.modules.finance.models import (
    CREDIT_NOTE,
    DRAFT,
    INVOICE,
    POSTED,
    Invoice,
    InvoiceLine,
    InvoiceTax,
)
from portal.modules.finance.permissions import CREDIT_ACT
from portal.modules.finance.services import allocation, chart, posting, reading
from portal.modules.finance.services.totals import (
    AtRate,
    StoredRate,
    TaxedLine,
    WorkedOut,
    nets_of,
    rates_json,
    rates_of,
    sum_up,
    taxed,
)
from portal.proposals.intents import Intent, demand, fingerprint


class _PartInBase:
    """Conversion of a part of an invoice, so that the parts credited one after another sum exactly to it in base."""

    def __init__(self, base: str, invoice: Invoice, lines: Sequence[InvoiceLine]) -> None:
        rate = from_scaled(invoice.exchange_rate)
        whole = [posting.taxed_line(line) for line in lines]
        before = [_taxed_part(line, Policy.parse(invoice.policy).rounding) for line in lines]
        self._rate = AtRate(invoice.currency, base, rate)
        self._nets, self._nets_before = nets_of(whole), nets_of(before)
        self._taxes, self._taxes_before = _taxes_of(whole), _taxes_of(before)

    def net(self, group: tuple[str, str], minor: int) -> int:
        """The share of the group's net in base."""
        total = self._nets[group]
        return _share(self._rate.net(group, total), total, self._nets_before[group], minor)

    def tax(self, key: str, minor: int) -> int:
        """The share of the tax in base."""
        total = self._taxes[key]
        return _share(self._rate.tax(key, total), total, self._taxes_before[key], minor)


def _share(base: int, total: int, before: int, minor: int) -> int:
    if not total:
        return 0
    whole, done = Decimal(total), Decimal(before)
    return portion(base, Decimal(minor), whole, portion(base, done, whole), done)


def _taxes_of(lines: Sequence[TaxedLine]) -> dict[str, int]:
    taxes: dict[str, int] = {}
    for line in lines:
        for rate in line.rates:
            taxes[rate.key] = taxes.get(rate.key, 0) + rate.amount
    return taxes


def _taxed_part(line: InvoiceLine, rounding: Rounding) -> TaxedLine:
    """What credit notes took of a line so far."""
    whole, done = from_scaled(line.quantity), from_scaled(line.credited)
    rates = tuple(
        StoredRate(rate.key, rate.title, rate.percent, portion(rate.amount, done, whole, rounding=rounding))
        for rate in rates_of(line.rates)
    )
    net = portion(line.net, done, whole, rounding=rounding)
    return TaxedLine(line.tax_class, line.tax_category, line.exemption, net, rates)


def credit(unit: Unit, invoice: Invoice, quantities: Mapping[int, Decimal], day: date, reason: str) -> str:
    """Post a credit note over quantities by line id of a posted invoice; returns its public id.

    The parts of a line that are credited one after another sum exactly to the line. Raises Invalid
    (`quantity-<line id>`) for more than the rest of a line, Refused for what is no posted invoice, and as
    `posting.post_invoice` for dates, posting rules and the limit of one person.
    """
    books = chart.read(unit)
    locked = allocation.lock(unit, invoice.customer_id, [invoice.id], [invoice])
    invoice, lines = reading.lock_invoice(unit, invoice.id)
    if invoice.kind != INVOICE or invoice.state != POSTED:
        raise Refused(_("Only a posted invoice can be credited."))
    _demand_day(unit, invoice, day)
    chosen = _chosen(lines, quantities)
    in_base = _PartInBase(unit.company.currency, invoice, lines)
    rounding = Policy.parse(invoice.policy).rounding
    values = [_row(place, line, quantity, rounding) for place, (line, quantity) in enumerate(chosen, start=1)]
    tax_lines = [taxed(row) for row in values]
    summed = sum_up(tax_lines, from_scaled(invoice.exchange_rate), in_base)
    public_id = new_public_id()
    posting.vote(unit, invoice, CREDIT_NOTE, public_id, summed.header["gross"])
    accounts = posting.accounts_of(unit, tax_lines, invoice.tax_position, day)
    demand(
        unit,
        CREDIT_ACT,
        summed.header["base_gross"],
        lambda: _intent(unit, invoice, lines, chosen, summed, day, reason),
    )
    note, rows = _insert(unit, invoice, public_id, values, summed, day, reason)
    _mark_credited(unit, chosen)
    if invoice.order_id is not None and locked.orders is not None:
        taken = reading.quantities_of(rows, sign=-1)
        locked.orders.record_invoiced(invoice.order_id, taken)
    posting.finish(
        unit, note, rows, tax_lines, accounts, {"invoice_date": day}, in_base, invoice.number or ""
    )
    settled = min(invoice.open, note.gross)
    if settled:
        allocation.apply(unit, books, locked, note, {invoice.id: settled}, day)
    return note.public_id


def _demand_day(unit: Unit, invoice: Invoice, day: date) -> None:
    if day > unit.today():
        raise Invalid({"day": _("A credit note is not dated in the future.")})
    if invoice.invoice_date is not None and day < invoice.invoice_date:
        raise Invalid({"day": _("A credit note is not dated before its invoice.")})


def _chosen(
    lines: Sequence[InvoiceLine], quantities: Mapping[int, Decimal]
) -> list[tuple[InvoiceLine, Decimal]]:
    errors: dict[str, Text] = {}
    known = {line.id for line in lines}
    for line_id in quantities.keys() - known:
        errors[f"quantity-{line_id}"] = _("This line is not of the invoice.")
    chosen: list[tuple[InvoiceLine, Decimal]] = []
    for line in lines:
        quantity = quantities.get(line.id, Decimal(0))
        rest = from_scaled(line.quantity - line.credited)
        if quantity < 0 or quantity > rest:
            errors[f"quantity-{line.id}"] = _(
                "Only ${rest} of this line is left to credit.", mapping={"rest": rest}
            )
        elif quantity:
            chosen.append((line, quantity))
    if not chosen and not errors:
        errors[""] = _("Enter a quantity for at least one line.")
    if errors:
        raise Invalid(errors)
    return chosen


def _intent(
    unit: Unit,
    invoice: Invoice,
    lines: Sequence[InvoiceLine],
    chosen: Sequence[tuple[InvoiceLine, Decimal]],
    summed: WorkedOut,
    day: date,
    reason: str,
) -> Intent:
    return Intent(
        arguments={
            "invoice": invoice.public_id,
            "quantities": {str(line.id): to_scaled(quantity) for line, quantity in chosen},
            "day": posting.unless_today(unit, day),
            "reason": reason,
        },
        title=" ".join(filter(None, (invoice.number, invoice.customer_name))),
        seen=seen_of(invoice, lines),
        about=Reference(posting.DOCUMENT_KIND, invoice.public_id),
        amount=(summed.header["gross"], invoice.currency),
    )


def seen_of(invoice: Invoice, lines: Sequence[InvoiceLine]) -> str:
    """What a credit note depends on: what is open of its invoice, and credited of its lines."""
    return fingerprint(invoice.open, [(line.id, line.credited) for line in lines])


def _insert(
    unit: Unit,
    invoice: Invoice,
    public_id: str,
    rows: Sequence[dict[str, Any]],
    summed: WorkedOut,
    day: date,
    reason: str,
) -> tuple[Invoice, Sequence[InvoiceLine]]:
    """The credit note as a draft with lines and taxes, ready to be posted in this transaction."""
    cited = (
        "customer_id",
        "customer_name",
        "customer_number",
        "customer_vat_id",
        "department_id",
        "department",
        "customer_reference",
        "language",
        "billing_address",
        "delivery_address",
        "contact",
        "order_id",
        "order_public_id",
        "order_number",
        "currency",
        "policy",
        "tax_position",
        "payment_days",
        "payment_terms",
    )
    note_id = unit.db.scalars(
        insert(Invoice)
        .values(
            **{name: getattr(invoice, name) for name in cited},
            **summed.header,
            public_id=public_id,
            kind=CREDIT_NOTE,
            state=DRAFT,
            corrects_id=invoice.id,
            tax_date=day,
            responsible=unit.actor.name[:200],
            notes=reason,
            search_text=fold(
                f"{invoice.number} {invoice.customer_name} {invoice.customer_number} {invoice.order_number}"
                f" {invoice.department}"
            ),
            created_at=unit.now(),
            created_by=unit.actor.name[:200],
        )
        .returning(Invoice.id)
    ).one()
    keys = {"invoice_id": note_id, "customer_id": invoice.customer_id}
    unit.db.execute(insert(InvoiceLine), [{**row, **keys} for row in rows])
    unit.db.execute(insert(InvoiceTax), [{**row, **keys} for row in summed.taxes])
    return reading.lock_invoice(unit, note_id)


def _row(place: int, line: InvoiceLine, quantity: Decimal, rounding: Any) -> dict[str, Any]:
    whole, done = from_scaled(line.quantity), from_scaled(line.credited)

    def part(total: int) -> int:
        before = portion(total, done, whole, rounding=rounding)
        return portion(total, quantity, whole, before, done, rounding)

    rates = [
        StoredRate(rate.key, rate.title, rate.percent, part(rate.amount)) for rate in rates_of(line.rates)
    ]
    net, tax = part(line.net), sum(rate.amount for rate in rates)
    return {
        "position": place,
        "order_line_id": line.order_line_id,
        "corrects_id": line.id,
        "sku": line.sku,
        "name": line.name,
        "description": line.description,
        "unit": line.unit,
        "quantity": to_scaled(quantity),
        "unit_price": line.unit_price,
        "discount": line.discount,
        "tax_class": line.tax_class,
        "tax_category": line.tax_category,
        "rates": rates_json(rates),
        "exemption": line.exemption,
        "net": net,
        "tax": tax,
        "gross": net + tax,
    }


def _mark_credited(unit: Unit, chosen: Sequence[tuple[InvoiceLine, Decimal]]) -> None:
    table: Any = InvoiceLine.__table__
    unit.db.execute(
        update(table)
        .where(table.c.id == bindparam("line"))
        .values(credited=table.c.credited + bindparam("more")),
        [{"line": line.id, "more": to_scaled(quantity)} for line, quantity in chosen],
    )
