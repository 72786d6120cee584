"""Acts that one employee alone may do only up to a limit of the ini; above it a second one has to agree.

A card declares the acts that may be put under four eyes, and each has a setting derived from it; the module says by
`config.guard(…)` how such an act is shown to the second person and done by them. What was proposed, and who decides,
is the business of `portal.proposals`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from portal.kernel.errors import BootRefused
from portal.kernel.i18n import Text
from portal.kernel.money import Money, OutOfRange, exponent
from portal.kernel.settings import Setting, boolean

if TYPE_CHECKING:
    from portal.kernel.card import Card, GuardedAct
    from portal.kernel.settings import Settings
    from portal.kernel.unit import Unit

#: Whether the person who decides has a permission of a module: (module, permission) → yes or no.
Allowed = Callable[[str, str], bool]

#: The limit of an act that needs a second person whatever it amounts to.
ALWAYS = 0
_AMOUNT = re.compile(r"\d{1,16}(\.\d{1,4})?")


@dataclass(frozen=True, slots=True)
class Description:
    """What the second person reads before they decide: a heading, and pairs of a term and what it stands for.

    Days and amounts are written in the language of whoever reads them; "" leaves a line out.
    """

    title: Text
    lines: tuple[tuple[Text, Text | date | Money], ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """A document by kind (see `DocumentType`) and public id."""

    kind: str
    public_id: str


@dataclass(frozen=True, slots=True)
class Guard:
    """How an act under four eyes is shown and done; each function gets the arguments that the verb stored.

    - `describe` says what will be done. LookupError when what it is about is gone.
    - `seen` is what the verb would say now that it saw; None when what it is about is gone or was done already.
    - `perform` does it by the normal verb, as the person who agrees, and returns what came of it.
    """

    act: str
    module: str
    describe: Callable[[Unit, Mapping[str, Any]], Description]
    seen: Callable[[Unit, Mapping[str, Any]], str | None]
    perform: Callable[[Unit, Mapping[str, Any], Allowed], Reference | None]


def amount(value: str) -> Decimal | None:
    """An amount in major units of the base currency, zero or above; None for an empty value."""
    text = value.strip()
    if not text:
        return None
    if not _AMOUNT.fullmatch(text):
        raise ValueError(
            "must be an amount in the company's currency such as 1000 or 1000.50, not negative, or empty"
        )
    return Decimal(text)


@cache
def _setting(module: str, act: str, title: str, measured: bool) -> Setting[Any]:
    key = f"portal.{module}.four_eyes.{act}"
    if measured:
        explained = "amount above which a second employee has to agree; 0 for always, empty for never"
        return Setting(key, amount, "", f"{title}: {explained}")
    return Setting(key, boolean, "false", f"{title}: whether a second employee has to agree")


def limit_of(card: Card, act: GuardedAct) -> Setting[Any]:
    """The setting that puts an act of a card under four eyes."""
    return _setting(card.name, act.name.removeprefix(f"{card.name}."), str(act.title), act.measured)


def limits(cards: Iterable[Card], settings: Settings, currency: str) -> dict[str, int]:
    """The limits in force, by act, in minor units of the base currency; `ALWAYS` for those that have no amount.

    Raises BootRefused for an amount that the currency cannot express.
    """
    found: dict[str, int] = {}
    for card in cards:
        for act in card.four_eyes:
            setting = limit_of(card, act)
            given: Decimal | bool | None = settings[setting]
            if isinstance(given, Decimal):
                found[act.name] = _minor(setting, given, currency)
            elif given:
                found[act.name] = ALWAYS
    return found


def _minor(setting: Setting[Any], given: Decimal, currency: str) -> int:
    try:
        return Money.of(given, currency).minor
    except OutOfRange:
        raise BootRefused(f"{setting.key} is greater than any amount that can be stored") from None
    except ValueError:
        raise BootRefused(
            f"{setting.key} has more decimals than {currency}, which has {exponent(currency)}"
        ) from None


def needs_second(limit: int | None, measured: int | None) -> bool:
    """Whether an act needs a second person under a limit: one of no amount always, any other above the limit.

    `measured` is in minor units of the base currency; the sign does not matter.
    """
    if limit is None:
        return False
    return limit == ALWAYS or measured is None or abs(measured) > limit
