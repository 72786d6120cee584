"""What customers do with their own account: every verb takes their scope and touches nothing outside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.kernel.people import Scope
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import CustomerFacts, PostalAddress
from portal.modules.customers.services import addresses
from portal.modules.customers.services.accounts import change_customer
from portal.modules.customers.services.addresses import AddressData
from portal.modules.customers.services.answers import Customers, address_facts


def my_address(unit: Unit, scope: Scope, public_id: str) -> PostalAddress | None:
    """One of the account's addresses, None when it has none of that id."""
    found = addresses.find_address(unit, scope.customer_id, public_id)
    return None if found is None else address_facts(found)


def add_my_address(unit: Unit, scope: Scope, data: AddressData) -> str:
    """Add an address; returns its public id. Raises Invalid for one without a role."""
    return addresses.add_address(unit, scope.customer_id, data)


def change_my_address(
    unit: Unit, scope: Scope, public_id: str, values: Mapping[str, Any], base: Mapping[str, Any]
) -> None:
    """Change an address of the account; raises as `change_address`."""
    addresses.change_address(unit, scope.customer_id, public_id, values, base)


def remove_my_address(unit: Unit, scope: Scope, public_id: str) -> None:
    """Remove an address of the account. Raises Conflict when it is gone."""
    addresses.remove_address(unit, scope.customer_id, public_id)


def my_account(unit: Unit, scope: Scope) -> CustomerFacts:
    """The account itself, with addresses and contacts."""
    return Customers(unit).get(scope.customer_id)


def change_my_company(unit: Unit, scope: Scope, values: Mapping[str, Any], base: Mapping[str, Any]) -> None:
    """Change e-mail and telephone of the account; name, VAT id and terms are the seller's to change."""
    own = {name: values[name] for name in ("email", "phone")}
    change_customer(unit, scope.customer_id, own, base)
