"""The pages that operations offer below /admin."""

from __future__ import annotations

from collections.abc import Callable

from portal.kernel.i18n import _
from portal.ops.permissions import ADMINISTER, AUDIT
from portal.ops.resources import AuditPage, DesignPage, JobsPage, MailPage, ModulesPage, SettingsPage
from portal.web.slots import ADMIN_PAGES, AdminPage

__all__ = ["ADMIN_PAGES", "PAGES"]


def mail_page() -> AdminPage:
    """`/admin/mail`."""
    return AdminPage("mail", _("Mail"), MailPage, ADMINISTER, icon="mail")


def jobs_page() -> AdminPage:
    """`/admin/jobs`."""
    return AdminPage("jobs", _("Background jobs"), JobsPage, ADMINISTER, icon="clock")


def settings_page() -> AdminPage:
    """`/admin/settings`."""
    return AdminPage("settings", _("Settings"), SettingsPage, ADMINISTER, icon="settings")


def modules_page() -> AdminPage:
    """`/admin/modules`."""
    return AdminPage("modules", _("Modules"), ModulesPage, ADMINISTER, icon="box")


def audit_page() -> AdminPage:
    """`/admin/audit`."""
    return AdminPage("audit", _("Audit log"), AuditPage, AUDIT, icon="book")


def design_page() -> AdminPage:
    """`/admin/design`."""
    return AdminPage("design", _("Design"), DesignPage, ADMINISTER, icon="layout-dashboard")


PAGES: tuple[Callable[[], AdminPage], ...] = (
    mail_page,
    jobs_page,
    settings_page,
    modules_page,
    audit_page,
    design_page,
)
