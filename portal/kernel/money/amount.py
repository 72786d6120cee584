"""An amount with its currency, and its exchange into another."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import total_ordering

from portal.kernel.money.currency import exponent
from portal.kernel.money.rounding import Rounding, divide
from portal.kernel.money.scaled import bigint, ratio, whole_units


class CurrencyMismatch(ValueError):
    """Two currencies met in one sum or comparison."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__(f"{left} and {right} cannot be added or compared")


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """An amount in whole minor units of a currency: ``Money(1250, "EUR")`` is 12.50 euro.

    Adding and ordering across currencies raise `CurrencyMismatch`; equality across currencies is False.
    Raises `UnknownCurrency`, `OutOfRange` outside BIGINT, TypeError when `minor` is not an int.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units are an int, not {type(self.minor).__name__}")
        exponent(self.currency)
        bigint(self.minor)

    @classmethod
    def of(cls, amount: Decimal, currency: str) -> Money:
        """An amount in major units. Raises ValueError when it is not a whole number of minor units."""
        return cls(whole_units(amount, exponent(currency)), currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        return cls(0, currency)

    @property
    def amount(self) -> Decimal:
        """In major units, with all the decimals of the currency: ``Decimal("12.50")``."""
        return Decimal(f"{self.minor}e-{exponent(self.currency)}")

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(self.currency, other.currency)
        return other.minor


def convert(
    minor: int, source: str, target: str, rate: Decimal, rounding: Rounding = Rounding.HALF_UP
) -> int:
    """Minor units of the target currency for minor units of the source; the rate is units of target per unit of source.

    Raises ValueError unless the rate is positive, `UnknownCurrency`, `OutOfRange` outside BIGINT.
    """
    numerator, denominator = ratio(rate)
    if numerator <= 0:
        raise ValueError(f"an exchange rate is positive, not {rate}")
    return bigint(
        divide(minor * numerator * 10 ** exponent(target), denominator * 10 ** exponent(source), rounding)
    )
