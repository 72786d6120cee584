"""The verbs of taxes: what others ask, and how people keep the tables."""

from __future__ import annotations

from portal.modules.taxes.services.answers import Taxes
from portal.modules.taxes.services.classes import add_class, change_class, find_class
from portal.modules.taxes.services.exchange import (
    add_exchange_rate,
    correct_exchange_rate,
    find_exchange_rate,
)
from portal.modules.taxes.services.rates import (
    CATEGORIES,
    RateSet,
    begin_rates,
    end_rates,
    find_rates,
    is_future,
    remove_rates,
)
from portal.modules.taxes.services.starting_table import (
    has_starting_table,
    install_defaults,
    offers_starting_table,
)

__all__ = [
    "CATEGORIES",
    "RateSet",
    "Taxes",
    "add_class",
    "add_exchange_rate",
    "begin_rates",
    "change_class",
    "correct_exchange_rate",
    "end_rates",
    "find_class",
    "find_exchange_rate",
    "find_rates",
    "has_starting_table",
    "install_defaults",
    "is_future",
    "offers_starting_table",
    "remove_rates",
]
