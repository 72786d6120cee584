"""What others may ASK of customers, and the places they may fill on a customer's page."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from portal.kernel.i18n import Text
from portal.kernel.people import Scope
from portal.kernel.slots import Slot
from portal.web.request import Request
from portal.web.slots import Panel


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """An address as a document stores it. `roles` has "billing", "delivery" or both."""

    public_id: str
    name: str
    lines: tuple[str, ...]
    postal_code: str
    city: str
    region: str
    country: str
    roles: frozenset[str]

    @property
    def printed(self) -> tuple[str, ...]:
        """The lines of an envelope, name first, country code last."""
        place = " ".join(part for part in (self.postal_code, self.city) if part)
        return tuple(part for part in (self.name, *self.lines, place, self.region, self.country) if part)


@dataclass(frozen=True, slots=True)
class ContactPerson:
    """A person at the customer's; `billing` says that invoices go to them."""

    public_id: str
    name: str
    email: str
    phone: str
    billing: bool


@dataclass(frozen=True, slots=True)
class Department:
    """A department or site of an account. One that is out of use (not `active`) is nothing to choose any more."""

    id: int
    public_id: str
    name: str
    number: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """What documents cite of a customer account, with its addresses, contacts and departments.

    `address_departments` tells of each of `addresses` which department's it is; None for those of the whole account.
    """

    id: int
    public_id: str
    number: str
    name: str
    vat_id: str
    country: str
    currency: str
    language: str
    payment_days: int
    payment_terms: str
    tax_position: str | None
    email: str
    active: bool
    addresses: tuple[PostalAddress, ...] = ()
    contacts: tuple[ContactPerson, ...] = ()
    phone: str = ""
    departments: tuple[Department, ...] = ()
    address_departments: tuple[int | None, ...] = ()

    def address(self, role: str, department_id: int | None = None) -> PostalAddress | None:
        """The first address for a role, else the first at all.

        A department's own come before those of the whole account; what is of another department is none for it, and the
        last choice for what has no department.
        """
        places = list(zip(self.addresses, self.address_departments, strict=True))
        own = [address for address, place in places if place == department_id]
        others = [address for address, place in places if department_id is None or place is None]
        for addresses in (own, others):
            for address in addresses:
                if role in address.roles:
                    return address
        return next(iter(own or others), None)

    def department(self, public_id: str) -> Department | None:
        """One of the departments in use by public id, None when there is none."""
        return next((one for one in self.departments_in_use if one.public_id == public_id), None)

    @property
    def departments_in_use(self) -> tuple[Department, ...]:
        """What there is to choose from."""
        return tuple(one for one in self.departments if one.active)


class ICustomers(Protocol):
    """Accounts of customers."""

    def get(self, customer_id: int) -> CustomerFacts:
        """The account with addresses, contacts and departments (at most two statements). LookupError when unknown."""
        ...

    def find(self, public_id: str) -> CustomerFacts | None:
        """The same by public id, None when unknown."""
        ...

    def departments(self, customer_id: int) -> tuple[Department, ...]:
        """The departments of an account by name, those out of use too: one statement."""
        ...

    def lock(self, customer_id: int) -> None:
        """Lock the account's row until the transaction ends: the first lock of whatever changes what is owed."""
        ...

    def names(self, customer_ids: Collection[int]) -> Mapping[int, str]:
        """Names by id, in one statement."""
        ...

    def search(self, term: str, limit: int = 20) -> tuple[CustomerFacts, ...]:
        """Active accounts by number, name, city or VAT id; without addresses, contacts and departments."""
        ...

    def record(self, customer_id: int, text: Text, *, kind: str = "", public_id: str = "") -> None:
        """Add to the account's timeline what happened; `kind` and `public_id` refer to a document."""
        ...


class IMyAddresses(Protocol):
    """The customer's own view of their addresses and contacts, within a scope."""

    def get(self, scope: Scope) -> CustomerFacts:
        """The account itself, with what of it is in the scope: see `services.OwnAccount`."""
        ...


#: Panels on a customer's page; the first argument is the account.
CUSTOMER_PANELS: Slot[Callable[[CustomerFacts, Request], Panel | None]] = Slot("customers.customer.panels")
