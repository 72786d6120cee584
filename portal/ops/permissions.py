"""What can be allowed in the operations of the portal."""

from __future__ import annotations

from portal.kernel.card import Permission, Role
from portal.kernel.i18n import _

ADMINISTER = "ops.administer"
AUDIT = "ops.audit"
ENTER = "ops.enter"

PERMISSIONS = (
    Permission(ADMINISTER, _("Look after mail, background jobs, settings and modules")),
    Permission(AUDIT, _("Read the audit log: who did what, when, from where")),
    Permission(ENTER, _("See the index of /admin; follows from the right to any page there")),
)

ROLES = (
    Role("ops.administrator", _("Administrator of the portal"), (ADMINISTER,)),
    # Apart from administrators: what they do is in the log too.
    Role("ops.auditor", _("Auditor, who reads the audit log"), (AUDIT,)),
)
