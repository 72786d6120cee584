"""Writing quotations: begin one, take up a request, duplicate. Changing one stands in `editing`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, insert

from portal.kernel.errors import Invalid
from portal.kernel.folding import fold
from portal.kernel.i18n import Text, _
from portal.kernel.money import Policy, PriceBasis, Rounding, TaxRounding, convert, from_scaled, to_scaled
from portal.kernel.unit import Unit
from portal.modules.catalog.interfaces import IProducts, ProductFacts
from portal.modules.customers.interfaces import CustomerFacts, Department, ICustomers
from portal.modules.orders.interfaces import ORDER_KIND
from portal.modules.orders.models import Order, OrderLine
from portal.modules.orders.services import history, numbers, reading
from portal.modules.orders.services.drafts import Draft, DraftLine
from portal.modules.orders.services.pricing import Terms, WorkedOut, work_out
from portal.modules.orders.settings import BILL_ON, TAX_ROUNDING, VALID_DAYS
from portal.modules.orders.transitions import State, transition
from portal.modules.taxes.interfaces import ITaxes, Position
from portal.ops import documents

PREFIX = "SO"


@dataclass(frozen=True, slots=True)
class Created:
    """An order that was begun."""

    id: int
    public_id: str
    number: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A price of a duplicated line that is no longer the same; None: no longer sold at all."""

    name: str
    before: Decimal
    now: Decimal | None


def create(
    unit: Unit, customer: CustomerFacts, draft: Draft, products: Mapping[str, ProductFacts] | None = None
) -> Created:
    """Begin a quotation: products (unless the caller has them), prices, taxes, order and lines, one statement each.

    Raises Invalid for fields, Refused for an archived customer and where a price, a tax or a rate is lacking.
    """
    check(draft.lines)
    return _insert(unit, customer, draft, State.QUOTATION, "create", products=products)


def request(
    unit: Unit, customer: CustomerFacts, draft: Draft, products: Mapping[str, ProductFacts] | None = None
) -> Created:
    """What a customer asks a quotation for. Prices are theirs to read once somebody has prepared it."""
    return _insert(unit, customer, draft, State.REQUESTED, "request", visible=True, products=products)


def standard_draft(unit: Unit, customer: CustomerFacts) -> Draft:
    """What a new quotation for this customer begins with."""
    return Draft(
        billing_address=customer.address("billing"),
        delivery_address=customer.address("delivery"),
        contact=next((contact.name for contact in customer.contacts), ""),
        responsible=_employee(unit),
        valid_until=_last_day(unit),
        bill_on=unit.setting(BILL_ON),
    )


def _employee(unit: Unit) -> str:
    return unit.actor.name if unit.actor.kind == "employee" else ""


def _last_day(unit: Unit) -> date:
    return unit.today() + timedelta(days=unit.setting(VALID_DAYS))


def take_up(unit: Unit, order_id: int, version: int | None = None) -> Order:
    """Begin to prepare what was requested: products get their prices and taxes, free text waits to be worked out."""
    order = reading.lock(unit, order_id, version)
    stored = reading.lines_of(unit.db, order.id)
    row = transition("quote")
    row.demand(reading.situation(order, stored, unit.today()))
    draft = replace(
        draft_of(order, stored, prices=False),
        responsible=order.responsible or _employee(unit),
        valid_until=order.valid_until or _last_day(unit),
    )
    order.state = State.QUOTATION
    rewrite(unit, order, draft, stored)
    history.record(unit, order, row.action)
    return order


def duplicate(unit: Unit, order_id: int) -> tuple[Created, list[Difference]]:
    """A new quotation with the lines of an order, prices asked for anew; lines no longer sold are left out.

    It is of the same department, unless that is out of use by now.
    """
    order = unit.db.get_one(Order, order_id)
    lines = reading.lines_of(unit.db, order_id)
    customer = unit.ask(ICustomers).get(order.customer_id)
    draft, gone = copied(unit, customer, lines)
    kept = any(one.id == order.department_id for one in customer.departments_in_use)
    created = create(unit, customer, replace(draft, department_id=order.department_id if kept else None))
    return created, [*gone, *_differences(unit, created.id, lines)]


def copied(unit: Unit, customer: CustomerFacts, lines: Sequence[OrderLine]) -> tuple[Draft, list[Difference]]:
    """A standard draft with these lines, prices to be asked for anew, and what is no longer sold."""
    ids = {line.product_public_id for line in lines if line.product_public_id}
    sold = (
        {key for key, product in unit.ask(IProducts).find(ids).items() if product.active}
        if ids
        else set[str]()
    )
    kept = [line for line in lines if not line.product_public_id or line.product_public_id in sold]
    gone = [Difference(line.name, from_scaled(line.unit_price), None) for line in lines if line not in kept]
    return replace(standard_draft(unit, customer), lines=tuple(_copy(line) for line in kept)), gone


