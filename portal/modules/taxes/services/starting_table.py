"""A table of rates to begin with, for sellers of some countries."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select

from portal.kernel.errors import Refused
from portal.kernel.i18n import _
from portal.kernel.unit import Unit
from portal.modules.taxes.interfaces import Position, TaxRate
from portal.modules.taxes.models import TaxRateRow
from portal.modules.taxes.services.classes import add_class, find_class
from portal.modules.taxes.services.positions import UNION_SINCE
from portal.modules.taxes.services.rates import begin_rates

_FILE = Path(__file__).resolve().parent.parent / "data" / "starting_rates.toml"


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def has_starting_table(country: str) -> bool:
    """Whether there is a table for sellers in that country."""
    return country in _table()["countries"]


def offers_starting_table(unit: Unit) -> bool:
    """Whether the company's table is empty and could be filled."""
    return has_starting_table(unit.company.country) and unit.db.scalar(select(TaxRateRow.id).limit(1)) is None


def install_defaults(unit: Unit) -> None:
    """Fill the empty table with classes and rates for the company's country.

    Raises Refused where rates are kept already, or no table for the country is known.
    """
    country = unit.company.country
    if not has_starting_table(country):
        raise Refused(_("There is no starting table for ${country}.", mapping={"country": country}))
    if not offers_starting_table(unit):
        raise Refused(_("There are tax rates already."))
    table = _table()
    for code, entry in table["classes"].items():
        if find_class(unit, code) is None:
            add_class(unit, code, _title(entry["title"], unit.company.language))
    taxed = (Position.DOMESTIC, Position.UNION) if country in UNION_SINCE else (Position.DOMESTIC,)
    for code, entry in table["classes"].items():
        for position in taxed:
            _begin_taxed(unit, country, code, entry["rate"], position)
        for name, category in entry["union" if country in UNION_SINCE else "elsewhere"].items():
            _begin_untaxed(unit, country, code, Position(name), category)


def _title(titles: dict[str, str], language: str) -> str:
    return titles.get(language.partition("-")[0], titles["en"])


def _begin_taxed(unit: Unit, country: str, code: str, rate: str, position: Position) -> None:
    entry = _table()["countries"][country]
    for period in entry["periods"]:
        percent = Decimal(period[rate])
        category = "S" if percent else "Z"
        begin_rates(unit, code, position, period["from"], category, [_rate(country, category, percent)])


def _begin_untaxed(unit: Unit, country: str, code: str, position: Position, category: str) -> None:
    table = _table()
    begin: date = table["countries"][country]["periods"][0]["from"]
    texts: dict[str, str] = table["countries"][country].get("texts", table["texts"])[category]
    begin_rates(unit, code, position, begin, category, [_rate(country, category, Decimal(0))], texts)


def _rate(country: str, category: str, percent: Decimal) -> TaxRate:
    tax: str = _table()["countries"][country]["tax"]
    return TaxRate(f"{country}-{category}-{percent:f}", f"{tax} {percent:f} %", percent)
