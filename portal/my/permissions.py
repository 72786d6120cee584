"""What the people of a customer can be allowed in their account."""

from __future__ import annotations

from portal.kernel.card import Permission
from portal.kernel.i18n import _

VIEW = "my.view"
MANAGE = "my.manage"

PERMISSIONS = (
    Permission(VIEW, _("See the account's home and colleagues")),
    Permission(MANAGE, _("Invite colleagues and change what they may do"), personal=True),
)
SCOPES = {"view": (VIEW,), "manage": (MANAGE,)}