def _copy(line: OrderLine) -> DraftLine:
    product = bool(line.product_public_id)
    return DraftLine(
        quantity=from_scaled(line.quantity),
        product=line.product_public_id,
        name="" if product else line.name,
        description="" if product else line.description,
        unit="" if product else line.unit,
        service=line.service,
        unit_price=None if product else from_scaled(line.unit_price),
        discount=None if product else from_scaled(line.discount),
        tax_class="" if product else line.tax_class,
    )


def _differences(unit: Unit, order_id: int, before: Sequence[OrderLine]) -> list[Difference]:
    old = {line.product_public_id: line for line in before if line.product_public_id}
    return [
        Difference(
            line.name, from_scaled(old[line.product_public_id].unit_price), from_scaled(line.unit_price)
        )
        for line in reading.lines_of(unit.db, order_id)
        if line.product_public_id in old and old[line.product_public_id].unit_price != line.unit_price
    ]


def draft_of(order: Order, lines: Iterable[OrderLine], *, prices: bool = True) -> Draft:
    """A stored order as it would be written; without `prices`, those of products are to be asked for."""
    return Draft(
        lines=tuple(_written(line, prices) for line in lines),
        billing_address=reading.address_of(order.billing_address),
        delivery_address=reading.address_of(order.delivery_address),
        contact=order.contact,
        responsible=order.responsible,
        customer_reference=order.customer_reference,
        requested_on=order.requested_on,
        promised_on=order.promised_on,
        valid_until=order.valid_until,
        bill_on=order.bill_on,
        notes=order.notes,
        department_id=order.department_id,
    )


def _written(line: OrderLine, prices: bool) -> DraftLine:
    keep = prices or not line.product_public_id
    return DraftLine(
        key=line.key,
        product=line.product_public_id,
        name=line.name,
        description=line.description,
        unit=line.unit,
        service=line.service,
        quantity=from_scaled(line.quantity),
        unit_price=from_scaled(line.unit_price) if keep else None,
        discount=from_scaled(line.discount) if keep else None,
        tax_class=line.tax_class,
    )


# --- rows --------------------------------------------------------------------------------------------------


def check(lines: Sequence[DraftLine]) -> None:
    """Raise Invalid naming the lines that a quotation cannot have."""
    errors: dict[str, Text] = {}
    if not lines:
        errors["lines"] = _("Enter at least one line.")
    for place, line in enumerate(lines):
        if line.quantity <= 0:
            errors[f"lines-{place}-quantity"] = _("More than nothing.")
        if not line.product and not line.tax_class:
            errors[f"lines-{place}-tax_class"] = _("Choose a tax class.")
    keys = [line.key for line in lines if line.key is not None]
    if len(set(keys)) < len(keys):
        errors["lines"] = _("A line was sent twice. Please open the page again.")
    if errors:
        raise Invalid(errors)


def _insert(
    unit: Unit,
    customer: CustomerFacts,
    draft: Draft,
    state: State,
    action: str,
    *,
    visible: bool = False,
    products: Mapping[str, ProductFacts] | None = None,
) -> Created:
    if not customer.active:
        raise Invalid({"customer": _("This customer is archived.")})
    taxes = unit.ask(ITaxes)
    terms = terms_for(unit, customer)
    today = terms.tax_point
    priced = state is State.QUOTATION
    worked = work_out(unit, terms, draft.lines, products=products, priced=priced)
    # A request has no amounts yet, and a rate that is lacking is not the customer's fault.
    rate = taxes.exchange_rate(customer.currency, today) if priced else Decimal(1)
    department = _department_of(customer.departments, draft.department_id)
    values: dict[str, Any] = {
        **_written_values(draft, customer.name, customer.number, department),
        **worked.header,
        "customer_id": customer.id,
        "customer_name": customer.name,
        "customer_number": customer.number,
        "customer_vat_id": customer.vat_id,
        "customer_email": customer.email,
        "language": customer.language,
        "currency": customer.currency,
        "policy": terms.policy,
        "payment_days": customer.payment_days,
        "payment_terms": customer.payment_terms,
        "tax_position": terms.position.value,
        "exchange_rate": to_scaled(rate),
        "base_gross": convert(worked.header["gross"], customer.currency, unit.company.currency, rate),
        "state": state,
        "delivery": "none",
        "billing": "none",
        "paid": False,
        "visible": visible,
        "awaiting_answer": False,
        "revision": 1,
        "version": 1,
        "ordered_on": today,
        "created_at": unit.now(),
        "created_by": unit.actor.name,
        "created_kind": unit.actor.kind,
        "created_action": action,
    }
    row = numbers.insert_numbered(unit.db, Order, PREFIX, today.year, values)
    insert_lines(unit, row.id, customer.id, worked)
    return Created(row.id, row.public_id, row.number)


