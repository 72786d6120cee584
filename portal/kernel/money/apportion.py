"""Handing out a whole amount in whole parts so that nothing is lost: over lines, and over time."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import lcm

from portal.kernel.money.rounding import Rounding, divide
from portal.kernel.money.scaled import bigint, ratio


def apportion(total: int, numerators: Sequence[int], denominator: int) -> tuple[int, ...]:
    """Whole shares near the exact shares ``numerator / denominator`` (positive), summing to the total.

    Largest remainder: each share is cut towards zero, and what then lacks goes, one unit each, to the shares that were
    cut most; ties to the lower index. Symmetric under a change of all signs. When the exact shares sum to within half a
    unit of the total, each share is less than one unit from its exact value, and exact shares without a fraction stay.
    """
    shares = [abs(numerator) // denominator * (1 if numerator >= 0 else -1) for numerator in numerators]
    lacking = total - sum(shares)
    sign = 1 if lacking >= 0 else -1
    cut = [
        sign * (numerator - share * denominator) for numerator, share in zip(numerators, shares, strict=True)
    ]
    by_remainder = sorted(range(len(shares)), key=lambda index: -cut[index])
    for index in by_remainder[: abs(lacking)]:
        shares[index] += sign
    return tuple(shares)


def spread(total: int, weights: Sequence[int | Decimal]) -> tuple[int, ...]:
    """The total in minor units shared in proportion to the weights; the shares sum to it exactly.

    Largest remainder, ties to the lower index; a negative total gives the negated shares. Raises ValueError when there
    is something to share and the weights sum to zero (or there are none).
    """
    ratios = [(weight, 1) if isinstance(weight, int) else ratio(weight) for weight in weights]
    common = lcm(*(denominator for _, denominator in ratios))
    parts = [numerator * (common // denominator) for numerator, denominator in ratios]
    whole = sum(parts)
    if total == 0:
        return (0,) * len(parts)
    if whole == 0:
        raise ValueError(f"{total} cannot be spread over weights that sum to zero")
    sign = 1 if whole > 0 else -1
    return apportion(total, [sign * total * part for part in parts], abs(whole))


def portion(
    total_minor: int,
    part_quantity: Decimal,
    whole_quantity: Decimal,
    already: int = 0,
    already_quantity: Decimal = Decimal(0),
    rounding: Rounding = Rounding.HALF_UP,
) -> int:
    """What the next part of a line is worth, so that its parts sum exactly to the whole in whatever steps they come.

    That is the share of `total_minor` at the quantity reached with this part, rounded, less the `already` that earlier
    parts of `already_quantity` were worth. For invoicing or crediting a line by quantity: called for the line's net and
    for each of its taxes. A negative part takes earlier ones back.

    Raises ValueError when the parts together exceed the whole quantity or run against its sign.
    """
    (done, done_scale), (part, part_scale), (whole, whole_scale) = map(
        ratio, (already_quantity, part_quantity, whole_quantity)
    )
    # cumulative / whole quantity as one fraction over a positive denominator
    numerator = (done * part_scale + part * done_scale) * whole_scale
    denominator = whole * done_scale * part_scale
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    if not 0 <= numerator <= denominator:
        raise ValueError(f"{already_quantity} and {part_quantity} are not parts of {whole_quantity}")
    if denominator == 0:
        return bigint(total_minor - already)
    return bigint(divide(total_minor * numerator, denominator, rounding) - already)
