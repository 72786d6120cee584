"""The limits above which acts need a second person: read from the ini, checked at boot."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import portal
from portal.kernel import four_eyes
from portal.kernel.card import Card, GuardedAct, Permission, Role
from portal.kernel.composition import Composer
from portal.kernel.errors import BootRefused
from portal.kernel.four_eyes import ALWAYS, Description, needs_second
from portal.ops import overview
from portal.testing import raw_settings

ALL = ("taxes", "customers", "catalog", "orders", "finance")
CONFIRM = "portal.orders.four_eyes.confirm"
LOCK_DATE = "portal.finance.four_eyes.lock_date"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'boot.sqlite'}"


def limits(raw: dict[str, str]) -> dict[str, int]:
    house = portal.compose(raw).house
    house.database.engine.dispose()
    return dict(house.limits)


def refusal(raw: dict[str, str]) -> str:
    with pytest.raises(BootRefused) as refused:
        portal.compose(raw)
    return str(refused.value)


def test_no_limit_is_set_by_default(url: str) -> None:
    assert limits(raw_settings(ALL, url)) == {}


@pytest.mark.parametrize(
    ("currency", "value", "minor"),
    [("EUR", "1000", 100_000), ("EUR", "0.5", 50), ("EUR", "0", ALWAYS), ("JPY", "1000", 1000), ("KWD", "1.005", 1005)],
)  # fmt: skip
def test_a_limit_is_in_major_units_of_the_base_currency(
    url: str, currency: str, value: str, minor: int
) -> None:
    raw = raw_settings(ALL, url) | {CONFIRM: value, "portal.company.currency": currency}
    assert limits(raw) == {"orders.confirm": minor}


def test_an_act_of_no_amount_is_switched(url: str) -> None:
    raw = raw_settings(ALL, url) | {LOCK_DATE: "true", "portal.people.four_eyes.grant": "false"}
    assert limits(raw) == {"finance.lock_date": ALWAYS}


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        (CONFIRM, "-1", "must be an amount"),
        (CONFIRM, "1.000,50", "must be an amount"),
        (CONFIRM, "1e3", "must be an amount"),
        (CONFIRM, "NaN", "must be an amount"),
        (CONFIRM, "true", "must be an amount"),
        (CONFIRM, "1000.505", "has more decimals than EUR, which has 2"),
        (CONFIRM, "9999999999999999.9999", "has more decimals than EUR, which has 2"),
        (CONFIRM, "99999999999999999", "must be an amount"),
        (LOCK_DATE, "100", "must be true or false"),
    ],
)
def test_what_is_no_limit_stops_the_boot(url: str, key: str, value: str, sentence: str) -> None:
    said = refusal(raw_settings(ALL, url) | {key: value})
    assert said.startswith(f"{key} {sentence}")


def test_a_limit_beyond_what_can_be_stored_stops_the_boot(url: str) -> None:
    raw = raw_settings(ALL, url) | {CONFIRM: "9999999999999999", "portal.company.currency": "CLF"}
    assert refusal(raw) == f"{CONFIRM} is greater than any amount that can be stored"


def test_a_mistyped_act_is_noticed(url: str) -> None:
    said = refusal(raw_settings(ALL, url) | {"portal.orders.four_eyes.confrim": "1"})
    assert said == f"unknown setting portal.orders.four_eyes.confrim; did you mean {CONFIRM}?"


def test_the_settings_are_listed(url: str) -> None:
    house = portal.compose(raw_settings(ALL, url) | {CONFIRM: "1000.50", LOCK_DATE: "true"}).house
    house.database.engine.dispose()
    shown = {one.key: one for one in overview.settings(house) if ".four_eyes." in one.key}
    assert {key: (one.value, one.origin) for key, one in shown.items()} == {
        CONFIRM: ("1000.50", "ini"),
        "portal.finance.four_eyes.post": ("", "default"),
        "portal.finance.four_eyes.credit": ("", "default"),
        "portal.finance.four_eyes.pay": ("", "default"),
        "portal.finance.four_eyes.reverse_payment": ("", "default"),
        "portal.finance.four_eyes.journal": ("", "default"),
        LOCK_DATE: ("true", "ini"),
        "portal.people.four_eyes.grant": ("false", "default"),
    }
    assert shown[CONFIRM].help.startswith("Confirm an order: ")


@pytest.mark.parametrize(
    ("limit", "measured", "needed"),
    [
        (None, 10**9, False),
        (100, 100, False),
        (100, 101, True),
        (100, -101, True),
        (ALWAYS, 0, True),
        (ALWAYS, None, True),
        (100, None, True),
    ],
)
def test_above_the_limit_and_not_at_it(limit: int | None, measured: int | None, needed: bool) -> None:
    assert needs_second(limit, measured) is needed


# --- what a module has to bring -----------------------------------------------------------------------------


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put an outside module with acts under four eyes, and guards for some of them, where it can be imported."""

    def put(acts: tuple[GuardedAct, ...], *guarded: str) -> None:
        def includeme(config: Composer) -> None:
            for act in guarded:
                config.guard(
                    act,
                    module="vault",
                    describe=lambda _unit, _arguments: Description("Open"),
                    seen=lambda _unit, _arguments: "",
                    perform=lambda _unit, _arguments, _allowed: None,
                )

        made: Any = types.ModuleType("vault")
        made.CARD = Card(
            "vault",
            "Vault",
            "vault",
            permissions=(Permission("vault.open", "Open"),),
            roles=(Role("vault.keeper", "Keeper", ("vault.open",)),),
            four_eyes=acts,
        )
        made.includeme = includeme
        monkeypatch.setitem(sys.modules, "vault", made)

    return put


OPEN = GuardedAct("vault.open", "Open the vault", "vault.open", measured=False)


def test_an_outside_module_brings_an_act_with_its_setting(url: str, module: Callable[..., None]) -> None:
    module((OPEN,), "vault.open")
    raw = raw_settings(("vault",), url) | {"portal.vault.four_eyes.open": "true"}
    assert limits(raw) == {"vault.open": ALWAYS}


@pytest.mark.parametrize(
    ("acts", "guarded", "sentence"),
    [
        ((OPEN,), (), "the act vault.open under four eyes has no guard: config.guard was not called for it"),
        ((), ("vault.open",), "vault guards vault.open, which no card puts under four eyes"),
        (
            (GuardedAct("vault.open", "Open", "vault.opn"),),
            ("vault.open",),
            "the act vault.open under four eyes asks for vault.opn, which no card declares",
        ),
        (
            (GuardedAct("orders.open", "Open", "vault.open"),),
            ("orders.open",),
            "the card of vault puts orders.open under four eyes, which is no act of vault",
        ),
    ],
)
def test_an_act_that_nobody_could_decide_on_stops_the_boot(
    url: str,
    module: Callable[..., None],
    acts: tuple[GuardedAct, ...],
    guarded: tuple[str, ...],
    sentence: str,
) -> None:
    module(acts, *guarded)
    assert refusal(raw_settings(("vault",), url)) == sentence


def test_amounts_are_written_plainly() -> None:
    assert four_eyes.amount(" ") is None
    assert str(four_eyes.amount(" 1000.50 ")) == "1000.50"
