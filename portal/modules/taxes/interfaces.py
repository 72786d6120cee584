"""What others may ASK of taxes: positions, rates, exchange rates."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Protocol

from portal.kernel.i18n import Text, _


class Position(Enum):
    """Where a customer stands towards the seller's country; decides the tax with the tax class."""

    DOMESTIC = "domestic"
    UNION_VAT_ID = "union_vat_id"
    UNION = "union"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class TaxClass:
    """A class of goods or services that are taxed alike: `code` is what documents store."""

    code: str
    title: str


@dataclass(frozen=True, slots=True)
class TaxRate:
    """One tax on a line. `key` names it on documents and in the tables of accounts ("DE-S-19")."""

    key: str
    title: str
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Taxation:
    """The answer for one tax class: the rates, and the text that a document must carry when it is exempt.

    `category` is the EN 16931 code: S standard, E exempt, K intra-community, G export, AE reverse charge, Z zero,
    O outside the scope (services that are taxed where the customer is).
    """

    rates: tuple[TaxRate, ...]
    category: str
    exemption: str


class ITaxes(Protocol):
    """Rates come from a table that people keep; nothing found is a refusal, never 0 %."""

    def classes(self) -> tuple[TaxClass, ...]:
        """The active tax classes, by title."""
        ...

    def position(self, country: str, vat_id: str, override: Position | None = None) -> Position:
        """The position of a buyer in `country`; an override by hand wins. Runs no query."""
        ...

    def taxation(
        self, classes: Collection[str], position: Position, on: date, language: str
    ) -> Mapping[str, Taxation]:
        """The taxation of each class at a tax point, in one statement.

        Raises Refused naming class, position and date where no row matches.
        """
        ...

    def exchange_rate(self, currency: str, on: date) -> Decimal:
        """Units of the base currency for one unit of `currency`: the newest rate up to that day.

        1 for the base currency itself; raises Refused naming currency and day where there is none.
        """
        ...


def position_title(position: Position) -> Text:
    """What a position is called on pages."""
    return _TITLES[position]


_TITLES: dict[Position, Text] = {
    Position.DOMESTIC: _("Domestic"),
    Position.UNION_VAT_ID: _("European Union, with VAT id"),
    Position.UNION: _("European Union, without VAT id"),
    Position.EXPORT: _("Export"),
}
