"""The card: what a module says of itself before it is included.

A package of the portal, ours or foreign, has a module-level `CARD` and an `includeme(config)`. The card can be
read without composing anything; `includeme` connects what the card promises.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from portal.kernel.i18n import Text
from portal.kernel.settings import Setting


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing that can be allowed: `orders.confirm`."""

    name: str
    title: Text
    #: Whether it takes a person: no API token ever has it, whoever made the token.
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Role:
    """A bundle of permissions of one module that an administrator grants: `orders.clerk`."""

    name: str
    title: Text
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GuardedAct:
    """An act that the ini may put under four eyes: `orders.confirm` (see portal.kernel.four_eyes).

    Whoever decides has `permission`, as whoever proposes. A `measured` act has an amount, and its setting a limit; any
    other is put under four eyes as a whole. `fresh` asks whoever agrees for a proof of identity that is minutes old.
    """

    name: str
    title: Text
    permission: str
    measured: bool = True
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class NavEntry:
    """An entry of the staff navigation; `path` is below the module's root, "" the root itself."""

    title: Text
    path: str
    permission: str
    icon: str = "circle"
    #: Where the module's entries stand among those of others: daily work first, settings last.
    order: int = 50


@dataclass(frozen=True)
class Card:
    """What a package brings.

    `name` is the address segment, the prefix of its tables and of its permissions. `scopes` maps a scope of a
    customer's membership to the permissions it gives below `/my/<account>/<name>`. `migrations` says that the
    package has a room of that name. `house` marks the parts that are always there.
    """

    name: str
    title: Text
    package: str
    requires: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    permissions: tuple[Permission, ...] = ()
    roles: tuple[Role, ...] = ()
    scopes: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    settings: tuple[Setting[Any], ...] = ()
    navigation: tuple[NavEntry, ...] = ()
    four_eyes: tuple[GuardedAct, ...] = ()
    migrations: bool = False
    house: bool = False

    @cached_property
    def grantable(self) -> frozenset[str]:
        """The permissions that roles of the module hold: only those can stand in a role that somebody composes."""
        return frozenset(name for role in self.roles for name in role.permissions)

    @property
    def prefix(self) -> str:
        """What the names of the package's tables begin with."""
        return f"{self.name}_"
