"""The tree of taxes: /taxes lists rates; classes and exchange rates stand below it."""

from __future__ import annotations

from typing import Any, ClassVar

from portal.kernel.card import Card
from portal.kernel.db import is_public_id
from portal.kernel.i18n import _
from portal.kernel.tree import ModuleRoot, Node
from portal.modules.taxes import CARD, services
from portal.modules.taxes.interfaces import position_title
from portal.modules.taxes.models import ExchangeRateRow, TaxClassRow
from portal.web.request import Request


class TaxesRoot(ModuleRoot):
    """/taxes"""

    card: ClassVar[Card] = CARD
    request: Request

    def __getitem__(self, segment: str) -> Node:
        below = {"classes": Classes, "exchange-rates": ExchangeRates, "rates": Rates}
        return below[segment](self.request, segment, self)


class Rates(Node):
    """/taxes/rates: where single sets stand; the list itself is the root's page."""

    request: Request

    @property
    def title(self) -> Any:
        """What the breadcrumb says."""
        return _("Tax rates")

    def __getitem__(self, segment: str) -> Node:
        found = services.find_rates(self.request.unit, segment) if is_public_id(segment) else None
        if found is None:
            raise KeyError(segment)
        return Rate(self.request, segment, self, found)


class Rate(Node):
    """A set of rates that begin on one day."""

    request: Request

    def __init__(self, request: Request, name: str, parent: Node, found: services.RateSet) -> None:
        super().__init__(request, name, parent)
        self.rates = found

    @property
    def title(self) -> Any:
        """Class and position."""
        position = self.request.translate(position_title(self.rates.position))
        return f"{self.rates.class_title}, {position}"


class Classes(Node):
    """/taxes/classes"""

    request: Request

    @property
    def title(self) -> Any:
        """What the breadcrumb says."""
        return _("Tax classes")

    def __getitem__(self, segment: str) -> Node:
        row = services.find_class(self.request.unit, segment) if segment not in _VIEWS else None
        if row is None:
            raise KeyError(segment)
        return Class(self.request, segment, self, row)


#: Names of views that are not looked up as codes.
_VIEWS = ("new", "csv")


class Class(Node):
    """A tax class."""

    request: Request

    def __init__(self, request: Request, name: str, parent: Node, row: TaxClassRow) -> None:
        super().__init__(request, name, parent)
        self.row = row

    @property
    def title(self) -> Any:
        """The title of the class."""
        return self.row.title


class ExchangeRates(Node):
    """/taxes/exchange-rates"""

    request: Request

    @property
    def title(self) -> Any:
        """What the breadcrumb says."""
        return _("Exchange rates")

    def __getitem__(self, segment: str) -> Node:
        row = services.find_exchange_rate(self.request.unit, segment) if is_public_id(segment) else None
        if row is None:
            raise KeyError(segment)
        return ExchangeRate(self.request, segment, self, row)


class ExchangeRate(Node):
    """The rate of a currency on a day."""

    request: Request

    def __init__(self, request: Request, name: str, parent: Node, row: ExchangeRateRow) -> None:
        super().__init__(request, name, parent)
        self.row = row

    @property
    def title(self) -> Any:
        """The currency."""
        return self.row.currency
