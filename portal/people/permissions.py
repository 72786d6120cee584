"""What can be allowed about people."""

from __future__ import annotations

from portal.kernel.card import Permission, Role
from portal.kernel.i18n import _

ADMINISTER = "people.administer"
PROFILE = "people.profile"
#: The role whose last holder stays: without one, nobody could grant anything any more.
ADMINISTRATOR = "people.administrator"

PERMISSIONS = (
    Permission(ADMINISTER, _("Invite employees, grant roles, disable people")),
    Permission(PROFILE, _("Change one's own name, language and password")),
)
ROLES = (Role(ADMINISTRATOR, _("Administrator of people"), (ADMINISTER,)),)
