"""The tree of customers: /customers/<public id>, with addresses, contacts and departments below it."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from portal.kernel.card import Card
from portal.kernel.db import is_public_id
from portal.kernel.i18n import _
from portal.kernel.tree import ModuleRoot, Node
from portal.modules.customers import CARD, services
from portal.modules.customers.interfaces import Department
from portal.modules.customers.models import Address, Contact, Customer
from portal.web.request import Request

_NUMBER = re.compile(r"[Cc]-[0-9]{1,15}")


class CustomersRoot(ModuleRoot):
    """/customers"""

    card: ClassVar[Card] = CARD
    request: Request

    def __getitem__(self, segment: str) -> Node:
        if _NUMBER.fullmatch(segment):
            return Typed(self.request, segment, self)
        found = services.find_customer(self.request.unit, segment) if is_public_id(segment) else None
        if found is None:
            raise KeyError(segment)
        return CustomerNode(self.request, segment, self, found)


class Typed(Node):
    """An account number that somebody typed into the address; looked up only once they may."""

    request: Request


class CustomerNode(Node):
    """An account."""

    request: Request

    def __init__(self, request: Request, name: str, parent: Node, customer: Customer) -> None:
        super().__init__(request, name, parent)
        self.customer = customer

    @property
    def title(self) -> Any:
        """The account's name."""
        return self.customer.name

    def __getitem__(self, segment: str) -> Node:
        below = {"addresses": Addresses, "contacts": Contacts, "departments": Departments}
        return below[segment](self.request, segment, self, self.customer)


class _Below(Node):
    """A collection below an account; it has no page of its own, the account shows it."""

    request: Request

    def __init__(self, request: Request, name: str, parent: Node, customer: Customer) -> None:
        super().__init__(request, name, parent)
        self.customer = customer


class Addresses(_Below):
    """The addresses of an account."""

    @property
    def title(self) -> Any:
        """What the breadcrumb says."""
        return _("Addresses")

    def __getitem__(self, segment: str) -> Node:
        unit = self.request.unit
        found = services.find_address(unit, self.customer.id, segment) if is_public_id(segment) else None
        if found is None:
            raise KeyError(segment)
        return AddressNode(self.request, segment, self, found)


class AddressNode(Node):
    """An address of an account."""

    request: Request

    def __init__(self, request: Request, name: str, parent: Addresses, address: Address) -> None:
        super().__init__(request, name, parent)
        self.customer = parent.customer
        self.address = address

    @property
    def title(self) -> Any:
        """The name on the envelope."""
        return self.address.name


class Contacts(_Below):
    """The contacts of an account."""

    @property
    def title(self) -> Any:
        """What the breadcrumb says."""
        return _("Contacts")

    def __getitem__(self, segment: str) -> Node:
        unit = self.request.unit
        found = services.find_contact(unit, self.customer.id, segment) if is_public_id(segment) else None
        if found is None:
            raise KeyError(segment)
        return ContactNode(self.request, segment, self, found)


class ContactNode(Node):
    """A contact of an account."""

    request: Request

    def __init__(self, request: Request, name: str, parent: Contacts, contact: Contact) -> None:
        super().__init__(request, name, parent)
        self.customer = parent.customer
        self.contact = contact

    @property
    def title(self) -> Any:
        """The person's name."""
        return self.contact.name


class Departments(_Below):
    """The departments of an account."""

    @property
    def title(self) -> Any:
        """What the breadcrumb says."""
        return _("Departments")

    def __getitem__(self, segment: str) -> Node:
        unit = self.request.unit
        found = services.find_department(unit, self.customer.id, segment) if is_public_id(segment) else None
        if found is None:
            raise KeyError(segment)
        return DepartmentNode(self.request, segment, self, services.department_facts(found))


class DepartmentNode(Node):
    """A department of an account."""

    request: Request

    def __init__(self, request: Request, name: str, parent: Departments, department: Department) -> None:
        super().__init__(request, name, parent)
        self.customer = parent.customer
        self.department = department

    @property
    def title(self) -> Any:
        """Its name."""
        return self.department.name
