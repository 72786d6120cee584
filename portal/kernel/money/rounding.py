"""The two ways of rounding to the minor unit. Both are symmetric: a credit rounds as the invoice it mirrors."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from portal.kernel.money.scaled import bigint, ratio


class Rounding(StrEnum):
    """What becomes of exactly half a minor unit."""

    HALF_UP = "half_up"
    """Away from zero: 0.125 becomes 0.13, -0.125 becomes -0.13."""
    HALF_EVEN = "half_even"
    """To the even neighbour: 0.125 becomes 0.12, 0.135 becomes 0.14."""


def divide(numerator: int, denominator: int, rounding: Rounding) -> int:
    """The rounded quotient; the denominator is positive."""
    quotient, rest = divmod(abs(numerator), denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and (rounding is Rounding.HALF_UP or quotient % 2)):
        quotient += 1
    return quotient if numerator >= 0 else -quotient


def round_minor(value: Decimal, exponent: int, rounding: Rounding) -> int:
    """A value in major units as whole minor units of a currency with that exponent.

    Raises ValueError for NaN and infinity, `OutOfRange` outside BIGINT.
    """
    numerator, denominator = ratio(value)
    return bigint(divide(numerator * 10**exponent, denominator, rounding))
