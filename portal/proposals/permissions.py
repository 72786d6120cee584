"""What can be allowed about proposals: every employee may enter, what they see there follows from their other rights."""

from __future__ import annotations

from portal.kernel.card import Permission
from portal.kernel.i18n import _

ENTER = "proposals.enter"
DECIDE = "proposals.decide"

PERMISSIONS = (
    Permission(ENTER, _("See what waits for a second person"), personal=True),
    Permission(DECIDE, _("Agree to what others propose, decline it, withdraw one's own"), personal=True),
)
