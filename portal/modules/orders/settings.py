"""The settings of orders."""

from __future__ import annotations

from portal.kernel.settings import Setting, choice, positive
from portal.modules.orders.interfaces import BILL_BY_HAND, BILL_ON_CONFIRMATION, BILL_ON_DELIVERY

TAX_ROUNDING = Setting(
    "portal.orders.tax_rounding",
    choice("document", "line"),
    "document",
    "where tax is rounded on new orders: once per rate and document, or for each line",
)
CONFIRM_ACCEPTED = Setting(
    "portal.orders.confirm_accepted",
    choice("hand", "auto"),
    "hand",
    "who confirms an accepted quotation: a clerk, or the portal unless somebody objects",
)
BILL_ON = Setting(
    "portal.orders.bill_on",
    choice(BILL_ON_CONFIRMATION, BILL_ON_DELIVERY, BILL_BY_HAND),
    BILL_ON_DELIVERY,
    "when the invoice of a new order is drafted; each order may say otherwise",
)
VALID_DAYS = Setting("portal.orders.valid_days", positive, "30", "days that a quotation is valid")

SETTINGS = (TAX_ROUNDING, CONFIRM_ACCEPTED, BILL_ON, VALID_DAYS)
