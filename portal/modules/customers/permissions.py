"""What can be allowed with customers, and the roles and scopes that allow it."""

from __future__ import annotations

from portal.kernel.card import Permission, Role
from portal.kernel.i18n import _

VIEW = "customers.view"
EDIT = "customers.edit"
INVITE = "customers.invite"
ARCHIVE = "customers.archive"
MY_VIEW = "customers.my.view"
MY_MANAGE = "customers.my.manage"

PERMISSIONS = (
    Permission(VIEW, _("See customers")),
    Permission(EDIT, _("Create and change customers")),
    Permission(INVITE, _("Invite people of customers to the portal")),
    Permission(ARCHIVE, _("Archive customers")),
    Permission(MY_VIEW, _("See the own company's data and addresses")),
    Permission(MY_MANAGE, _("Change the own company's addresses and departments")),
)
ROLES = (
    Role("customers.reader", _("Customers: reader"), (VIEW,)),
    Role("customers.clerk", _("Customers: clerk"), (VIEW, EDIT, INVITE)),
    Role("customers.manager", _("Customers: manager"), (VIEW, EDIT, INVITE, ARCHIVE)),
)
SCOPES = {"view": (MY_VIEW,), "manage": (MY_VIEW, MY_MANAGE)}
