"""Opening, changing and archiving accounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from portal.kernel.db import Contention
from portal.kernel.errors import Invalid, Refused
from portal.kernel.events import Hold, Verdict
from portal.kernel.i18n import Text, _
from portal.kernel.merging import merge
from portal.kernel.money import CURRENCIES
from portal.kernel.unit import Unit
from portal.modules.customers.events import CustomerArchiving, CustomerChanged, CustomerCreated
from portal.modules.customers.interfaces import CustomerFacts
from portal.modules.customers.models import Counter, Customer
from portal.modules.customers.services.addresses import lock
from portal.modules.customers.services.answers import account_facts
from portal.modules.customers.services.duplicates import PossibleDuplicates, possible_duplicates
from portal.modules.customers.services.history import record
from portal.modules.customers.services.searching import refresh
from portal.modules.customers.services.tags import set_tags, split_tags, tags_of
from portal.modules.customers.services.vat import clean_vat_id
from portal.modules.taxes.interfaces import Position
from portal.people import services as people

FIRST_NUMBER = 10001

#: Whether the person has a permission of another module: (module, permission) → yes or no.
Allowed = Callable[[str, str], bool]


def _nobody(_module: str, _permission: str) -> bool:
    """What the portal itself may pass over: nothing."""
    return False


@dataclass(frozen=True, slots=True)
class CustomerData:
    """What people keep of an account.

    `tags` are separated by commas, `payment_days` count from the invoice, `payment_terms` is printed on documents,
    `tax_position` is a value of `Position` where it is fixed by hand.
    """

    name: str
    country: str
    currency: str
    language: str = "en"
    vat_id: str = ""
    payment_days: int = 30
    payment_terms: str = ""
    tax_position: str | None = None
    email: str = ""
    phone: str = ""
    tags: str = ""


def find_customer(unit: Unit, public_id: str) -> Customer | None:
    """The account with that public id, None when unknown."""
    return unit.db.scalar(select(Customer).where(Customer.public_id == public_id))


def find_number(unit: Unit, number: str) -> str | None:
    """The public id of the account with that number, None when unknown."""
    return unit.db.scalar(select(Customer.public_id).where(Customer.number == number.upper()))


def stored_values(unit: Unit, customer: Customer) -> dict[str, Any]:
    """The values of the account by the fields of `CustomerData`."""
    return {
        "name": customer.name,
        "country": customer.country,
        "currency": customer.currency,
        "language": customer.language,
        "vat_id": customer.vat_id,
        "payment_days": customer.payment_days,
        "payment_terms": customer.payment_terms,
        "tax_position": customer.tax_position,
        "email": customer.email,
        "phone": customer.phone,
        "tags": ", ".join(tags_of(unit, customer.id)),
    }


def create_customer(unit: Unit, data: CustomerData, *, anyway: bool = False) -> CustomerFacts:
    """Open an account with the next number.

    Raises Invalid for a wrong VAT id, country or currency, PossibleDuplicates unless `anyway`.
    """
    values = _checked(asdict(data))
    if not anyway:
        likenesses = possible_duplicates(
            unit, values["name"], values["vat_id"], values["email"], values["phone"]
        )
        if likenesses:
            raise PossibleDuplicates(likenesses)
    customer = Customer(active=True, version=1, created_at=unit.now(), number="")
    _write(unit, customer, values)
    customer.number = _next_number(unit)
    unit.db.add(customer)
    unit.db.flush()
    set_tags(unit, customer.id, split_tags(values["tags"]))
    refresh(unit, customer)
    record(unit, customer.id, _("Account opened"))
    unit.publish(CustomerCreated(customer.id, customer.public_id))
    return account_facts(customer)


def change_customer(unit: Unit, customer_id: int, values: Mapping[str, Any], base: Mapping[str, Any]) -> None:
    """Change an account to the values that a person typed over those they were shown (`base`).

    Raises Changed for fields that somebody else changed meanwhile, Invalid as `create_customer`.
    """
    customer = lock(unit, customer_id)
    stored = stored_values(unit, customer)
    merged = _checked(merge(base, stored, {**stored, **values}))
    changed = [name for name in merged if merged[name] != stored[name]]
    if not changed:
        return
    _write(unit, customer, merged)
    if "tags" in changed:
        set_tags(unit, customer.id, split_tags(merged["tags"]))
    customer.version += 1
    refresh(unit, customer)
    if "name" in changed:
        people.rename_account(unit, customer.id, customer.name)
        text = _("Renamed from ${old}", mapping={"old": stored["name"]})
        record(unit, customer.id, text)
    else:
        record(unit, customer.id, _("Account changed"))
    unit.publish(CustomerChanged(customer.id, customer.public_id))


def archive(unit: Unit, customer_id: int, allowed: Allowed = _nobody) -> Sequence[Text]:
    """Take an account out of use, unless somebody objects. Returns the warnings that this person may read.

    `allowed(module, permission)` says what the person may do elsewhere: release a hold, read a warning. Raises Refused
    for an archived account, or as long as a hold stands.
    """
    customer = lock(unit, customer_id)
    if not customer.active:
        raise Refused(_("This account is archived already."))
    verdicts = unit.vote(CustomerArchiving(customer_id))
    for verdict in verdicts:
        if isinstance(verdict, Hold) and not allowed(verdict.voter, verdict.release):
            raise Refused(_("This is held until somebody with the right to do so releases it."))
    _set_active(unit, customer, False, _("Account archived"))
    return [verdict.reason for verdict in verdicts if _may_read(verdict, allowed)]


def _may_read(verdict: Verdict, allowed: Allowed) -> bool:
    permission = verdict.release if isinstance(verdict, Hold) else verdict.permission
    return permission is None or allowed(verdict.voter, permission)


def unarchive(unit: Unit, customer_id: int) -> None:
    """Take an archived account into use again. Raises Refused for an active one."""
    customer = lock(unit, customer_id)
    if customer.active:
        raise Refused(_("This account is not archived."))
    _set_active(unit, customer, True, _("Account taken into use again"))


def _set_active(unit: Unit, customer: Customer, active: bool, text: Text) -> None:
    customer.active = active
    customer.version += 1
    customer.changed_at = unit.now()
    unit.db.flush()
    record(unit, customer.id, text)
    unit.publish(CustomerChanged(customer.id, customer.public_id))


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    errors: dict[str, Text] = {}
    if not values["name"]:
        errors["name"] = _("This field is required.")
    if values["currency"] not in CURRENCIES:
        errors["currency"] = _("This is not an ISO 4217 currency.")
    if len(values["country"]) != 2:
        errors["country"] = _("This is not a country.")
    if not 0 <= values["payment_days"] <= 365:
        errors["payment_days"] = _("From 0 to 365 days.")
    if values["tax_position"] not in {None, *(position.value for position in Position)}:
        errors["tax_position"] = _("There is no such tax position.")
    clean: dict[str, Any] = dict(values)
    try:
        clean["vat_id"] = clean_vat_id(values["vat_id"], values["country"])
        clean["tags"] = ", ".join(split_tags(values["tags"]))
    except Invalid as invalid:
        errors.update(invalid.errors)
    if errors:
        raise Invalid(errors)
    return clean


def _write(unit: Unit, customer: Customer, values: Mapping[str, Any]) -> None:
    customer.name = values["name"]
    customer.country = values["country"]
    customer.currency = values["currency"]
    customer.language = values["language"]
    customer.vat_id = values["vat_id"]
    customer.payment_days = values["payment_days"]
    customer.payment_terms = values["payment_terms"]
    customer.tax_position = values["tax_position"]
    customer.email = values["email"]
    customer.phone = values["phone"]
    customer.changed_at = unit.now()


def _next_number(unit: Unit) -> str:
    """The next account number; its counter stays locked until the transaction ends."""
    last = unit.db.scalar(
        update(Counter).where(Counter.id == 1).values(last=Counter.last + 1).returning(Counter.last)
    )
    if last is None:
        last = FIRST_NUMBER
        try:
            unit.db.execute(insert(Counter).values(id=1, last=last))
        except IntegrityError as error:
            raise Contention(str(error)) from error
    return f"C-{last}"
