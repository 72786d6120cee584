"""What can be allowed about people."""

from __future__ import annotations

from portal.kernel.card import GuardedAct, Permission, Role
from portal.kernel.i18n import _

ADMINISTER = "people.administer"
PROFILE = "people.profile"
EXPLAIN = "people.explain"
VIEW_AS = "people.view_as"
#: The role whose last holder stays: without one, nobody could grant anything any more.
ADMINISTRATOR = "people.administrator"

PERMISSIONS = (
    Permission(ADMINISTER, _("Invite employees, grant roles, disable people"), personal=True),
    Permission(EXPLAIN, _("See who may do what, and why"), personal=True),
    Permission(VIEW_AS, _("See the portal as somebody else, without changing anything"), personal=True),
    Permission(PROFILE, _("Change one's own name, language and password"), personal=True),
)
ROLES = (
    Role(ADMINISTRATOR, _("Administrator of people"), (ADMINISTER, EXPLAIN)),
    Role("people.supporter", _("Supporter, who sees the portal as others do"), (VIEW_AS, EXPLAIN)),
)

#: The act that the ini may put under four eyes.
GRANT_ACT = "people.grant"
FOUR_EYES = (
    GuardedAct(
        GRANT_ACT, _("Grant roles, or add rights to composed ones"), ADMINISTER, measured=False, fresh=True
    ),
)
