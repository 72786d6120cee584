"""Finance: invoices, payments, and an append-only ledger.

Owns: chart of accounts, posting rules, journals and entries, invoices and credit notes, payments and their allocation,
the lock date.
Publishes: InvoicePosting (a vote), InvoicePosted, PaymentRecorded, PaymentReversed.
Hears: orders (confirmed, delivered, taken back, cancelled) and CustomerArchiving; asks IOrders where orders are there.
Requires: customers, taxes. Optional: orders.
Roles: finance.reader, finance.accountant, finance.controller (also the chart, rules, and opening closed periods);
customers with the scope "view" see /my/<account>/invoices, with "pay" what is to be paid and how, with "statements"
/my/<account>/statement.
Settings: portal.finance.* (series, fiscal year, rounding policy, accounts by number, limits above which a second person
has to agree).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.kernel.card import Card, NavEntry
from portal.kernel.i18n import _
from portal.modules.finance import permissions
from portal.modules.finance.settings import SETTINGS

if TYPE_CHECKING:
    from portal.kernel.composition import Composer

CARD = Card(
    name="finance",
    title=_("Finance"),
    package="portal.modules.finance",
    requires=("customers", "taxes"),
    optional=("orders",),
    permissions=permissions.PERMISSIONS,
    roles=permissions.ROLES,
    scopes=permissions.SCOPES,
    settings=SETTINGS,
    navigation=(
        NavEntry(_("Invoices"), "invoices/", permissions.VIEW, "file-invoice"),
        NavEntry(_("Payments"), "payments/", permissions.VIEW, "cash"),
        NavEntry(_("Reports"), "reports/", permissions.VIEW, "report-money"),
        NavEntry(_("Ledger"), "entries/", permissions.VIEW, "book"),
        NavEntry(_("Accounts"), "accounts/", permissions.VIEW, "list"),
    ),
    four_eyes=permissions.FOUR_EYES,
    migrations=True,
)


def includeme(config: Composer) -> None:
    """Connect the module."""
    from portal.kernel.composition import DocumentType
    from portal.modules.customers.events import CustomerArchiving, DepartmentArchiving
    from portal.modules.customers.interfaces import CUSTOMER_PANELS
    from portal.modules.finance import chains, checks, demo, my, panels, resources, subscribers
    from portal.modules.finance.services import guard, guards
    from portal.modules.finance.views.invoices import linked_invoice
    from portal.modules.orders import events
    from portal.modules.orders.interfaces import MY_ORDER_PANELS, ORDER_PANELS
    from portal.my.views.documents import offer_links
    from portal.ops.verification import CHAINS
    from portal.web.preview import EFFECTS
    from portal.web.slots import HOME_CARDS, MY_HOME_CARDS

    name, view, own = CARD.name, permissions.VIEW, permissions.MY_VIEW
    config.mount(CARD, resources.FinanceRoot)
    config.my_page(
        CARD,
        my.MyInvoices,
        segment="invoices",
        title=_("Invoices"),
        permission=own,
        icon="file-invoice",
        order=30,
    )
    config.my_page(
        CARD,
        my.MyStatement,
        segment="statement",
        title=_("Statement"),
        permission=permissions.MY_STATEMENTS,
        icon="report-money",
        order=40,
    )
    config.hear(events.OrderConfirmed, subscribers.draft_on_confirmation, module=name)
    config.hear(events.OrderDelivered, subscribers.draft_on_delivery, module=name)
    config.hear(events.OrderDeliveryUndone, subscribers.redraft_after_undoing, module=name)
    config.hear(events.OrderLineCancelled, subscribers.redraft_after_cancelling, module=name)
    config.hear(events.OrderCancelled, subscribers.withdraw_drafts, module=name)
    config.hear(CustomerArchiving, subscribers.refuse_archiving, module=name)
    config.hear(DepartmentArchiving, subscribers.refuse_archiving_department, module=name)
    config.offer(ORDER_PANELS, panels.invoices_of_order, module=name, permission=view, order=20)
    config.offer(MY_ORDER_PANELS, panels.own_invoices_of_order, module=name, permission=own, order=20)
    config.offer(CUSTOMER_PANELS, panels.receivables_of_customer, module=name, permission=view, order=20)
    config.offer(EFFECTS, panels.effects, module=name, permission=view, order=20)
    config.offer(HOME_CARDS, panels.to_do, module=name, permission=view, order=30)
    config.offer(MY_HOME_CARDS, panels.owed, module=name, permission=permissions.MY_PAY, order=30)
    linked = (own, permissions.MY_PAY)
    config.refer(DocumentType("finance.invoice", name, _("Invoice"), "invoices/", view, "invoices/", linked))
    offer_links(config, resources.InvoiceNode, permissions.POST, linked_invoice)
    config.refer(DocumentType("finance.payment", name, _("Payment"), "payments/", view))
    config.refer(DocumentType("finance.entry", name, _("Entry"), "entries/", view))
    guards.connect(config, name)
    for check, title, run in checks.CHECKS:
        config.verify(f"finance.{check}", run, title=title, module=name)
    config.offer(CHAINS, chains.links, module=name)
    config.before_serving("finance.base_currency", guard.check_base_currency, module=name)
    config.demo(demo.run, module=name)
    config.scan("portal.modules.finance.views")
    config.scan("portal.modules.finance.my")
