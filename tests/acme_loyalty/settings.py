"""What the ini may say."""

from __future__ import annotations

from portal.kernel.settings import Setting, positive

POINTS_PER = Setting(
    "portal.acme_loyalty.points_per",
    positive,
    "10",
    "units of net amount in the order's currency for a point",
)
HOLD_ABOVE = Setting(
    "portal.acme_loyalty.hold_above",
    positive,
    "50000",
    "gross above which an order of a new customer is held",
)
WARN_ABOVE = Setting(
    "portal.acme_loyalty.warn_above", positive, "5000", "gross above which the order of a new customer warns"
)
