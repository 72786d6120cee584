"""What people offer to /admin."""

from __future__ import annotations

from portal.kernel.i18n import _
from portal.people.permissions import ADMINISTER, EXPLAIN, VIEW_AS
from portal.people.resources import AccessPage, RolesPage, UsersPage, ViewAsPage
from portal.web.slots import AdminPage


def users_page() -> AdminPage:
    """The page of all people."""
    return AdminPage("users", _("People"), UsersPage, ADMINISTER, "users")


def roles_page() -> AdminPage:
    """The page of composed roles."""
    return AdminPage("roles", _("Roles"), RolesPage, ADMINISTER, "check")


def access_page() -> AdminPage:
    """The page that says who may do what, and why."""
    return AdminPage("access", _("Access"), AccessPage, EXPLAIN, "search")


def view_as_page() -> AdminPage:
    """The page where somebody begins to look as another."""
    return AdminPage("view-as", _("See as somebody else"), ViewAsPage, VIEW_AS, "users")