def terms_for(unit: Unit, customer: CustomerFacts) -> Terms:
    """What a new quotation for this customer is worked out under, as of today."""
    override = Position(customer.tax_position) if customer.tax_position else None
    position = unit.ask(ITaxes).position(customer.country, customer.vat_id, override)
    return Terms(
        customer.id, customer.currency, str(_policy(unit)), position, customer.language, unit.today()
    )


def terms_of(unit: Unit, order: Order) -> Terms:
    """What a stored quotation is worked out under, as of today."""
    return Terms(
        order.customer_id,
        order.currency,
        order.policy,
        Position(order.tax_position),
        order.language,
        unit.today(),
    )


def insert_lines(unit: Unit, order_id: int, customer_id: int, worked: WorkedOut) -> None:
    """Insert the lines of an order: one statement."""
    if worked.lines:
        rows = [{**line, "order_id": order_id, "customer_id": customer_id} for line in worked.lines]
        table: Any = OrderLine.__table__
        unit.db.execute(insert(table), rows)


def rewrite(
    unit: Unit,
    order: Order,
    draft: Draft,
    stored: Sequence[OrderLine],
    products: Mapping[str, ProductFacts] | None = None,
) -> None:
    """Put what was written in the place of what was: lines as a whole, totals with them."""
    by_key: Mapping[int, OrderLine] = {line.key: line for line in stored}
    worked = work_out(unit, terms_of(unit, order), draft.lines, by_key, products)
    department = _department_cited(unit, order, draft)
    for name, value in {
        **_written_values(draft, order.customer_name, order.customer_number, department),
        **worked.header,
    }.items():
        setattr(order, name, value)
    rate = unit.ask(ITaxes).exchange_rate(order.currency, unit.today())
    order.exchange_rate = to_scaled(rate)
    order.base_gross = convert(order.gross, order.currency, unit.company.currency, rate)
    order.version += 1
    unit.db.execute(
        delete(OrderLine).where(OrderLine.order_id == order.id).execution_options(synchronize_session=False)
    )
    insert_lines(unit, order.id, order.customer_id, worked)


def _department_of(departments: Iterable[Department], department_id: int | None) -> str:
    """The name of a department in use, "" for none. Raises Invalid for any other."""
    if department_id is None:
        return ""
    for one in departments:
        if one.id == department_id and one.active:
            return one.name
    raise Invalid({"department": _("This department is no longer there.")})


def _department_cited(unit: Unit, order: Order, draft: Draft) -> str:
    """The name of the department that the draft of an order is of; what was issued so far moves there with it."""
    if draft.department_id == order.department_id:
        return order.department
    name = _department_of(unit.ask(ICustomers).departments(order.customer_id), draft.department_id)
    documents.move(unit, ORDER_KIND, order.public_id, draft.department_id)
    return name


def search_values(customer_name: str, customer_number: str, draft: Draft, department: str) -> dict[str, str]:
    """The folded columns: the customer, their reference, people and addresses together; what is looked for alone."""
    addresses = {
        " ".join(address.printed) for address in (draft.billing_address, draft.delivery_address) if address
    }
    people = (draft.customer_reference, draft.contact, draft.responsible)
    return {
        "search_text": fold(
            " ".join((customer_name, customer_number, department, *people, *sorted(addresses)))
        ),
        "reference_folded": fold(draft.customer_reference),
        "responsible_folded": fold(draft.responsible),
        "department_folded": fold(department),
    }


def _written_values(
    draft: Draft, customer_name: str, customer_number: str, department: str
) -> dict[str, Any]:
    """The columns that come from what was written. The number is searched for in its own column."""
    return {
        "billing_address": reading.address_json(draft.billing_address),
        "delivery_address": reading.address_json(draft.delivery_address),
        "contact": draft.contact,
        "responsible": draft.responsible,
        "customer_reference": draft.customer_reference,
        "requested_on": draft.requested_on,
        "promised_on": draft.promised_on,
        "valid_until": draft.valid_until,
        "bill_on": draft.bill_on,
        "notes": draft.notes,
        "department_id": draft.department_id,
        "department": department,
        **search_values(customer_name, customer_number, draft, department),
    }


def _policy(unit: Unit) -> Policy:
    return Policy(TaxRounding(unit.setting(TAX_ROUNDING)), Rounding.HALF_UP, PriceBasis.NET)
