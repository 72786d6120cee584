"""The module's two mounts; the policy is that of the card."""

from __future__ import annotations

from acme_loyalty import CARD
from portal.kernel.tree import CustomerRoot, ModuleRoot


class Loyalty(ModuleRoot):
    """/loyalty"""

    card = CARD


class MyLoyalty(CustomerRoot):
    """/my/<account>/loyalty: points are the account's, so nobody sees them who is limited to departments of it."""

    card = CARD
    of_whole_account = frozenset({"acme_loyalty.my.view"})
