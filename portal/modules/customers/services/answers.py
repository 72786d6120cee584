"""What other modules ask of customers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, literal, select, union_all

from portal.kernel.folding import matches
from portal.kernel.i18n import Text
from portal.kernel.people import Scope
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import ContactPerson, CustomerFacts, Department, PostalAddress
from portal.modules.customers.models import Address, Contact, Customer
from portal.modules.customers.models import Department as DepartmentRow
from portal.modules.customers.services.departments import department_facts, departments_of
from portal.modules.customers.services.history import record
from portal.people.interfaces import AccountDepartment, AccountTerms


class Customers:
    """The implementation of `ICustomers`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def get(self, customer_id: int) -> CustomerFacts:
        """The account with addresses, contacts and departments, in two statements. LookupError when unknown."""
        found = read_account(self._unit, Customer.id == customer_id)
        if found is None:
            raise LookupError(f"no customer {customer_id}")
        return found

    def find(self, public_id: str) -> CustomerFacts | None:
        """The same by public id, None when unknown."""
        return read_account(self._unit, Customer.public_id == public_id)

    def departments(self, customer_id: int) -> tuple[Department, ...]:
        """The departments of an account by name, those out of use too: one statement."""
        return tuple(department_facts(row) for row in departments_of(self._unit, customer_id))

    def lock(self, customer_id: int) -> None:
        """Lock the account's row until the transaction ends. LookupError when unknown."""
        # FOR NO KEY UPDATE: others may go on inserting rows that refer to the account.
        locked = select(Customer.id).where(Customer.id == customer_id).with_for_update(key_share=True)
        if self._unit.db.scalar(locked) is None:
            raise LookupError(f"no customer {customer_id}")

    def names(self, customer_ids: Collection[int]) -> Mapping[int, str]:
        """Names by id, in one statement."""
        rows = self._unit.db.execute(
            select(Customer.id, Customer.name).where(Customer.id.in_(set(customer_ids)))
        )
        return {row.id: row.name for row in rows}

    def search(self, term: str, limit: int = 20) -> tuple[CustomerFacts, ...]:
        """Active accounts by number, name, city or VAT id; without addresses, contacts and departments."""
        found = self._unit.db.scalars(
            select(Customer)
            .where(Customer.active, matches(Customer.search_text, term))
            .order_by(Customer.name_key, Customer.id)
            .limit(limit)
        )
        return tuple(account_facts(customer) for customer in found)

    def record(self, customer_id: int, text: Text, *, kind: str = "", public_id: str = "") -> None:
        """Add to the account's timeline what happened; `kind` and `public_id` refer to a document."""
        record(self._unit, customer_id, text, kind=kind, public_id=public_id)


class OwnAccount:
    """The implementation of `IMyAddresses` and of `IAccountTerms`: the customer's own view, within a scope.

    People of departments see the addresses of these and those of the whole account, and no contacts.
    """

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def get(self, scope: Scope) -> CustomerFacts:
        """The account itself. LookupError when it is unknown."""
        return narrowed(Customers(self._unit).get(scope.customer_id), scope)

    def terms(self, scope: Scope) -> AccountTerms:
        """The account's currency and its departments in use, of these those in the scope: one statement.

        LookupError when it is unknown.
        """
        in_use = (DepartmentRow.customer_id == Customer.id) & DepartmentRow.archived_at.is_(None)
        rows = self._unit.db.execute(
            select(Customer.currency, DepartmentRow.id, DepartmentRow.public_id, DepartmentRow.name)
            .outerjoin(DepartmentRow, in_use)
            .where(Customer.id == scope.customer_id)
            .order_by(DepartmentRow.name_key, DepartmentRow.id)
        ).all()
        if not rows:
            raise LookupError(f"no customer {scope.customer_id}")
        return AccountTerms(
            rows[0].currency,
            tuple(
                AccountDepartment(row.id, row.public_id, row.name)
                for row in rows
                if row.id is not None and scope.covers(row.id)
            ),
        )


