"""What customers do with their own account: every verb takes their scope and touches nothing outside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.kernel.errors import Conflict, Invalid, Refused
from portal.kernel.i18n import _
from portal.kernel.people import Scope
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import CustomerFacts, Department, PostalAddress
from portal.modules.customers.services import addresses, departments
from portal.modules.customers.services.accounts import change_customer
from portal.modules.customers.services.addresses import AddressData
from portal.modules.customers.services.answers import OwnAccount, address_facts
from portal.modules.customers.services.departments import DepartmentData, department_facts, find_department


def my_address(unit: Unit, scope: Scope, public_id: str) -> PostalAddress | None:
    """An address of the account that may be changed in the scope, None when there is none of that id.

    Those of the whole account are changed by people of the whole account.
    """
    found = addresses.find_address(unit, scope.customer_id, public_id)
    return None if found is None or not scope.covers(found.department_id) else address_facts(found)


def stored_my_address(unit: Unit, scope: Scope, public_id: str) -> dict[str, Any]:
    """The values of such an address by the fields of `AddressData`. Raises Conflict when it is gone."""
    found = addresses.find_address(unit, scope.customer_id, public_id)
    if found is None or not scope.covers(found.department_id):
        raise Conflict(_("Somebody else has removed this address."))
    return addresses.stored_address(unit, found)


def add_my_address(unit: Unit, scope: Scope, data: AddressData) -> str:
    """Add an address; returns its public id. Raises Invalid for one without a role, or beyond the scope."""
    _demand_department(unit, scope, data.department)
    return addresses.add_address(unit, scope.customer_id, data)


def change_my_address(
    unit: Unit, scope: Scope, public_id: str, values: Mapping[str, Any], base: Mapping[str, Any]
) -> None:
    """Change an address of the account; raises as `change_address`, and Invalid for a department beyond the scope."""
    stored = stored_my_address(unit, scope, public_id)
    _demand_department(unit, scope, values.get("department", stored["department"]))
    addresses.change_address(unit, scope.customer_id, public_id, values, base)


def remove_my_address(unit: Unit, scope: Scope, public_id: str) -> None:
    """Remove an address of the account. Raises Conflict when it is gone."""
    stored_my_address(unit, scope, public_id)
    addresses.remove_address(unit, scope.customer_id, public_id)


def my_account(unit: Unit, scope: Scope) -> CustomerFacts:
    """The account itself, with what of it is in the scope."""
    return OwnAccount(unit).get(scope)


def _demand_department(unit: Unit, scope: Scope, public_id: str | None) -> None:
    """Raise Invalid unless an address may be put there in the scope: into a department of it, with None into none."""
    if scope.is_whole:
        return
    found = None if public_id is None else find_department(unit, scope.customer_id, public_id)
    if found is None or not scope.covers(found.id):
        raise Invalid({"department": _("Choose one of your departments.")})


def my_departments(unit: Unit, scope: Scope) -> list[Department]:
    """The departments of the account in the scope, by name."""
    return [
        department_facts(one)
        for one in departments.departments_of(unit, scope.customer_id)
        if scope.covers(one.id)
    ]


def my_department(unit: Unit, scope: Scope, public_id: str) -> Department | None:
    """One of them, None when there is none of that id."""
    found = find_department(unit, scope.customer_id, public_id)
    return None if found is None or not scope.covers(found.id) else department_facts(found)


def add_my_department(unit: Unit, scope: Scope, data: DepartmentData) -> str:
    """Add a department to the account; raises as `add_department`."""
    _demand_whole(scope)
    return departments.add_department(unit, scope.customer_id, data)


def change_my_department(
    unit: Unit, scope: Scope, public_id: str, values: Mapping[str, Any], base: Mapping[str, Any]
) -> None:
    """Change a department of the account; raises as `change_department`."""
    _demand_whole(scope)
    departments.change_department(unit, scope.customer_id, public_id, values, base)


def archive_my_department(unit: Unit, scope: Scope, public_id: str) -> None:
    """Take a department of the account out of use; raises as `archive_department`."""
    _demand_whole(scope)
    departments.archive_department(unit, scope.customer_id, public_id)


def unarchive_my_department(unit: Unit, scope: Scope, public_id: str) -> None:
    """Take a department of the account into use again; raises as `unarchive_department`."""
    _demand_whole(scope)
    departments.unarchive_department(unit, scope.customer_id, public_id)


def _demand_whole(scope: Scope) -> None:
    """Raise Refused for what only people of the whole account do."""
    if not scope.is_whole:
        raise Refused(_("This is for those who manage the whole account."))


def change_my_company(unit: Unit, scope: Scope, values: Mapping[str, Any], base: Mapping[str, Any]) -> None:
    """Change e-mail and telephone of the account; name, VAT id and terms are the seller's to change."""
    _demand_whole(scope)
    own = {name: values[name] for name in ("email", "phone")}
    change_customer(unit, scope.customer_id, own, base)
