"""Cards are ordered by what they require, and what is wrong with the list of modules is said in one sentence."""

from __future__ import annotations

import itertools
import sys
import types
from collections.abc import Iterator

import pytest

from portal.kernel.card import Card
from portal.kernel.composition import order_cards, read_card
from portal.kernel.errors import BootRefused


def card(name: str, *requires: str, optional: tuple[str, ...] = (), package: str = "") -> Card:
    return Card(name, name, package or f"p.{name}", requires=requires, optional=optional)


CARDS = (
    card("taxes"),
    card("customers", "taxes"),
    card("catalog", "taxes"),
    card("orders", "customers", "catalog"),
    card("finance", "customers", "taxes", optional=("orders",)),
)


def test_every_order_in_the_ini_gives_the_same_house() -> None:
    expected = ["taxes", "catalog", "customers", "orders", "finance"]
    for cards in itertools.permutations(CARDS):
        assert [one.name for one in order_cards(cards)] == expected


def test_an_absent_optional_module_is_no_matter() -> None:
    names = [one.name for one in order_cards([CARDS[4], CARDS[1], CARDS[0]])]
    assert names == ["taxes", "customers", "finance"]


@pytest.mark.parametrize(
    ("cards", "sentence"),
    [
        ([CARDS[1]], "portal.modules lacks taxes, which customers requires"),
        (
            [card("a", package="one"), card("a", package="two")],
            "portal.modules names two modules called a: one and two",
        ),
        (
            [card("a", "b"), card("b", "a")],
            "portal.modules names modules that require each other:",
        ),
    ],
)
def test_a_wrong_list_is_refused(cards: list[Card], sentence: str) -> None:
    with pytest.raises(BootRefused) as refused:
        order_cards(cards)
    assert str(refused.value).startswith(sentence)


@pytest.fixture
def outside() -> Iterator[types.ModuleType]:
    module = types.ModuleType("outside_module")
    sys.modules["outside_module"] = module
    yield module
    del sys.modules["outside_module"]


def test_a_package_without_a_card_is_refused(outside: types.ModuleType) -> None:
    with pytest.raises(BootRefused, match=r"portal\.modules names outside_module, which has no CARD"):
        read_card("outside_module")


def test_an_outside_package_is_read(outside: types.ModuleType) -> None:
    outside.CARD = card("outside")  # type: ignore[attr-defined]
    assert read_card("outside_module").name == "outside"


def test_a_package_that_is_not_there_is_refused() -> None:
    with pytest.raises(BootRefused, match=r"portal\.modules names not_there, which cannot be imported"):
        read_card("not_there")
