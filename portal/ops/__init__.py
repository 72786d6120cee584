"""Operations: the worker, mail, issued documents, health, the request log, and /admin.

Owns: mail on its way out, issued documents; chains and shows the audit log. Runs the background jobs of all modules.
Provides: `portal.kernel.mail.IMail`. Offers: pages of /admin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.kernel.card import Card, NavEntry
from portal.kernel.i18n import _
from portal.ops import permissions, settings

if TYPE_CHECKING:
    from portal.kernel.composition import Composer

CARD = Card(
    name="ops",
    title=_("Administration"),
    package="portal.ops",
    permissions=permissions.PERMISSIONS,
    roles=permissions.ROLES,
    settings=settings.ALL,
    navigation=(NavEntry(_("Administration"), "", permissions.ENTER, "settings", 90),),
    migrations=True,
    house=True,
)


def includeme(config: Composer) -> None:
    """Connect operations."""
    from pyramid.events import ApplicationCreated

    from portal.kernel.mail import IMail
    from portal.ops import (
        admin,
        audit_chain,
        audit_checks,
        audit_list,
        boot,
        checks,
        documents,
        loop,
        mail,
        tidy,
    )
    from portal.ops.resources import AdminRoot
    from portal.ops.verification import CHAINS
    from portal.web.preview import EFFECTS
    from portal.web.slots import HISTORY

    AdminRoot.card = CARD
    config.mount(CARD, AdminRoot, segment="admin")
    config.provide(IMail, mail.MailQueue, module=CARD.name)
    config.job(mail.SEND, mail.send_job, module=CARD.name)
    config.job(documents.RENDER, documents.render_job, module=CARD.name, patient=True)
    config.job(tidy.TIDY, tidy.tidy_job, module=CARD.name, every=tidy.EVERY)
    config.verify(
        "ops.documents",
        checks.documents_unchanged,
        title=_("Issued documents are the bytes that were issued"),
        module=CARD.name,
    )
    config.job(audit_chain.SEAL, audit_chain.seal_job, module=CARD.name, every=audit_chain.EVERY)
    config.verify(
        "ops.audit",
        audit_checks.audit_is_chained,
        title=_("The audit log is as it was sealed, without a gap"),
        module=CARD.name,
    )
    config.offer(CHAINS, audit_checks.links, module=CARD.name)
    config.before_serving("ops.demo", boot.no_demo_in_production, module=CARD.name)
    for page in admin.PAGES:
        config.offer(admin.ADMIN_PAGES, page, module=CARD.name, permission=page().permission, order=80)
    config.add_tween(
        "portal.ops.log.request_log_tween",
        under="portal.web.transactions.statements_tween",
        over="portal.web.transactions.afterwards_tween",
    )
    config.add_subscriber(loop.start_embedded, ApplicationCreated)
    config.offer(EFFECTS, mail.effects, module=CARD.name)
    config.offer(HISTORY, audit_list.history, module=CARD.name, permission=permissions.AUDIT)
    config.scan("portal.ops.views")
    config.scan("portal.ops.design")
    config.scan("portal.ops.audit_views")
    config.scan("portal.ops.health")
