"""Self-service: `/my/<account>`, made of what modules offer to customers.

Owns nothing of its own: memberships belong to people, pages below an account to the modules that offer them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.kernel.card import Card
from portal.kernel.i18n import _
from portal.my.permissions import PERMISSIONS, SCOPES, VIEW

if TYPE_CHECKING:
    from portal.kernel.composition import Composer

CARD = Card(
    name="my",
    title=_("My account"),
    package="portal.my",
    permissions=PERMISSIONS,
    scopes=SCOPES,
    house=True,
)


def includeme(config: Composer) -> None:
    """Connect self-service."""
    from portal.my.resources import Colleagues, MyRoot

    config.mount(CARD, MyRoot)
    config.my_page(
        CARD, Colleagues, title=_("Colleagues"), permission=VIEW, segment="colleagues", icon="users", order=90
    )
    config.scan("portal.my.views")
