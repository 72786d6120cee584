"""The lists of orders: employees' and customers'."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.response import Response
from sqlalchemy import case, func, literal, select

from portal.kernel.folding import matches
from portal.kernel.i18n import Text, _
from portal.kernel.people import Scope
from portal.kernel.scoping import within
from portal.kernel.unit import Unit
from portal.modules.orders.models import FULLY, Order
from portal.modules.orders.states import BILLING, DELIVERY, OWN_STATES, STATES, UNDER_WAY
from portal.modules.orders.transitions import State
from portal.web.badges import Badge
from portal.web.lists import ChoiceFilter, Column, DateFilter, FlagFilter, Listing, Page, TextFilter
from portal.web.request import Request


def _titles(badges: Mapping[str, Badge]) -> dict[str, Text]:
    return {str(state): badge.label for state, badge in badges.items()}


def _found(term: str) -> Any:
    return matches(Order.search_text + literal(" ") + func.lower(Order.number), term)


_OPEN = (State.REQUESTED, State.QUOTATION, State.SENT, State.ACCEPTED, State.CONFIRMED)
_STATES: dict[str, Text] = {"open": _("All open"), **_titles(STATES)}


def _in_state(value: str) -> Any:
    return Order.state.in_(_OPEN) if value == "open" else Order.state == value


_UNDER_WAY = Order.state.in_(UNDER_WAY)
_DELIVERY = case((_UNDER_WAY, Order.delivery), else_=None)
_BILLING = case((_UNDER_WAY, Order.billing), else_=None)
#: A request carries no prices yet.
GROSS = case((Order.state == State.REQUESTED, None), else_=Order.gross)

ORDERS = Listing(
    base=select(Order.id),
    id=Order.id,
    columns=(
        Column("number", _("Number"), Order.number, "link", sort=True, sort_by=Order.id, to="public_id"),
        Column("public_id", "", Order.public_id, hidden=True),
        Column("customer", _("Customer"), Order.customer_name, sort=True, clipped=True),
        Column("department", _("Department"), Order.department, clipped=True, sparse=True),
        Column("reference", _("Reference"), Order.customer_reference, hidden=True),
        Column("ordered_on", _("Date"), Order.ordered_on, "date", sort=True),
        Column("state", _("State"), Order.state, "status", states=STATES),
        Column("delivery", _("Delivery"), _DELIVERY, "status", states=DELIVERY),
        Column("billing", _("Billing"), _BILLING, "status", states=BILLING),
        Column("gross", _("Total"), GROSS, "money", sort=True, sort_by=Order.gross, currency="currency"),
        Column("promised_on", _("Promised"), Order.promised_on, "date", sort=True, nullable=True),
        Column("responsible", _("Responsible"), Order.responsible, sort=True, hidden=True),
        Column("currency", _("Currency"), Order.currency, hidden=True),
    ),
    default="-number",
    name="orders",
    search=_found,
    search_hint=_("Number, customer, reference, contact, address"),
    filters=(
        ChoiceFilter("state", _("State"), _STATES, _in_state),
        ChoiceFilter(
            "delivery", _("Delivery"), _titles(DELIVERY), lambda value: _UNDER_WAY & (Order.delivery == value)
        ),
        ChoiceFilter(
            "billing", _("Billing"), _titles(BILLING), lambda value: _UNDER_WAY & (Order.billing == value)
        ),
        TextFilter(
            "responsible",
            _("Responsible"),
            lambda value: matches(Order.responsible_folded, value),
        ),
        TextFilter(
            "department",
            _("Department"),
            lambda value: matches(Order.department_folded, value),
        ),
        DateFilter("ordered", _("Date"), Order.ordered_on),
        DateFilter("requested", _("Requested date"), Order.requested_on),
        DateFilter("promised", _("Promised"), Order.promised_on),
        FlagFilter("question", _("Question unanswered"), Order.awaiting_answer.is_),
    ),
)


def _own_found(term: str) -> Any:
    space = literal(" ")
    text = Order.reference_folded + space + Order.department_folded + space + func.lower(Order.number)
    return matches(text, term)


#: While a new revision is being written, customers go on seeing the total that they were sent.
_OWN_GROSS = case(
    (Order.state == State.REQUESTED, None),
    (Order.state == State.QUOTATION, Order.offered_gross),
    else_=Order.gross,
)

OWN_ORDERS = Listing(
    base=select(Order.id),
    id=Order.id,
    columns=(
        Column("number", _("Number"), Order.number, "link", sort=True, sort_by=Order.id, to="public_id"),
        Column("public_id", "", Order.public_id, hidden=True),
        Column("department", _("Department"), Order.department, sparse=True),
        Column("reference", _("Your reference"), Order.customer_reference),
        Column("ordered_on", _("Date"), Order.ordered_on, "date", sort=True),
        Column("state", _("State"), Order.state, "status", states=OWN_STATES),
        Column("delivery", _("Delivery"), _DELIVERY, "status", states=DELIVERY),
        Column("gross", _("Total"), _OWN_GROSS, "money", currency="currency"),
        Column("currency", _("Currency"), Order.currency, hidden=True),
    ),
    default="-number",
    name="orders",
    search=_own_found,
    search_hint=_("Number or your reference"),
    filters=(
        ChoiceFilter(
            "state",
            _("State"),
            _titles({state: badge for state, badge in OWN_STATES.items() if state != State.QUOTATION}),
            lambda value: Order.state == value,
        ),
    ),
)


def own_scope(scope: Scope) -> tuple[Any, ...]:
    """The conditions that leave a customer's own orders, those that they may see."""
    return (within(scope, Order), Order.visible.is_(True))


def own_page(unit: Unit, scope: Scope, params: Mapping[str, str], base: str) -> Page:
    """A page of a customer's own orders: one statement."""
    return OWN_ORDERS.page(unit.db, params, own_scope(scope), base=base)


def own_csv(request: Request, scope: Scope) -> Response:
    """All of a customer's own orders as a file: one statement."""
    return OWN_ORDERS.csv(request, own_scope(scope))


def late_deliveries(unit: Unit) -> Any:
    """The condition for orders whose promised day is over and whose goods are not all delivered."""
    return (Order.state == State.CONFIRMED) & (Order.delivery != FULLY) & (Order.promised_on < unit.today())
