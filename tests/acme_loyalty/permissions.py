"""Permissions and roles."""

from __future__ import annotations

from portal.kernel.card import Permission, Role
from portal.kernel.i18n import _

PERMISSIONS = (
    Permission("acme_loyalty.view", _("See loyalty points")),
    Permission("acme_loyalty.grant", _("Grant loyalty points")),
    Permission("acme_loyalty.release", _("Release orders of new customers")),
    Permission("acme_loyalty.my.view", _("See one's own loyalty points")),
)
ROLES = (
    Role("acme_loyalty.reader", _("Reader of loyalty points"), ("acme_loyalty.view",)),
    Role(
        "acme_loyalty.keeper",
        _("Keeper of loyalty points"),
        ("acme_loyalty.view", "acme_loyalty.grant", "acme_loyalty.release"),
    ),
)
