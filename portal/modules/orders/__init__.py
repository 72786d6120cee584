"""Orders: from a request or a quotation to the delivered order.

Owns: orders with their lines and sent revisions, deliveries, comments, timelines.
Publishes: OrderConfirmed, OrderDelivered, OrderDeliveryUndone, OrderLineCancelled, OrderCancelled; asks OrderConfirming
and OrderCancelling before.
Requires: customers, catalog (and with them taxes).
Roles: orders.clerk (quotations, confirming), orders.manager (releases, cancels), orders.shipper (delivers),
orders.reader; customers see their orders with the scope "view", request and decide with "order", and decide on what
colleagues may not accept by themselves with "approve".
Settings: portal.orders.tax_rounding, portal.orders.confirm_accepted, portal.orders.bill_on, portal.orders.valid_days,
portal.orders.four_eyes.confirm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.kernel.card import Card, NavEntry
from portal.kernel.i18n import _
from portal.modules.orders import permissions
from portal.modules.orders.settings import SETTINGS

if TYPE_CHECKING:
    from portal.kernel.composition import Composer

CARD = Card(
    name="orders",
    title=_("Orders"),
    package="portal.modules.orders",
    requires=("customers", "catalog"),
    optional=("inventory",),
    permissions=permissions.PERMISSIONS,
    roles=permissions.ROLES,
    scopes=permissions.SCOPES,
    settings=SETTINGS,
    navigation=(NavEntry(_("Orders"), "", permissions.VIEW, "file-text", 10),),
    four_eyes=permissions.FOUR_EYES,
    migrations=True,
)


def includeme(config: Composer) -> None:
    """Connect the module."""
    from portal.kernel.composition import DocumentType
    from portal.modules.catalog.interfaces import IBuyerCurrency
    from portal.modules.customers.events import CustomerArchiving, DepartmentArchiving
    from portal.modules.orders import checks, demo, jobs, my, panels, resources, subscribers
    from portal.modules.orders.interfaces import IOrders
    from portal.modules.orders.services import guards
    from portal.modules.orders.services.billing import Orders
    from portal.modules.orders.services.buying import BuyerCurrency
    from portal.modules.orders.services.lifecycle import CONFIRM_JOB, DOCUMENT_KIND
    from portal.modules.orders.views.actions import register_actions
    from portal.modules.orders.views.shown import linked_order
    from portal.my.views.documents import offer_links
    from portal.proposals import events

    name = CARD.name
    config.mount(CARD, resources.OrdersRoot)
    config.my_page(
        CARD, my.MyOrders, title=_("Orders"), permission=permissions.MY_VIEW, icon="file-text", order=20
    )
    config.provide(IOrders, Orders, module=name)
    config.provide(IBuyerCurrency, BuyerCurrency, module=name)
    linked = (permissions.MY_VIEW, permissions.MY_ACCEPT)
    config.refer(DocumentType(DOCUMENT_KIND, name, _("Order"), "", permissions.VIEW, "orders/", linked))
    offer_links(config, resources.OrderNode, permissions.EDIT, linked_order)
    config.hear(CustomerArchiving, subscribers.refuse_open_orders, module=name)
    config.guard(
        permissions.CONFIRM_ACT,
        module=name,
        describe=guards.describe_confirmation,
        seen=guards.seen_of_confirmation,
        perform=guards.confirm,
    )
    config.hear(events.ActProposed, subscribers.note_proposed, module=name)
    config.hear(events.ProposalAgreed, subscribers.note_agreed, module=name)
    config.hear(events.ProposalDeclined, subscribers.note_declined, module=name)
    config.hear(events.ProposalWithdrawn, subscribers.note_withdrawn, module=name)
    config.hear(events.ProposalLapsed, subscribers.note_lapsed, module=name)
    config.hear(DepartmentArchiving, subscribers.refuse_open_orders_of_department, module=name)
    config.job(CONFIRM_JOB, jobs.confirm_accepted, module=name)
    config.job(jobs.EXPIRE, jobs.expire, module=name, every=jobs.EXPIRE_EVERY)
    config.verify(checks.TOTALS, checks.check_totals, title=checks.TOTALS_TITLE, module=name)
    config.verify(checks.QUANTITIES, checks.check_quantities, title=checks.QUANTITIES_TITLE, module=name)
    config.verify(checks.COLUMNS, checks.check_progress, title=checks.COLUMNS_TITLE, module=name)
    config.verify(checks.DEPARTMENTS, checks.check_departments, title=checks.DEPARTMENTS_TITLE, module=name)
    config.demo(demo.run, module=name)
    panels.offer(config, name)
    register_actions(config)
    config.scan("portal.modules.orders.views")
    config.scan("portal.modules.orders.my")
