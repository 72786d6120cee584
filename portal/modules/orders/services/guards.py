"""Orders under four eyes: what a confirmation above the limit is shown as, and how the second person does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from portal.kernel.errors import Refused
from portal.kernel.four_eyes import Allowed, Description, Reference
from portal.kernel.i18n import Text, _
from portal.kernel.money import Money
from portal.kernel.unit import Unit
from portal.modules.orders.interfaces import ORDER_KIND
from portal.modules.orders.models import Order
from portal.modules.orders.services import lifecycle, reading
from portal.modules.orders.services.objections import Objected
from portal.modules.orders.transitions import transition


def describe_confirmation(unit: Unit, arguments: Mapping[str, Any]) -> Description:
    """Whose order it is, and what was passed over. LookupError when it is gone."""
    order = _find(unit, arguments)
    if order is None:
        raise LookupError("the order is gone")
    lines: list[tuple[Text, Text | date | Money]] = [
        (_("Number"), order.number),
        (_("Customer"), f"{order.customer_name} ({order.customer_number})"),
        (_("Customer's reference"), order.customer_reference),
        (_("Total"), Money(order.gross, order.currency)),
        (_("Responsible"), order.responsible),
        (_("Accepted by"), order.accepted_by or ""),
        (_("Payment terms"), order.payment_terms),
        (_("Objections passed over or released"), _titles(unit, arguments["voters"])),
    ]
    return Description(transition("confirm").title, tuple(lines))


def _titles(unit: Unit, voters: Sequence[str]) -> str:
    titles = {card.name: str(card.title) for card in unit.house.cards}
    return ", ".join(titles.get(voter, voter) for voter in voters)


def seen_of_confirmation(unit: Unit, arguments: Mapping[str, Any]) -> str | None:
    """The version of the order."""
    order = _find(unit, arguments)
    return None if order is None else str(order.version)


def confirm(unit: Unit, arguments: Mapping[str, Any], allowed: Allowed) -> Reference:
    """Confirm as the second person.

    Raises Refused where something speaks against it that nobody passed over, or that is not theirs to release.
    """
    order = _find(unit, arguments)
    if order is None:
        raise LookupError("the order is gone")
    try:
        lifecycle.confirm(unit, order.id, passed=arguments["passed"], allowed=allowed)
    except Objected as objected:
        voters = sorted({one.voter for one in objected.objections})
        raise Refused(
            _(
                "Something speaks against it that was not passed over, or that is not yours to release: ${voters}.",
                mapping={"voters": _titles(unit, voters)},
            )
        ) from objected
    return Reference(ORDER_KIND, order.public_id)


def _find(unit: Unit, arguments: Mapping[str, Any]) -> Order | None:
    return reading.find(unit.db, arguments["order"])
