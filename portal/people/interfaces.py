"""What people ask of the modules above them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from portal.kernel.people import Scope


@dataclass(frozen=True, slots=True)
class AccountDepartment:
    """A department of an account that people can be limited to."""

    id: int
    public_id: str
    name: str


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """What managing the people of an account has to know of it: its currency, and its departments in use by name."""

    currency: str
    departments: tuple[AccountDepartment, ...] = ()


class IAccountTerms(Protocol):
    """What people ask about an account; whoever keeps the accounts provides it."""

    def terms(self, scope: Scope) -> AccountTerms:
        """The account's currency and, of its departments, those in the scope: one statement."""
        ...
