"""What can be allowed in the tax tables, and the roles that allow it."""

from __future__ import annotations

from portal.kernel.card import Permission, Role
from portal.kernel.i18n import _

VIEW = "taxes.view"
MANAGE = "taxes.manage"

PERMISSIONS = (
    Permission(VIEW, _("See tax classes, tax rates and exchange rates")),
    Permission(MANAGE, _("Keep tax classes, tax rates and exchange rates")),
)
ROLES = (
    Role("taxes.reader", _("Tax tables: reader"), (VIEW,)),
    Role("taxes.manager", _("Tax tables: manager"), (VIEW, MANAGE)),
)
