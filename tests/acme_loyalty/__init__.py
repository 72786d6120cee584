"""Loyalty points: a specimen of an outside module, written as its author would write it.

Owns: points per confirmed order. Hears: OrderConfirmed, OrderCancelled; votes on OrderConfirming.
Requires: customers, orders. Roles: acme_loyalty.keeper, acme_loyalty.reader.
Settings: portal.acme_loyalty.points_per, portal.acme_loyalty.hold_above, portal.acme_loyalty.warn_above.

It imports only `portal.*` and is added by one word in `portal.modules`.
"""

from __future__ import annotations

from datetime import timedelta

from acme_loyalty.permissions import PERMISSIONS, ROLES
from acme_loyalty.settings import HOLD_ABOVE, POINTS_PER, WARN_ABOVE
from portal.kernel.card import Card, NavEntry
from portal.kernel.composition import Composer
from portal.kernel.i18n import _

CARD = Card(
    name="acme_loyalty",
    title=_("Loyalty"),
    package="acme_loyalty",
    requires=("customers", "orders"),
    permissions=PERMISSIONS,
    roles=ROLES,
    scopes={"view": ("acme_loyalty.my.view",)},
    settings=(POINTS_PER, HOLD_ABOVE, WARN_ABOVE),
    navigation=(NavEntry(_("Loyalty"), "", "acme_loyalty.view", "star"),),
    migrations=True,
)


def includeme(config: Composer) -> None:
    """Connect the rooms."""
    from acme_loyalty import checks, jobs, panels, resources, subscribers
    from portal.modules.orders.events import OrderCancelled, OrderConfirmed, OrderConfirming
    from portal.modules.orders.interfaces import ORDER_PANELS

    config.mount(CARD, resources.Loyalty, segment="loyalty")
    config.my_page(
        CARD,
        resources.MyLoyalty,
        segment="loyalty",
        title=_("Loyalty"),
        permission="acme_loyalty.my.view",
        icon="star",
    )
    config.hear(OrderConfirming, subscribers.vote, module=CARD.name)
    config.hear(OrderConfirmed, subscribers.reward, module=CARD.name)
    config.hear(OrderCancelled, subscribers.withdraw, module=CARD.name)
    config.offer(ORDER_PANELS, panels.points_of_order, module=CARD.name, permission="acme_loyalty.view")
    config.job("acme_loyalty.expire", jobs.expire, module=CARD.name, every=timedelta(days=1))
    config.verify(
        "acme_loyalty.points", checks.points_belong_to_orders, title=_("Loyalty points"), module=CARD.name
    )
    config.add_locale("acme_loyalty:locale")
    config.scan("acme_loyalty.views")
    config.scan("acme_loyalty.my")
