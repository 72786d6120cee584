"""Taxes: what tax a line bears, and exchange rates, both from tables that people keep.

Owns: tax classes, tax rates by class, position and date, exchange rates by date.
Publishes: nothing.
Requires: nothing.
Roles: taxes.reader (sees the tables), taxes.manager (keeps them).
Settings: none; the seller's country and base currency are the company's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.kernel.card import Card, NavEntry
from portal.kernel.i18n import _
from portal.modules.taxes import permissions

if TYPE_CHECKING:
    from portal.kernel.composition import Composer

CARD = Card(
    name="taxes",
    title=_("Taxes"),
    package="portal.modules.taxes",
    permissions=permissions.PERMISSIONS,
    roles=permissions.ROLES,
    navigation=(
        NavEntry(_("Tax rates"), "", permissions.VIEW, "receipt-tax", 80),
        NavEntry(_("Tax classes"), "classes/", permissions.VIEW, "tags", 80),
        NavEntry(_("Exchange rates"), "exchange-rates/", permissions.VIEW, "coins", 80),
    ),
    migrations=True,
)


def includeme(config: Composer) -> None:
    """Connect the module."""
    from portal.modules.taxes import demo, resources, services
    from portal.modules.taxes.interfaces import ITaxes
    from portal.modules.taxes.services.checks import TITLE, check_rates

    config.mount(CARD, resources.TaxesRoot)
    config.provide(ITaxes, services.Taxes, module=CARD.name)
    config.verify("taxes.rates", check_rates, title=TITLE, module=CARD.name)
    config.demo(demo.run, module=CARD.name)
    config.scan("portal.modules.taxes.views")
