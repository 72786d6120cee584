"""How a document rounds: fixed when the document is made, and stored on it as text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from portal.kernel.money.rounding import Rounding


class TaxRounding(StrEnum):
    """Where tax is rounded to the minor unit."""

    LINE = "line"
    """For each line; the document's tax is the sum."""
    DOCUMENT = "document"
    """Once for each rate on the document; the lines share the result."""


class PriceBasis(StrEnum):
    """What the unit prices are."""

    NET = "net"
    """Without tax; tax is added."""
    GROSS = "gross"
    """With tax; the sum of the prices is what is paid, tax is taken out of it."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Where tax is rounded, how, and on which prices. Its text, ``document/half_up/net``, is stored on documents."""

    tax_rounding: TaxRounding
    rounding: Rounding
    basis: PriceBasis

    def __str__(self) -> str:
        return f"{self.tax_rounding}/{self.rounding}/{self.basis}"

    @classmethod
    def parse(cls, text: str) -> Policy:
        """The policy with this text. Raises ValueError for any other."""
        try:
            tax_rounding, rounding, basis = text.split("/")
            return cls(TaxRounding(tax_rounding), Rounding(rounding), PriceBasis(basis))
        except ValueError:
            raise ValueError(f"{text!r} is not a rounding policy such as document/half_up/net") from None
