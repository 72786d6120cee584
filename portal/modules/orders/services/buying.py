"""In which currency a customer buys: the catalog asks, and does not know customers itself."""

from __future__ import annotations

from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import ICustomers


class BuyerCurrency:
    """The implementation of the catalog's `IBuyerCurrency`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def currency(self, customer_id: int) -> str:
        """The currency of the account."""
        return self._unit.ask(ICustomers).get(customer_id).currency
