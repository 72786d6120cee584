"""What people offer to /admin."""

from __future__ import annotations

from portal.kernel.i18n import _
from portal.people.permissions import ADMINISTER
from portal.people.resources import UsersPage
from portal.web.slots import AdminPage


def users_page() -> AdminPage:
    """The page of all people."""
    return AdminPage("users", _("People"), UsersPage, ADMINISTER, "users")
