"""What can be allowed in the operations of the portal."""

from __future__ import annotations

from portal.kernel.card import Permission, Role
from portal.kernel.i18n import _

ADMINISTER = "ops.administer"

PERMISSIONS = (Permission(ADMINISTER, _("Look after mail, background jobs, settings and modules")),)

ROLES = (Role("ops.administrator", _("Administrator of the portal"), (ADMINISTER,)),)
