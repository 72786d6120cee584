"""What the PDFs of an order say, from its stored terms alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from portal.kernel.money import from_scaled
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import PostalAddress
from portal.modules.orders.models import Order, OrderLine
from portal.modules.orders.services.reading import address_of, rates_of
from portal.ops.pdf import Party, PrintDocument, PrintLine, PrintTax, Seller


def quotation(unit: Unit, order: Order, lines: Sequence[OrderLine]) -> PrintDocument:
    """The quotation as it would go out now."""
    return PrintDocument(
        kind="quotation",
        issue_date=unit.today(),
        revision=order.revision,
        valid_until=order.valid_until,
        delivery_date=order.promised_on,
        lines=tuple(_line(line, line.quantity) for line in lines),
        **_amounts(order),
        **_head(unit, order),
    )


def confirmation(unit: Unit, order: Order, lines: Sequence[OrderLine]) -> PrintDocument:
    """The order confirmation."""
    return PrintDocument(
        kind="order_confirmation",
        issue_date=order.confirmed_on or unit.today(),
        delivery_date=order.promised_on,
        lines=tuple(_line(line, line.quantity) for line in lines),
        **_amounts(order),
        **_head(unit, order),
    )


def delivery_note(
    unit: Unit,
    order: Order,
    lines: Sequence[OrderLine],
    number: str,
    day: date,
    quantities: Mapping[int, int],
) -> PrintDocument:
    """The note that goes with a delivery; `quantities` scaled, by line id."""
    head: dict[str, Any] = {**_head(unit, order), "number": number}
    return PrintDocument(
        kind="delivery_note",
        issue_date=unit.today(),
        delivery_date=day,
        order_number=order.number,
        lines=tuple(_line(line, quantities[line.id]) for line in lines if quantities.get(line.id)),
        **head,
    )


def _head(unit: Unit, order: Order) -> dict[str, Any]:
    billing, delivery = address_of(order.billing_address), address_of(order.delivery_address)
    return {
        "number": order.number,
        "language": order.language,
        "currency": order.currency,
        "seller": Seller.of(unit.company),
        "buyer": _party(order.customer_name, billing, order.customer_vat_id),
        "delivery": None if delivery is None else _party(order.customer_name, delivery),
        "account_number": order.customer_number,
        "customer_reference": order.customer_reference,
        "department": order.department,
        "responsible": order.responsible,
        "contact": order.contact,
        "notes": order.notes,
    }


def _amounts(order: Order) -> dict[str, Any]:
    return {
        "net_minor": order.net,
        "tax_minor": order.tax,
        "gross_minor": order.gross,
        "taxes": tuple(_tax(entry) for entry in json.loads(order.taxes)),
        "payment_terms": order.payment_terms,
    }


def _party(name: str, address: PostalAddress | None, vat_id: str = "") -> Party:
    if address is None:
        return Party(name, (), vat_id)
    place = " ".join(filter(None, (address.postal_code, address.city)))
    lines = tuple(filter(None, (*address.lines, place, address.region)))
    return Party(address.name or name, lines, vat_id, address.country)


def _tax(entry: Mapping[str, Any]) -> PrintTax:
    return PrintTax(
        label=entry["title"],
        percent=Decimal(entry["percent"]),
        base_minor=entry["base"],
        amount_minor=entry["amount"],
        exemption=entry["exemption"],
    )


def _line(line: OrderLine, quantity: int) -> PrintLine:
    return PrintLine(
        position=line.position,
        sku=line.sku,
        name=line.name,
        description=line.description,
        quantity=from_scaled(quantity),
        unit=line.unit,
        unit_price=from_scaled(line.unit_price),
        discount=from_scaled(line.discount),
        net_minor=line.net,
        tax_label=tax_label(line),
    )


def tax_label(line: OrderLine) -> str:
    """The short mark of a line's tax: its percents, else its category."""
    return " + ".join(f"{rate.percent.normalize():f}%" for rate in rates_of(line.rates)) or line.tax_category
