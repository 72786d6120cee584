"""What people ask of the modules above them."""

from __future__ import annotations

from typing import Protocol

from portal.kernel.people import Scope


class IAccountCurrency(Protocol):
    """In which currency an account buys; whoever keeps the accounts provides it."""

    def currency(self, scope: Scope) -> str:
        """The account's currency."""
        ...
