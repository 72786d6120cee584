"""Keeping the people at an account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select

from portal.kernel.errors import Conflict
from portal.kernel.i18n import Text, _
from portal.kernel.merging import merge
from portal.kernel.unit import Unit
from portal.modules.customers.events import CustomerChanged
from portal.modules.customers.models import Contact, Customer
from portal.modules.customers.services.addresses import lock
from portal.modules.customers.services.history import record


@dataclass(frozen=True, slots=True)
class ContactData:
    """What people keep of a contact; `billing` says that invoices go to them."""

    name: str
    function: str = ""
    email: str = ""
    phone: str = ""
    billing: bool = False


def find_contact(unit: Unit, customer_id: int, public_id: str) -> Contact | None:
    """The contact of that account, None when it has none of that id."""
    return unit.db.scalar(
        select(Contact)
        .where(Contact.customer_id == customer_id, Contact.public_id == public_id)
        .execution_options(populate_existing=True)
    )


def stored_contact(contact: Contact) -> dict[str, Any]:
    """The values of a contact by the fields of `ContactData`."""
    return {
        "name": contact.name,
        "function": contact.function,
        "email": contact.email,
        "phone": contact.phone,
        "billing": contact.billing,
    }


def add_contact(unit: Unit, customer_id: int, data: ContactData) -> str:
    """Add a person; returns the public id."""
    customer = lock(unit, customer_id)
    contact = Contact(customer_id=customer_id, **asdict(data))
    unit.db.add(contact)
    _changed(unit, customer, _("Contact added: ${name}", mapping={"name": contact.name}))
    return contact.public_id


def change_contact(
    unit: Unit, customer_id: int, public_id: str, values: Mapping[str, Any], base: Mapping[str, Any]
) -> None:
    """Change a person's data, merged with what somebody else changed.

    Raises Changed for conflicts, Conflict when the contact is gone.
    """
    customer = lock(unit, customer_id)
    contact = _existing(unit, customer_id, public_id)
    stored = stored_contact(contact)
    merged = merge(base, stored, values)
    if merged == stored:
        return
    contact.name = merged["name"]
    contact.function = merged["function"]
    contact.email = merged["email"]
    contact.phone = merged["phone"]
    contact.billing = merged["billing"]
    _changed(unit, customer, _("Contact changed: ${name}", mapping={"name": contact.name}))


def remove_contact(unit: Unit, customer_id: int, public_id: str) -> None:
    """Remove a person. Raises Conflict when the contact is gone."""
    customer = lock(unit, customer_id)
    contact = _existing(unit, customer_id, public_id)
    unit.db.delete(contact)
    _changed(unit, customer, _("Contact removed: ${name}", mapping={"name": contact.name}))


def _existing(unit: Unit, customer_id: int, public_id: str) -> Contact:
    contact = find_contact(unit, customer_id, public_id)
    if contact is None:
        raise Conflict(_("Somebody else has removed this contact."))
    return contact


def _changed(unit: Unit, customer: Customer, text: Text) -> None:
    unit.db.flush()
    record(unit, customer.id, text)
    unit.publish(CustomerChanged(customer.id, customer.public_id))
