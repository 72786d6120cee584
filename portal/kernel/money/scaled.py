"""Decimals as the integers the database keeps, and back, exactly.

Nothing here uses the arithmetic of `Decimal`: that rounds silently to the precision of the thread's context.
"""

from __future__ import annotations

from decimal import Decimal

SCALE = 1_000_000
"""Quantities, unit prices, percents and exchange rates are stored as integers scaled by this."""

_PLACES = 6
_BIGINT_MIN, _BIGINT_MAX = -(2**63), 2**63 - 1
_MAX_MAGNITUDE = 100  # powers of ten: far beyond any stored figure, far below what fills the memory


class OutOfRange(ValueError):
    """A figure too great for a BIGINT (or absurdly small), so that it could not be stored."""


def bigint(value: int) -> int:
    """The value itself. Raises `OutOfRange` when a BIGINT cannot hold it."""
    if not _BIGINT_MIN <= value <= _BIGINT_MAX:
        raise OutOfRange(f"an amount of {value.bit_length()} bits does not fit a BIGINT")
    return value


def ratio(value: Decimal) -> tuple[int, int]:
    """The value as numerator and positive denominator.

    Raises ValueError for NaN and infinity, `OutOfRange` for magnitudes beyond 10^±100 (a typed ``1e999999999`` would
    otherwise be expanded to its digits).
    """
    if not value.is_finite():
        raise ValueError(f"{value} is not a number")
    if value and abs(value.adjusted()) > _MAX_MAGNITUDE:
        raise OutOfRange(f"{value} is out of range")
    return value.as_integer_ratio() if value else (0, 1)


def whole_units(value: Decimal, places: int) -> int:
    """The value in units of 10^-places.

    Raises ValueError when the value has more decimals than that, `OutOfRange` outside BIGINT.
    """
    numerator, denominator = ratio(value)
    units, rest = divmod(numerator * 10**places, denominator)
    if rest:
        raise ValueError(f"{value} has more than {places} decimals")
    return bigint(units)


def to_decimal(units: int, places: int) -> Decimal:
    """Units of 10^-places as a Decimal, exact and without trailing zeros behind the point."""
    while places and units % 10 == 0:
        units //= 10
        places -= 1
    return Decimal(f"{units}e-{places}")


def to_scaled(value: Decimal) -> int:
    """The value times `SCALE`, as stored.

    Raises ValueError when it has more than six decimals or is no finite number, `OutOfRange` outside BIGINT.
    """
    return whole_units(value, _PLACES)


def from_scaled(value: int) -> Decimal:
    """The stored value divided by `SCALE`, exact and without trailing zeros behind the point."""
    return to_decimal(value, _PLACES)
