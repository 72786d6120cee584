"""Texts are looked up once per language: the second answer is the first one, and values are never remembered."""

from __future__ import annotations

from typing import Any

import pytest

from portal.kernel.i18n import _
from portal.web.locale import Remembering


class Counting:
    """A catalogue that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def gettext(self, message: str) -> str:
        self.asked.append(message)
        return {"Order": "Auftrag", "Order ${number}": "Auftrag ${number}"}.get(message, message)

    ugettext = gettext

    def dugettext(self, domain: str, message: str) -> str:
        return self.gettext(message) if domain == "portal" else message


@pytest.fixture
def german() -> tuple[Remembering, Counting]:
    catalogue = Counting()
    translations: Any = catalogue
    return Remembering("de", translations), catalogue


def test_a_text_is_looked_up_once(german: tuple[Remembering, Counting]) -> None:
    localizer, catalogue = german
    assert [localizer.translate(_("Order")) for _time in range(3)] == ["Auftrag"] * 3
    assert [localizer.translate("Order", domain="portal") for _time in range(3)] == ["Auftrag"] * 3
    assert catalogue.asked == ["Order"]


def test_values_are_not_remembered(german: tuple[Remembering, Counting]) -> None:
    localizer, _catalogue = german
    said = [localizer.translate(_("Order ${number}", mapping={"number": n})) for n in (1, 2)]
    assert said == ["Auftrag 1", "Auftrag 2"]
    assert localizer.translate("Order ${number}", "portal", {"number": 3}) == "Auftrag 3"


def test_another_domain_is_another_text(german: tuple[Remembering, Counting]) -> None:
    localizer, _catalogue = german
    assert localizer.translate("Order", domain="portal") == "Auftrag"
    assert localizer.translate("Order", domain="acme") == "Order"
    assert localizer.translate("Order") == "Order"
