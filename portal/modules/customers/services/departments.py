"""Keeping the departments of an account: by employees, and by those of the customer's people who manage all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from portal.kernel.errors import Conflict, Invalid, Refused
from portal.kernel.events import Hold
from portal.kernel.folding import fold
from portal.kernel.i18n import Text, _
from portal.kernel.merging import merge
from portal.kernel.unit import Unit
from portal.modules.customers.events import CustomerChanged, DepartmentArchiving
from portal.modules.customers.interfaces import Department as DepartmentFacts
from portal.modules.customers.models import Customer, Department
from portal.modules.customers.services.addresses import lock
from portal.modules.customers.services.history import record
from portal.people import services as people


@dataclass(frozen=True, slots=True)
class DepartmentData:
    """What people keep of a department; `number` is what the customer calls it by, such as a cost centre."""

    name: str
    number: str = ""


def departments_of(unit: Unit, customer_id: int) -> Sequence[Department]:
    """The departments of an account by name, those out of use too: one statement."""
    return unit.db.scalars(
        select(Department)
        .where(Department.customer_id == customer_id)
        .order_by(Department.name_key, Department.id)
    ).all()


def department_facts(department: Department) -> DepartmentFacts:
    """A department as others see it."""
    return DepartmentFacts(
        id=department.id,
        public_id=department.public_id,
        name=department.name,
        number=department.number,
        active=department.archived_at is None,
    )


def find_department(unit: Unit, customer_id: int, public_id: str) -> Department | None:
    """The department of that account, None when it has none of that id."""
    return unit.db.scalar(
        select(Department)
        .where(Department.customer_id == customer_id, Department.public_id == public_id)
        .execution_options(populate_existing=True)
    )


def stored_department(department: Department) -> dict[str, Any]:
    """The values of a department by the fields of `DepartmentData`."""
    return {"name": department.name, "number": department.number}


def add_department(unit: Unit, customer_id: int, data: DepartmentData) -> str:
    """Add a department; returns its public id. Raises Invalid for a name that another one in use has."""
    customer = lock(unit, customer_id)
    department = Department(customer_id=customer_id, number=data.number)
    _name(unit, department, data.name)
    unit.db.add(department)
    _changed(unit, customer, _("Department added: ${name}", mapping={"name": department.name}))
    return department.public_id


def change_department(
    unit: Unit, customer_id: int, public_id: str, values: Mapping[str, Any], base: Mapping[str, Any]
) -> None:
    """Change a department, merged with what somebody else changed. Documents keep the name that they cite.

    Raises Changed for conflicts, Invalid as `add_department`.
    """
    customer = lock(unit, customer_id)
    department = _existing(unit, customer_id, public_id)
    stored = stored_department(department)
    merged = merge(base, stored, values)
    if merged == stored:
        return
    _name(unit, department, merged["name"])
    department.number = merged["number"]
    _changed(unit, customer, _("Department changed: ${name}", mapping={"name": department.name}))


def archive_department(unit: Unit, customer_id: int, public_id: str) -> None:
    """Take a department out of use; its documents stay to be read by those who see the whole account.

    Raises Refused while people are limited to it or open business belongs to it, and for one that is out of use.
    """
    customer = lock(unit, customer_id)
    department = _existing(unit, customer_id, public_id)
    if department.archived_at is not None:
        raise Refused(_("This department is archived already."))
    limited = [
        one.name for one in people.members_of(unit, customer_id) if department.id in (one.departments or ())
    ]
    if limited:
        text = _("People are limited to this department: ${names}.", mapping={"names": ", ".join(limited)})
        raise Refused(text)
    by_customer = unit.actor.kind == "customer"
    verdicts = unit.vote(DepartmentArchiving(customer_id, department.id, by_customer))
    if any(isinstance(verdict, Hold) for verdict in verdicts):
        raise Refused(_("This is held until somebody with the right to do so releases it."))
    department.archived_at = unit.now()
    _changed(unit, customer, _("Department archived: ${name}", mapping={"name": department.name}))


def unarchive_department(unit: Unit, customer_id: int, public_id: str) -> None:
    """Take a department into use again. Raises Refused for one in use, Invalid as `add_department`."""
    customer = lock(unit, customer_id)
    department = _existing(unit, customer_id, public_id)
    if department.archived_at is None:
        raise Refused(_("This department is not archived."))
    _name(unit, department, department.name)
    department.archived_at = None
    _changed(unit, customer, _("Department taken into use again: ${name}", mapping={"name": department.name}))


def _existing(unit: Unit, customer_id: int, public_id: str) -> Department:
    department = find_department(unit, customer_id, public_id)
    if department is None:
        raise Conflict(_("This department is no longer there."))
    return department


def _name(unit: Unit, department: Department, name: str) -> None:
    """Name a department. Raises Invalid for no name, and for one that another department in use has."""
    name = " ".join(name.split())
    if not name:
        raise Invalid({"name": _("This field is required.")})
    key = fold(name)[:200]
    taken = select(Department.id).where(
        Department.customer_id == department.customer_id,
        Department.name_key == key,
        Department.archived_at.is_(None),
        Department.id != (department.id or 0),
    )
    if unit.db.scalar(taken) is not None:
        raise Invalid({"name": _("There is a department of this name already.")})
    department.name, department.name_key = name, key


def _changed(unit: Unit, customer: Customer, text: Text) -> None:
    unit.db.flush()
    record(unit, customer.id, text)
    unit.publish(CustomerChanged(customer.id, customer.public_id))
