"""Keeping the addresses of an account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select

from portal.kernel.errors import Conflict, Invalid
from portal.kernel.i18n import _
from portal.kernel.merging import merge
from portal.kernel.unit import Unit
from portal.kernel.walls import lifted
from portal.modules.customers.events import CustomerChanged
from portal.modules.customers.models import Address, Customer, Department
from portal.modules.customers.services.history import record
from portal.modules.customers.services.searching import refresh


@dataclass(frozen=True, slots=True)
class AddressData:
    """What people keep of an address; `lines` are separated by new lines. It serves for billing, delivery or both.

    `department` is the public id of the department that it belongs to, None for one of the whole account.
    """

    name: str
    country: str
    lines: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""
    billing: bool = True
    delivery: bool = True
    department: str | None = None


def find_address(unit: Unit, customer_id: int, public_id: str) -> Address | None:
    """The address of that account, None when it has none of that id."""
    return unit.db.scalar(
        select(Address)
        .where(Address.customer_id == customer_id, Address.public_id == public_id)
        .execution_options(populate_existing=True)
    )


def stored_address(unit: Unit, address: Address) -> dict[str, Any]:
    """The values of an address by the fields of `AddressData`: one statement, for an address of a department."""
    return {
        "name": address.name,
        "country": address.country,
        "lines": address.lines,
        "postal_code": address.postal_code,
        "city": address.city,
        "region": address.region,
        "billing": address.billing,
        "delivery": address.delivery,
        "department": _department_named(unit, address),
    }


def _department_named(unit: Unit, address: Address) -> str | None:
    if address.department_id is None:
        return None
    return unit.db.scalars(select(Department.public_id).where(Department.id == address.department_id)).one()


def add_address(unit: Unit, customer_id: int, data: AddressData) -> str:
    """Add an address; returns its public id. Raises Invalid for one without a role, or of no department in use."""
    customer = lock(unit, customer_id)
    address = Address(customer_id=customer_id)
    _write(unit, address, asdict(data), None)
    unit.db.add(address)
    _changed(unit, customer, _("Address added: ${place}", mapping={"place": _place(address)}))
    return address.public_id


def change_address(
    unit: Unit, customer_id: int, public_id: str, values: Mapping[str, Any], base: Mapping[str, Any]
) -> None:
    """Change an address, merged with what somebody else changed.

    Raises Changed for conflicts, Invalid for an address without a role, Conflict when it is gone.
    """
    customer = lock(unit, customer_id)
    address = _existing(unit, customer_id, public_id)
    stored = stored_address(unit, address)
    # A form without departments says nothing of them.
    merged = {**stored, **merge(base, stored, values)}
    if merged != stored:
        _write(unit, address, merged, stored["department"])
        _changed(unit, customer, _("Address changed: ${place}", mapping={"place": _place(address)}))


def remove_address(unit: Unit, customer_id: int, public_id: str) -> None:
    """Remove an address; documents keep what they cite. Raises Conflict when it is gone."""
    customer = lock(unit, customer_id)
    address = _existing(unit, customer_id, public_id)
    unit.db.delete(address)
    _changed(unit, customer, _("Address removed: ${place}", mapping={"place": _place(address)}))


def lock(unit: Unit, customer_id: int) -> Customer:
    """The account, locked until the transaction ends and read anew. LookupError when unknown."""
    customer = unit.db.scalar(
        select(Customer)
        .where(Customer.id == customer_id)
        # FOR NO KEY UPDATE: others may go on inserting rows that refer to the account.
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if customer is None:
        raise LookupError(f"no customer {customer_id}")
    return customer


def _existing(unit: Unit, customer_id: int, public_id: str) -> Address:
    address = find_address(unit, customer_id, public_id)
    if address is None:
        raise Conflict(_("Somebody else has removed this address."))
    return address


def _write(unit: Unit, address: Address, values: Mapping[str, Any], department: str | None) -> None:
    """Write the values over those of an address that was of a department (None: of the whole account)."""
    if not (values["billing"] or values["delivery"]):
        raise Invalid({"billing": _("An address is for billing, for delivery, or both.")})
    address.name = values["name"]
    address.country = values["country"]
    address.lines = values["lines"]
    address.postal_code = values["postal_code"]
    address.city = values["city"]
    address.region = values["region"]
    address.billing = values["billing"]
    address.delivery = values["delivery"]
    if values["department"] != department:
        address.department_id = _department(unit, address.customer_id, values["department"])


def _department(unit: Unit, customer_id: int, public_id: str | None) -> int | None:
    if public_id is None:
        return None
    found = unit.db.scalar(
        select(Department.id).where(
            Department.customer_id == customer_id,
            Department.public_id == public_id,
            Department.archived_at.is_(None),
        )
    )
    if found is None:
        raise Invalid({"department": _("This department is no longer there.")})
    return found


def _place(address: Address) -> str:
    return ", ".join(part for part in (address.name, address.city, address.country) if part)


def _changed(unit: Unit, customer: Customer, text: Any) -> None:
    unit.db.flush()
    # What the account is found by is made of all its addresses, those of departments that the person does not see too.
    with lifted(unit.db):
        refresh(unit, customer)
    record(unit, customer.id, text)
    unit.publish(CustomerChanged(customer.id, customer.public_id))
