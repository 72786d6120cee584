"""Lines, totals and timelines as the macros of the shell draw them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from portal.kernel.errors import Refused
from portal.kernel.i18n import Text, _
from portal.modules.orders.models import Order, OrderLine
from portal.modules.orders.resources import OrderNode
from portal.modules.orders.services import mailing
from portal.modules.orders.services.history import Entry
from portal.modules.orders.services.printing import tax_label
from portal.people.document_links import Linked
from portal.web.formats import quantity
from portal.web.request import Request


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line for `ui.document_lines`; figures scaled, `net` in minor units."""

    position: int
    sku: str
    description: str
    note: str
    quantity: int
    unit: str
    unit_price: int
    discount: int
    tax: str
    net: int
    done: int


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """An entry of the timeline for the page."""

    at: datetime
    actor: str
    text: Text
    note: str
    icon: str
    visible: bool
    document: str | None


def shown_lines(lines: Iterable[OrderLine], request: Request) -> list[ShownLine]:
    """The lines of an order."""
    return [
        ShownLine(
            position=line.position,
            sku=line.sku,
            description=line.name,
            note=_note(line, request),
            quantity=line.quantity,
            unit=line.unit,
            unit_price=line.unit_price,
            discount=line.discount,
            tax=tax_label(line),
            net=line.net,
            done=line.quantity - line.cancelled if line.service else line.delivered,
        )
        for line in lines
    ]


def _note(line: OrderLine, request: Request) -> str:
    parts: list[Text] = [line.description, line.price_source]
    if line.service:
        parts.append(_("Service, no delivery"))
    if line.invoiced:
        parts.append(
            _("invoiced ${figure}", mapping={"figure": quantity(line.invoiced, request.locale_name)})
        )
    if line.cancelled:
        parts.append(
            _("cancelled ${figure}", mapping={"figure": quantity(line.cancelled, request.locale_name)})
        )
    return " · ".join(request.translate(part) for part in parts if part)


def linked_order(context: OrderNode, request: Request) -> Linked:
    """The order as a document link opens it. Raises Refused where the customer does not see it yet."""
    if not context.order.visible:
        raise Refused(_("The customer does not see this yet: send the quotation first."))
    return mailing.linked(context.order)


def totals(net: int, taxes: Iterable[tuple[str, Decimal, int]], gross: int) -> list[tuple[Text, int]]:
    """Net, each tax (title, percent, amount) that is charged, and the total, for `ui.document_lines`."""
    charged = [(title, amount) for title, percent, amount in taxes if amount or percent]
    return [(_("Net"), net), *charged, (_("Total"), gross)]


def order_totals(order: Order) -> list[tuple[Text, int]]:
    """The totals of an order with its tax breakdown."""
    entries = json.loads(order.taxes)
    taxes = [(entry["title"], Decimal(entry["percent"]), entry["amount"]) for entry in entries]
    return totals(order.net, taxes, order.gross)


def exemptions(order: Order) -> list[str]:
    """The texts that say why no tax is charged."""
    return [entry["exemption"] for entry in json.loads(order.taxes) if entry["exemption"]]


def shown_timeline(entries: Sequence[Entry]) -> list[ShownEntry]:
    """The timeline, newest first."""
    return [_shown_entry(entry) for entry in entries]


def _shown_entry(entry: Entry) -> ShownEntry:
    if entry.kind == "comment":
        title = _("Message") if entry.visible else _("Internal comment")
        return ShownEntry(entry.at, entry.actor, title, entry.text, "message", entry.visible, None)
    return ShownEntry(entry.at, entry.actor, entry.title, entry.text, "circle", entry.visible, entry.document)
