"""What other modules ask of customers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, select

from portal.kernel.folding import matches
from portal.kernel.i18n import Text
from portal.kernel.people import Scope
from portal.kernel.unit import Unit
from portal.modules.customers.interfaces import ContactPerson, CustomerFacts, PostalAddress
from portal.modules.customers.models import Address, Contact, Customer
from portal.modules.customers.services.history import record


class Customers:
    """The implementation of `ICustomers`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def get(self, customer_id: int) -> CustomerFacts:
        """The account with addresses and contacts, in two statements. LookupError when unknown."""
        found = read_account(self._unit, Customer.id == customer_id)
        if found is None:
            raise LookupError(f"no customer {customer_id}")
        return found

    def find(self, public_id: str) -> CustomerFacts | None:
        """The same by public id, None when unknown."""
        return read_account(self._unit, Customer.public_id == public_id)

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
        """Active accounts by number, name, city or VAT id; without addresses and contacts."""
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
    """The implementation of `IMyAddresses`: the customer's own view, within a scope."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def get(self, scope: Scope) -> CustomerFacts:
        """The account itself."""
        return Customers(self._unit).get(scope.customer_id)

    def currency(self, scope: Scope) -> str:
        """The account's currency: one statement. LookupError when it is unknown."""
        found = self._unit.db.scalar(select(Customer.currency).where(Customer.id == scope.customer_id))
        if found is None:
            raise LookupError(f"no customer {scope.customer_id}")
        return found


def read_account(unit: Unit, condition: ColumnElement[bool]) -> CustomerFacts | None:
    """The one account that the condition names, with addresses and contacts, in two statements."""
    rows = unit.db.execute(
        select(Customer, Address)
        .outerjoin(Address, Address.customer_id == Customer.id)
        .where(condition)
        .order_by(Address.id)
    ).all()
    if not rows:
        return None
    customer: Customer = rows[0][0]
    contacts = unit.db.scalars(
        select(Contact).where(Contact.customer_id == customer.id).order_by(Contact.id)
    ).all()
    addresses = [address for _customer, address in rows if address]
    return account_facts(customer, addresses, contacts)


def account_facts(
    customer: Customer, addresses: Iterable[Address] = (), contacts: Iterable[Contact] = ()
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
        contacts=tuple(contact_facts(contact) for contact in contacts),
        phone=customer.phone,
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


def contact_facts(contact: Contact) -> ContactPerson:
    """A contact as other modules see it."""
    return ContactPerson(
        public_id=contact.public_id,
        name=contact.name,
        email=contact.email,
        phone=contact.phone,
        billing=contact.billing,
    )
