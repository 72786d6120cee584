"""What customers were sent: each revision of a quotation, word for word."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from portal.kernel.unit import Unit
from portal.modules.orders.models import Order, OrderLine, Revision

_HEADER = (
    "customer_name", "customer_reference", "contact", "responsible", "billing_address", "delivery_address", "notes",
    "currency", "payment_days", "payment_terms", "taxes", "net", "tax", "gross",
)  # fmt: skip
_DATES = ("valid_until", "requested_on", "promised_on")
_LINE = (
    "position", "sku", "name", "description", "unit", "service", "quantity", "unit_price", "discount", "tax_category",
    "rates", "exemption", "net", "tax", "gross",
)  # fmt: skip


def content_of(order: Order, lines: Sequence[OrderLine]) -> str:
    """JSON of all that the customer sees of a quotation; equal texts mean that nothing changed for them."""
    header: dict[str, Any] = {name: getattr(order, name) for name in _HEADER}
    for name in _DATES:
        day = getattr(order, name)
        header[name] = None if day is None else day.isoformat()
    if order.department:
        # Only then: what was sent before there were departments stays the same text.
        header["department"] = order.department
    rows = [{name: getattr(line, name) for name in _LINE} for line in lines]
    return json.dumps({"header": header, "lines": rows}, ensure_ascii=False, sort_keys=True)


def latest(db: Session, order: Order) -> Revision | None:
    """What the customer was sent last: one statement."""
    return db.scalar(
        select(Revision).where(Revision.order_id == order.id).order_by(Revision.revision.desc()).limit(1)
    )


def store(unit: Unit, order: Order, revision: int, content: str, document: str = "") -> None:
    """Keep what the customer sees as a revision; 0 is what they asked for themselves, which has no PDF."""
    unit.db.execute(
        insert(Revision).values(
            order_id=order.id,
            customer_id=order.customer_id,
            revision=revision,
            content=content,
            document=document,
            sent_at=unit.now(),
        )
    )
