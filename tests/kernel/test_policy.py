"""What the ini demands of those who enter a module: each demand refuses with its reason, step and setting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyramid.authorization import Everyone

from portal.kernel.card import Card, Permission, Role
from portal.kernel.errors import Denied, NextStep
from portal.kernel.people import METHODS, Factor, Identity, Method, Realm, principals
from portal.kernel.policy import settings_of
from portal.kernel.security import Rule, decide
from portal.kernel.settings import Settings
from portal.kernel.tree import ModuleRoot, Node

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
CARD = Card(
    name="vault",
    title="Vault",
    package="vault",
    permissions=(Permission("vault.open", "Open"),),
    roles=(Role("vault.keeper", "Keeper", ("vault.open",)),),
)
KEEPER = Identity(
    1,
    Realm.EMPLOYEES,
    "k@x.example",
    "K",
    "en",
    frozenset({"vault.keeper"}),
    (),
    Method.PASSWORD,
    NOW,
    1,
    NOW,
)


class VaultRoot(ModuleRoot):
    card = CARD


@dataclass
class FakeHouse:
    settings: Settings
    now: datetime = NOW
    personal: frozenset[str] = frozenset({"vault.inherit"})

    def clock(self) -> datetime:
        return self.now


class FakeRequest:
    """What deciding asks of a request."""

    def __init__(self, identity: Identity | None, address: str = "10.1.2.3", **ini: str) -> None:
        raw = {f"portal.vault.{key}": value for key, value in ini.items()}
        self.house = FakeHouse(Settings(raw, settings_of(CARD)))
        self.identified, self.remote_addr, self.method = identity, address, "GET"
        found: set[str] = principals(identity) if identity else set()
        self.principals = {Everyone, *found}

    def setting(self, setting: Any) -> Any:
        return self.house.settings[setting]


def ruling(identity: Identity | None, address: str = "10.1.2.3", **ini: str) -> Any:
    request: Any = FakeRequest(identity, address, **ini)
    return decide(request, VaultRoot(request, "vault", None), "vault.open")


def test_without_demands_a_role_is_enough() -> None:
    found = ruling(KEEPER)
    assert found.is_allowed
    assert found.rule is Rule.ACL
    assert found.entry == ("Allow", "role:vault.keeper", ("vault.open",))


def test_without_a_role_nothing_helps() -> None:
    for identity, step in ((None, NextStep.SIGN_IN), (replace(KEEPER, roles=frozenset()), NextStep.ASK)):
        found = ruling(identity)
        assert found.rule is Rule.ACL
        assert found.denied is not None
        assert found.denied.step is step


@pytest.mark.parametrize(
    ("ini", "identity", "step", "key"),
    [
        ({"accepts": "sso"}, KEEPER, NextStep.SIGN_IN, "accepts"),
        ({"require_mfa": "true"}, KEEPER, NextStep.SECOND_FACTOR, "require_mfa"),
        (
            {"max_age": "10"},
            replace(KEEPER, verified_at=NOW - timedelta(minutes=11)),
            NextStep.VERIFY,
            "max_age",
        ),
        ({"networks": "192.168.0.0/16 2001:db8::/32"}, KEEPER, NextStep.NONE, "networks"),
    ],
)
def test_each_demand_names_itself_and_the_next_step(
    ini: dict[str, str], identity: Identity, step: NextStep, key: str
) -> None:
    found = ruling(identity, **ini)
    assert isinstance(found.denied, Denied)
    assert found.denied.step is step
    assert found.setting == f"portal.vault.{key}"


@pytest.mark.parametrize(
    ("ini", "identity"),
    [
        ({"accepts": "sso password"}, KEEPER),
        ({"require_mfa": "true"}, replace(KEEPER, factors=frozenset({Factor.TOTP}))),
        ({"max_age": "10"}, replace(KEEPER, verified_at=NOW - timedelta(minutes=9))),
        ({"networks": "10.0.0.0/8"}, KEEPER),
    ],
)
def test_each_demand_can_be_met(ini: dict[str, str], identity: Identity) -> None:
    assert ruling(identity, **ini).is_allowed


def test_an_address_of_ipv4_in_ipv6_counts_as_what_it_is() -> None:
    assert ruling(KEEPER, "::ffff:10.1.2.3", networks="10.0.0.0/8").is_allowed
    assert not ruling(KEEPER, "::ffff:11.1.2.3", networks="10.0.0.0/8").is_allowed
    assert not ruling(KEEPER, "not an address", networks="10.0.0.0/8").is_allowed


def test_a_token_does_only_what_it_is_limited_to() -> None:
    token = replace(KEEPER, method=Method.TOKEN, limited_to=frozenset({"vault.open"}))
    assert ruling(token).is_allowed
    assert ruling(replace(token, limited_to=frozenset({"vault.close"}))).rule is Rule.TOKEN
    assert ruling(token, accepts="password").rule is Rule.METHOD


def test_whoever_looks_as_somebody_else_only_looks() -> None:
    request: Any = FakeRequest(replace(KEEPER, viewed_by="Admin"))
    root = VaultRoot(request, "vault", None)
    assert decide(request, root, "vault.open").is_allowed
    request.method = "POST"
    assert decide(request, root, "vault.open").rule is Rule.READ_ONLY


def test_a_place_below_decides_with_the_gate_of_its_root() -> None:
    class Gated(VaultRoot):
        def __gate__(self, request: Any) -> Denied | None:
            return Denied("closed on Sundays")

    request: Any = FakeRequest(KEEPER)
    found = decide(request, Node(request, "box", Gated(request, "vault", None)), "vault.open")
    assert found.rule is Rule.GATE
    assert isinstance(found.node, Gated)


def test_the_words_for_methods_are_those_of_the_ini() -> None:
    assert ruling(KEEPER, accepts=" ".join(method.value for method in METHODS)).is_allowed
