"""Keeping tax rates. History is not rewritten: a change is a new set of rates from a day on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from portal.kernel.errors import Conflict, Invalid, Refused
from portal.kernel.i18n import Text, _
from portal.kernel.money import from_scaled, to_scaled
from portal.kernel.unit import Unit
from portal.modules.taxes.interfaces import Position, TaxRate
from portal.modules.taxes.models import TaxClassRow, TaxRateRow
from portal.modules.taxes.services.classes import find_class, lock_classes

#: Categories of EN 16931 (UNTDID 5305).
CATEGORIES: dict[str, Text] = {
    "S": _("Standard or reduced rate"),
    "Z": _("Zero rate"),
    "E": _("Exempt"),
    "K": _("Intra-Community supply"),
    "AE": _("Reverse charge"),
    "G": _("Export"),
    "O": _("Outside the scope of tax"),
}
#: Those whose documents must say why no tax is charged (Directive 2006/112/EC, Art. 226, 11 and 11a).
_EXPLAINED = frozenset({"E", "K", "AE", "G", "O"})


@dataclass(frozen=True, slots=True)
class RateSet:
    """The rates of a class in a position that begin on one day, under the public id of one of them."""

    public_id: str
    class_code: str
    class_title: str
    position: Position
    valid_from: date
    valid_to: date | None
    category: str
    exemption_en: str
    exemption_de: str
    rates: tuple[TaxRate, ...]


def find_rates(unit: Unit, public_id: str) -> RateSet | None:
    """The set that a rate belongs to, None when unknown."""
    one = (
        select(TaxRateRow.class_id, TaxRateRow.position, TaxRateRow.valid_from)
        .where(TaxRateRow.public_id == public_id)
        .subquery()
    )
    rows = unit.db.execute(
        select(TaxRateRow, TaxClassRow)
        .join(TaxClassRow, TaxClassRow.id == TaxRateRow.class_id)
        .join(
            one,
            (one.c.class_id == TaxRateRow.class_id)
            & (one.c.position == TaxRateRow.position)
            & (one.c.valid_from == TaxRateRow.valid_from),
        )
        .order_by(TaxRateRow.key)
    ).all()
    if not rows:
        return None
    first, tax_class = rows[0]
    return RateSet(
        public_id=public_id,
        class_code=tax_class.code,
        class_title=tax_class.title,
        position=Position(first.position),
        valid_from=first.valid_from,
        valid_to=first.valid_to,
        category=first.category,
        exemption_en=first.exemption_en,
        exemption_de=first.exemption_de,
        rates=tuple(TaxRate(row.key, row.title, from_scaled(row.percent)) for row, _class in rows),
    )


def is_future(unit: Unit, found: RateSet) -> bool:
    """Whether the set has not begun: only then it can be taken away."""
    return found.valid_from > unit.today()


def begin_rates(
    unit: Unit,
    class_code: str,
    position: Position,
    valid_from: date,
    category: str,
    rates: Sequence[TaxRate],
    exemption: Mapping[str, str] | None = None,
) -> str:
    """Begin a set of rates on a day; it replaces what holds until then. Returns the public id of the set.

    `exemption` gives the text for documents by language ("en", "de"). Raises Invalid for contradictory rates, Refused
    for a day between sets that are recorded already.
    """
    lock_classes(unit)
    texts = {"en": "", "de": "", **(exemption or {})}
    tax_class = find_class(unit, class_code)
    if tax_class is None:
        raise Invalid({"class_code": _("There is no such tax class.")})
    _check(category, rates, texts)
    _check_keys(unit, rates)
    _check_day(unit, tax_class.id, position, valid_from)
    rows = [
        TaxRateRow(
            class_id=tax_class.id,
            position=position.value,
            valid_from=valid_from,
            key=rate.key,
            title=rate.title,
            percent=to_scaled(rate.percent),
            category=category,
            exemption_en=texts["en"],
            exemption_de=texts["de"],
            recorded_at=unit.now(),
            recorded_by=unit.actor.name,
        )
        for rate in rates
    ]
    unit.db.add_all(rows)
    unit.db.flush()
    return rows[0].public_id


def end_rates(unit: Unit, found: RateSet, last_day: date) -> None:
    """Let a set hold until a day, that day included; documents after it are refused until other rates begin.

    Raises Refused for a set that has ended, Conflict for one that is gone, Invalid for an end before today (documents
    may have been issued since).
    """
    rows = _locked(unit, found)
    if any(row.valid_to is not None for row in rows):
        raise Refused(_("These rates have an end already."))
    if last_day < max(found.valid_from, unit.today()):
        raise Invalid({"last_day": _("The last day may not lie in the past, nor before the first day.")})
    for row in rows:
        row.valid_to = last_day


def remove_rates(unit: Unit, found: RateSet) -> None:
    """Take away a set that has not begun. Raises Refused for one that has: it is history, Conflict for one that is gone."""
    if not is_future(unit, found):
        raise Refused(_("These rates have begun: they can be ended or replaced, not removed."))
    for row in _locked(unit, found):
        unit.db.delete(row)
    unit.db.flush()


def _locked(unit: Unit, found: RateSet) -> Sequence[TaxRateRow]:
    """The rows of a set as they are stored now. Raises Conflict when somebody else has removed them."""
    lock_classes(unit)
    rows = unit.db.scalars(
        select(TaxRateRow)
        .join(TaxClassRow, TaxClassRow.id == TaxRateRow.class_id)
        .where(
            TaxClassRow.code == found.class_code,
            TaxRateRow.position == found.position.value,
            TaxRateRow.valid_from == found.valid_from,
        )
        .execution_options(populate_existing=True)
    ).all()
    if not rows:
        raise Conflict(_("Somebody else has removed these rates."))
    return rows


def _check(category: str, rates: Sequence[TaxRate], texts: Mapping[str, str]) -> None:
    errors: dict[str, Text] = {}
    if category not in CATEGORIES:
        errors["category"] = _("There is no such category.")
    if not rates:
        errors["rates"] = _("Enter at least one rate.")
    if len({rate.key for rate in rates}) < len(rates):
        errors["rates"] = _("Each rate has a key of its own.")
    for number, rate in enumerate(rates):
        if (category == "S") != (rate.percent > 0) or rate.percent > 100:
            errors[f"rates-{number}-percent"] = _("Category S has rates above 0 %, every other one 0 %.")
    if category in _EXPLAINED:
        for language in ("en", "de"):
            if not texts[language]:
                errors[f"exemption_{language}"] = _("Documents without tax must say why.")
    if errors:
        raise Invalid(errors)


def _check_keys(unit: Unit, rates: Sequence[TaxRate]) -> None:
    """One key, one percentage: books and tax returns are kept by key."""
    wanted = {rate.key: to_scaled(rate.percent) for rate in rates}
    stored = unit.db.execute(
        select(TaxRateRow.key, TaxRateRow.percent).where(TaxRateRow.key.in_(wanted)).distinct()
    )
    for key, percent in stored:
        if percent != wanted[key]:
            number = next(place for place, rate in enumerate(rates) if rate.key == key)
            figure = from_scaled(percent)
            raise Invalid(
                {f"rates-{number}-key": _("This key stands for ${figure} %.", mapping={"figure": figure})}
            )


def _check_day(unit: Unit, class_id: int, position: Position, day: date) -> None:
    first, last = unit.db.execute(
        select(func.min(TaxRateRow.valid_from), func.max(TaxRateRow.valid_from)).where(
            TaxRateRow.class_id == class_id, TaxRateRow.position == position.value
        )
    ).one()
    if not first or not last:
        return
    if first <= day <= last:
        raise Refused(
            _(
                "Rates of this class and position are recorded until ${date}: new ones begin after it.",
                mapping={"date": last},
            )
        )
