"""How the states of orders are called on pages, to employees and to customers."""

from __future__ import annotations

from collections.abc import Mapping

from portal.kernel.i18n import Text, _
from portal.modules.orders.interfaces import BILL_BY_HAND, BILL_ON_CONFIRMATION, BILL_ON_DELIVERY
from portal.modules.orders.models import FULLY, NONE, PARTLY, SETTLED
from portal.modules.orders.transitions import State
from portal.web.badges import Badge

STATES: Mapping[str, Badge] = {
    State.REQUESTED: Badge(_("Requested"), "warning"),
    State.QUOTATION: Badge(_("Draft"), "neutral"),
    State.SENT: Badge(_("Sent"), "info"),
    State.ACCEPTED: Badge(_("Accepted"), "progress"),
    State.DECLINED: Badge(_("Declined"), "danger"),
    State.EXPIRED: Badge(_("Expired"), "neutral"),
    State.WITHDRAWN: Badge(_("Withdrawn"), "neutral"),
    State.CONFIRMED: Badge(_("Confirmed"), "progress"),
    State.CLOSED: Badge(_("Closed"), "success"),
    State.CANCELLED: Badge(_("Cancelled"), "danger"),
}

OWN_STATES: Mapping[str, Badge] = {
    **STATES,
    State.REQUESTED: Badge(_("Requested, being prepared"), "info"),
    State.QUOTATION: Badge(_("Being prepared"), "info"),
    State.SENT: Badge(_("Waiting for your decision"), "warning"),
    State.ACCEPTED: Badge(_("Accepted, being confirmed"), "progress"),
}

#: States in which it means something how far an order is delivered and billed.
UNDER_WAY = (State.CONFIRMED, State.CLOSED, State.CANCELLED)

DELIVERY: Mapping[str, Badge] = {
    NONE: Badge(_("Not delivered"), "neutral"),
    PARTLY: Badge(_("Partly delivered"), "progress"),
    FULLY: Badge(_("Delivered"), "success"),
}

BILLING: Mapping[str, Badge] = {
    NONE: Badge(_("Not invoiced"), "neutral"),
    PARTLY: Badge(_("Partly invoiced"), "progress"),
    FULLY: Badge(_("Invoiced"), "info"),
    SETTLED: Badge(_("Paid"), "success"),
}

_OWED = Badge(_("Invoiced, not paid"), "warning")


def billing_badge(state: str, billing: str) -> Badge:
    """How far an order is billed; a closed one had been paid, or was closed by hand: what is owed stands out there."""
    return _OWED if state == State.CLOSED and billing == FULLY else BILLING[billing]


BILL_ON_TITLES: Mapping[str, Text] = {
    BILL_ON_CONFIRMATION: _("On confirmation"),
    BILL_ON_DELIVERY: _("On delivery"),
    BILL_BY_HAND: _("By hand"),
}
