"""Changing a quotation that others may be changing too: fields merge one by one, and a line is one field.

What can be changed is a flat mapping of values that JSON can carry: the fields of the header, and `line-<key>` for each
line, None where there is none. The form carries the mapping that it was filled with, so that what was not touched stays
what somebody else made of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from portal.kernel.merging import merge
from portal.kernel.money import from_scaled, to_scaled
from portal.kernel.unit import Unit
from portal.modules.catalog.interfaces import ProductFacts
from portal.modules.orders.models import Order, OrderLine
from portal.modules.orders.services import history, reading
from portal.modules.orders.services.drafting import check, draft_of, rewrite
from portal.modules.orders.services.drafts import Draft, DraftLine
from portal.modules.orders.services.reading import address_json, address_of
from portal.modules.orders.transitions import transition

LINE = "line-"
_TEXTS = ("contact", "responsible", "customer_reference", "bill_on", "notes")
_DATES = ("requested_on", "promised_on", "valid_until")


@dataclass(frozen=True, slots=True)
class Written:
    """A form that was sent: the flat mapping of what was there before, `order` of its keys, and the new lines."""

    fields: Mapping[str, Any]
    order: Sequence[int] = ()
    new: Sequence[DraftLine] = ()


def fields_of(draft: Draft) -> dict[str, Any]:
    """The flat mapping of a draft; lines without a key are left out."""
    fields: dict[str, Any] = {name: getattr(draft, name) for name in _TEXTS}
    for name in _DATES:
        day: date | None = getattr(draft, name)
        fields[name] = None if day is None else day.isoformat()
    fields["department"] = draft.department_id
    fields["billing_address"] = address_json(draft.billing_address)
    fields["delivery_address"] = address_json(draft.delivery_address)
    for line in draft.lines:
        if line.key is not None:
            fields[f"{LINE}{line.key}"] = line_field(line)
    return fields


def stored_fields(order: Order, lines: Iterable[OrderLine]) -> dict[str, Any]:
    """The flat mapping of a stored order."""
    return fields_of(draft_of(order, lines))


def written(draft: Draft) -> Written:
    """A whole draft as a form that was sent."""
    return Written(
        fields=fields_of(draft),
        order=[line.key for line in draft.lines if line.key is not None],
        new=[line for line in draft.lines if line.key is None],
    )


def save(
    unit: Unit,
    order_id: int,
    sent: Written,
    base: Mapping[str, Any],
    products: Mapping[str, ProductFacts] | None = None,
) -> Order:
    """Merge what was sent into the order as it stands; what nobody touched stays.

    Raises Changed with every field that both changed, Invalid for fields, Refused unless the order is a draft.
    """
    order = reading.lock(unit, order_id)
    lines = reading.lines_of(unit.db, order.id)
    row = transition("edit")
    row.demand(reading.situation(order, lines, unit.today()))
    stored = stored_fields(order, lines)
    merged = merged_fields(base, stored, sent.fields)
    draft = _draft(merged, sent)
    if (
        not sent.new
        and merged == stored
        and [line.key for line in draft.lines] == [line.key for line in lines]
    ):
        return order
    check(draft.lines)
    rewrite(unit, order, draft, lines, products)
    history.record(unit, order, row.action, visible=False)
    return order


def merged_fields(
    base: Mapping[str, Any], stored: Mapping[str, Any], typed: Mapping[str, Any]
) -> dict[str, Any]:
    """The merge of all fields, a line that is lacking counting as None. Raises Changed."""
    names = {*stored, *typed, *(name for name in base if name.startswith(LINE))}

    def whole(fields: Mapping[str, Any]) -> dict[str, Any]:
        return {name: fields.get(name) for name in names}

    merged = merge(whole(base), whole(stored), whole(typed))
    return {name: value for name, value in merged.items() if value is not None or not name.startswith(LINE)}


# --- lines as fields ---------------------------------------------------------------------------------------


def line_field(line: DraftLine) -> list[Any]:
    """A line as one value of the mapping."""
    return [
        line.product,
        line.name,
        line.description,
        line.unit,
        line.service,
        to_scaled(line.quantity),
        None if line.unit_price is None else to_scaled(line.unit_price),
        _discount(line),
        line.tax_class,
    ]


def _discount(line: DraftLine) -> int | None:
    """The scaled discount; with a price of its own none and zero are the same, and pages show neither."""
    if line.discount is None or (line.unit_price is not None and not line.discount):
        return None
    return to_scaled(line.discount)


def line_of(key: int | None, field: Sequence[Any]) -> DraftLine:
    """The line of such a value."""
    product, name, description, unit, service, quantity, unit_price, discount, tax_class = field
    return DraftLine(
        key=key,
        product=product,
        name=name,
        description=description,
        unit=unit,
        service=service,
        quantity=from_scaled(quantity),
        unit_price=None if unit_price is None else from_scaled(unit_price),
        discount=None if discount is None else from_scaled(discount),
        tax_class=tax_class,
    )


def _draft(fields: Mapping[str, Any], sent: Written) -> Draft:
    keyed = {int(name.removeprefix(LINE)): value for name, value in fields.items() if name.startswith(LINE)}
    order = [key for key in sent.order if key in keyed]
    order += sorted(keyed.keys() - set(order))
    lines = [*(line_of(key, keyed[key]) for key in order), *(replace(line, key=None) for line in sent.new)]
    texts: dict[str, Any] = {name: fields[name] for name in _TEXTS}
    days: dict[str, Any] = {
        name: date.fromisoformat(fields[name]) if fields[name] else None for name in _DATES
    }
    return Draft(
        lines=tuple(lines),
        department_id=fields["department"],
        billing_address=address_of(fields["billing_address"]),
        delivery_address=address_of(fields["delivery_address"]),
        **texts,
        **days,
    )
