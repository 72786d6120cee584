"""Money: exact decimals, currencies, amounts, and the arithmetic of totals. Pure: no database, no clock, no float.

Amounts are integers in the minor units of their currency; quantities, unit prices, percents and exchange rates are
decimals of at most six places, stored as integers scaled by `SCALE`. Every result fits a BIGINT or `OutOfRange` is
raised, so that what is computed can be stored.

The rules of totals are stated at `compute`.
"""

from __future__ import annotations

from portal.kernel.money.amount import CurrencyMismatch, Money, convert
from portal.kernel.money.apportion import portion, spread
from portal.kernel.money.currency import CURRENCIES, UnknownCurrency, exponent
from portal.kernel.money.policy import Policy, PriceBasis, TaxRounding
from portal.kernel.money.rounding import Rounding, round_minor
from portal.kernel.money.scaled import SCALE, OutOfRange, from_scaled, to_scaled
from portal.kernel.money.totals import Line, LineTotal, Rate, TaxTotal, Totals, compute, line_amount

__all__ = [
    "CURRENCIES",
    "SCALE",
    "CurrencyMismatch",
    "Line",
    "LineTotal",
    "Money",
    "OutOfRange",
    "Policy",
    "PriceBasis",
    "Rate",
    "Rounding",
    "TaxRounding",
    "TaxTotal",
    "Totals",
    "UnknownCurrency",
    "compute",
    "convert",
    "exponent",
    "from_scaled",
    "line_amount",
    "portion",
    "round_minor",
    "spread",
    "to_scaled",
]