def narrowed(account: CustomerFacts, scope: Scope) -> CustomerFacts:
    """The account with what of it is in the scope."""
    if scope.is_whole:
        return account
    placed = [
        (address, department)
        for address, department in zip(account.addresses, account.address_departments, strict=True)
        if department is None or scope.covers(department)
    ]
    return replace(
        account,
        addresses=tuple(address for address, _department in placed),
        address_departments=tuple(department for _address, department in placed),
        contacts=(),
        departments=tuple(one for one in account.departments if scope.covers(one.id)),
    )


def read_account(unit: Unit, condition: ColumnElement[bool]) -> CustomerFacts | None:
    """The one account that the condition names, with addresses, contacts and departments, in two statements."""
    rows = unit.db.execute(
        select(Customer, Address)
        .outerjoin(Address, Address.customer_id == Customer.id)
        .where(condition)
        .order_by(Address.id)
    ).all()
    if not rows:
        return None
    customer: Customer = rows[0][0]
    contacts, departments = _contacts_and_departments(unit, customer.id)
    addresses = [address for _customer, address in rows if address]
    return account_facts(customer, addresses, contacts, departments)


def _contacts_and_departments(unit: Unit, customer_id: int) -> tuple[list[ContactPerson], list[Department]]:
    """Both in one statement: contacts in the order in which they were added, departments by name."""
    contacts = select(
        literal(0).label("kind"),
        literal("").label("place"),
        Contact.id.label("id"),
        Contact.public_id.label("public_id"),
        Contact.name.label("name"),
        Contact.email.label("detail"),
        Contact.phone.label("phone"),
        Contact.billing.label("flag"),
    ).where(Contact.customer_id == customer_id)
    departments = select(
        literal(1),
        DepartmentRow.name_key,
        DepartmentRow.id,
        DepartmentRow.public_id,
        DepartmentRow.name,
        DepartmentRow.number,
        literal(""),
        DepartmentRow.archived_at.is_(None),
    ).where(DepartmentRow.customer_id == customer_id)
    both = union_all(contacts, departments).subquery()
    rows = unit.db.execute(select(both).order_by(both.c.kind, both.c.place, both.c.id)).all()
    return (
        [
            ContactPerson(row.public_id, row.name, row.detail, row.phone, bool(row.flag))
            for row in rows
            if row.kind == 0
        ],
        [
            Department(row.id, row.public_id, row.name, row.detail, bool(row.flag))
            for row in rows
            if row.kind == 1
        ],
    )


def account_facts(
    customer: Customer,
    addresses: Sequence[Address] = (),
    contacts: Iterable[ContactPerson] = (),
    departments: Iterable[Department] = (),
) -> CustomerFacts:
    """An account as other modules see it."""
    return CustomerFacts(
        id=customer.id,
        public_id=customer.public_id,
        number=customer.number,
        name=customer.name,
        vat_id=customer.vat_id,
        country=customer.country,
        currency=customer.currency,
        language=customer.language,
        payment_days=customer.payment_days,
        payment_terms=customer.payment_terms,
        tax_position=customer.tax_position,
        email=customer.email,
        active=customer.active,
        addresses=tuple(address_facts(address) for address in addresses),
        contacts=tuple(contacts),
        phone=customer.phone,
        departments=tuple(departments),
        address_departments=tuple(address.department_id for address in addresses),
    )


def address_facts(address: Address) -> PostalAddress:
    """An address as a document stores it."""
    roles: dict[str, Any] = {"billing": address.billing, "delivery": address.delivery}
    return PostalAddress(
        public_id=address.public_id,
        name=address.name,
        lines=tuple(address.lines.splitlines()),
        postal_code=address.postal_code,
        city=address.city,
        region=address.region,
        country=address.country,
        roles=frozenset(role for role, given in roles.items() if given),
    )
