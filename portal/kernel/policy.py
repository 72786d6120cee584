"""What the ini may demand of those who enter a module: how they signed in, how lately, with what, from where.

Each package with permissions of its own has these settings, derived from its card. They tighten and never widen: a role
is still needed. They hold at every mount of the module; what is asked of all people of customers stands under
`portal.my.*`, which every page of theirs is below.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Any

from portal.kernel.errors import Denied, NextStep
from portal.kernel.four_eyes import limit_of
from portal.kernel.i18n import _
from portal.kernel.people import Method
from portal.kernel.settings import Setting, boolean, whole

if TYPE_CHECKING:
    from portal.kernel.card import Card, Role
    from portal.kernel.request import Request
    from portal.kernel.settings import Settings

Network = IPv4Network | IPv6Network


def methods(value: str) -> frozenset[Method]:
    """Ways of signing in, separated by white space."""
    known = {method.value: method for method in Method}
    given = value.split()
    if not given or not set(given) <= set(known):
        raise ValueError(f"must be one or more of: {' '.join(known)}")
    return frozenset(known[word] for word in given)


def networks(value: str) -> tuple[Network, ...]:
    """Networks such as 10.0.0.0/8 2001:db8::/32, separated by white space; none stands for everywhere."""
    try:
        return tuple(ip_network(word) for word in value.split())
    except ValueError as error:
        raise ValueError(f"must be networks such as 10.0.0.0/8: {error}") from None


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings that tighten who may enter one module."""

    accepts: Setting[frozenset[Method]]
    require_mfa: Setting[bool]
    max_age: Setting[int]
    networks: Setting[tuple[Network, ...]]

    @property
    def settings(self) -> tuple[Setting[Any], ...]:
        """All of them."""
        return (self.accepts, self.require_mfa, self.max_age, self.networks)


@cache
def _policy(module: str) -> Policy:
    everyone = " ".join(method.value for method in Method)
    return Policy(
        Setting(f"portal.{module}.accepts", methods, everyone, "ways of signing in that may enter"),
        Setting(f"portal.{module}.require_mfa", boolean, "false", "whether a second factor is needed"),
        Setting(
            f"portal.{module}.max_age", whole, "0", "minutes since the last proof of identity; 0 for any"
        ),
        Setting(f"portal.{module}.networks", networks, "", "networks one may come from; empty for all"),
    )


def policy_of(card: Card) -> Policy:
    """The policy settings of the package with that card."""
    return _policy(card.name)


def settings_of(card: Card) -> tuple[Setting[Any], ...]:
    """All settings of a package: its own, those of its policy where something can be allowed in it, the limits above
    which its acts need a second person, and its roles'."""
    return (
        *card.settings,
        *(policy_of(card).settings if card.permissions else ()),
        *(limit_of(card, act) for act in card.four_eyes),
        *(groups_of(role) for role in card.roles),
    )


_GROUP = "group:"


def groups(value: str) -> frozenset[str]:
    """Groups such as group:Finance group:"Heads of Sales", separated by white space."""
    reader = shlex.shlex(value, posix=True)
    reader.whitespace_split, reader.commenters, reader.escape = True, "", ""
    try:
        given = list(reader)
    except ValueError as error:
        raise ValueError(f"has a quotation mark too few: {error}") from None
    if any(not word.startswith(_GROUP) or word == _GROUP for word in given):
        raise ValueError('must be groups such as group:Finance group:"Heads of Sales"')
    return frozenset(word.removeprefix(_GROUP) for word in given)


@cache
def _groups(role: str) -> Setting[frozenset[str]]:
    return Setting(
        f"portal.roles.{role}",
        groups,
        "",
        "groups of the provider or the directory whose people have this role",
    )


def groups_of(role: Role) -> Setting[frozenset[str]]:
    """The setting that names the groups whose people have a role from their next sign-in on."""
    return _groups(role.name)


def roles_of_groups(cards: Iterable[Card], settings: Settings, given: Collection[str]) -> frozenset[str]:
    """The roles that the ini gives to the people of these groups."""
    return frozenset(
        role.name for card in cards for role in card.roles if not settings[groups_of(role)].isdisjoint(given)
    )


@dataclass(frozen=True, slots=True)
class Demand:
    """What a policy demands and was not met, with the setting that demands it."""

    denied: Denied
    setting: str


def unmet(card: Card, request: Request) -> Demand | None:
    """The first demand of the ini on those who enter the module that this request does not meet."""
    identity = request.identified
    if identity is None:
        return None
    policy, settings = policy_of(card), request.house.settings
    if not _is_within(settings, policy, request.remote_addr):
        reason = _("This part of the portal cannot be used from where you are.")
        return Demand(Denied(reason, NextStep.NONE, policy.networks.key), policy.networks.key)
    if not identity.method.is_of_person:
        # A program or the holder of a link has neither a second factor nor a moment of proof; `accepts` decides whether it may enter.
        return None
    if settings[policy.require_mfa] and not identity.factors:
        reason = _("This part of the portal needs a second factor.")
        key = policy.require_mfa.key
        return Demand(Denied(reason, NextStep.SECOND_FACTOR, key), key)
    age = settings[policy.max_age]
    if age and request.house.clock() - identity.verified_at > timedelta(minutes=age):
        reason = _("Please show once more that it is you.")
        return Demand(Denied(reason, NextStep.VERIFY, policy.max_age.key), policy.max_age.key)
    return None


def _is_within(settings: Settings, policy: Policy, address: str | None) -> bool:
    allowed = settings[policy.networks]
    if not allowed:
        return True
    try:
        found: IPv4Address | IPv6Address = ip_address(address or "")
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in allowed)
