"""What can be allowed in the catalog, and the roles that allow it."""

from __future__ import annotations

from portal.kernel.card import Permission, Role
from portal.kernel.i18n import _

VIEW = "catalog.view"
EDIT = "catalog.edit"
MY_VIEW = "catalog.my.view"

PERMISSIONS = (
    Permission(VIEW, _("See products and categories")),
    Permission(EDIT, _("Keep products and categories")),
    Permission(MY_VIEW, _("Browse the catalog as a customer")),
)
ROLES = (
    Role("catalog.reader", _("Catalog: reader"), (VIEW,)),
    Role("catalog.editor", _("Catalog: editor"), (VIEW, EDIT)),
)
SCOPES = {"view": (MY_VIEW,)}
