"""What other modules ask of taxes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal

from sqlalchemy import Row, Select, and_, func, or_, select

from portal.kernel.errors import Refused
from portal.kernel.i18n import _
from portal.kernel.money import from_scaled
from portal.kernel.unit import Unit
from portal.modules.taxes.interfaces import Position, Taxation, TaxClass, TaxRate, position_title
from portal.modules.taxes.models import ExchangeRateRow, TaxClassRow, TaxRateRow
from portal.modules.taxes.services.positions import decide

#: Class, key, title, scaled percentage, category, and the exemption in both languages.
_Found = Row[str, str, str, int, str, str, str]


class Taxes:
    """The implementation of `ITaxes` over the tables that people keep."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def classes(self) -> tuple[TaxClass, ...]:
        """The active tax classes, by title."""
        rows = self._unit.db.execute(
            select(TaxClassRow.code, TaxClassRow.title)
            .where(TaxClassRow.active)
            .order_by(TaxClassRow.title, TaxClassRow.code)
        )
        return tuple(TaxClass(code, title) for code, title in rows)

    def position(self, country: str, vat_id: str, override: Position | None = None) -> Position:
        """The position of a buyer in `country`; an override by hand wins. Runs no query."""
        if override is not None:
            return override
        return decide(self._unit.company.country, country, vat_id, self._unit.today())

    def taxation(
        self, classes: Collection[str], position: Position, on: date, language: str
    ) -> Mapping[str, Taxation]:
        """The taxation of each class at a tax point, in one statement.

        Raises Refused naming class, position and date where no row matches.
        """
        if not classes:
            return {}
        grouped: dict[str, list[_Found]] = {}
        for row in self._unit.db.execute(_in_force(classes, position, on)):
            grouped.setdefault(row.code, []).append(row)
        for code in sorted(set(classes) - set(grouped)):
            raise self._no_rate(code, position, on)
        return {code: _taxation(rows, language) for code, rows in grouped.items()}

    def _no_rate(self, code: str, position: Position, on: date) -> Refused:
        return Refused(
            _(
                "There is no tax rate for the class “${class}” in the position “${position}” on ${date}.",
                mapping={"class": code, "position": position_title(position), "date": on},
            )
        )

    def exchange_rate(self, currency: str, on: date) -> Decimal:
        """Units of the base currency for one unit of `currency`: the newest rate up to that day.

        1 for the base currency itself; raises Refused naming currency and day where there is none.
        """
        if currency == self._unit.company.currency:
            return Decimal(1)
        rate = self._unit.db.scalar(
            select(ExchangeRateRow.rate)
            .where(ExchangeRateRow.currency == currency, ExchangeRateRow.day <= on)
            .order_by(ExchangeRateRow.day.desc())
            .limit(1)
        )
        if rate is None:
            raise Refused(
                _(
                    "There is no exchange rate for ${currency} on ${date}.",
                    mapping={"currency": currency, "date": on},
                )
            )
        return from_scaled(rate)


def _in_force(
    classes: Collection[str], position: Position, on: date
) -> Select[str, str, str, int, str, str, str]:
    """Of each class the rows that began last, unless they have ended; older ones never come back."""
    newest = (
        select(TaxRateRow.class_id, func.max(TaxRateRow.valid_from).label("begin"))
        .join(TaxClassRow, TaxClassRow.id == TaxRateRow.class_id)
        .where(
            TaxClassRow.code.in_(classes), TaxRateRow.position == position.value, TaxRateRow.valid_from <= on
        )
        .group_by(TaxRateRow.class_id)
        .subquery()
    )
    return (
        select(
            TaxClassRow.code,
            TaxRateRow.key,
            TaxRateRow.title,
            TaxRateRow.percent,
            TaxRateRow.category,
            TaxRateRow.exemption_en,
            TaxRateRow.exemption_de,
        )
        .join(TaxClassRow, TaxClassRow.id == TaxRateRow.class_id)
        .join(
            newest,
            and_(newest.c.class_id == TaxRateRow.class_id, newest.c.begin == TaxRateRow.valid_from),
        )
        .where(
            TaxRateRow.position == position.value,
            or_(TaxRateRow.valid_to.is_(None), TaxRateRow.valid_to >= on),
        )
        .order_by(TaxRateRow.key)
    )


def _taxation(rows: list[_Found], language: str) -> Taxation:
    first = rows[0]
    german = language.lower().startswith("de")
    exemption = (
        (first.exemption_de or first.exemption_en) if german else (first.exemption_en or first.exemption_de)
    )
    return Taxation(
        rates=tuple(TaxRate(row.key, row.title, from_scaled(row.percent)) for row in rows),
        category=first.category,
        exemption=exemption,
    )
