"""The action views of orders, registered from the transition table: one for each row of the staff's side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyramid.response import Response

from portal.kernel.composition import staff_root
from portal.kernel.errors import Conflict, Invalid, Refused
from portal.kernel.i18n import _
from portal.kernel.money import from_scaled
from portal.modules.customers.interfaces import CustomerFacts, ICustomers
from portal.modules.orders.forms import (
    AcceptanceForm,
    ActForm,
    CancelForm,
    DeclineForm,
    DeliverForm,
    ObjectionForm,
    OrderEditForm,
    ReasonForm,
    RestForm,
    SendForm,
    UndoForm,
)
from portal.modules.orders.models import Order, OrderLine
from portal.modules.orders.resources import OrderNode
from portal.modules.orders.services import deliveries, drafting, editing, lifecycle, mailing, reading
from portal.modules.orders.services.history import Subject, history
from portal.modules.orders.services.lifecycle import Acceptance
from portal.modules.orders.services.objections import Allowed, Objected
from portal.modules.orders.transitions import TABLE, Transition, transition
from portal.modules.orders.views.orders import TEMPLATES, back_to, written_page
from portal.people import document_links
from portal.web.forms import Choice
from portal.web.request import Request

if TYPE_CHECKING:
    from portal.kernel.composition import Composer

View = Callable[[OrderNode, Request], Any]


@dataclass(frozen=True, slots=True)
class Act:
    """How an action is taken: at once by a POST, or on a page of its own drawn by `template`."""

    view: View
    template: str | None = None


def register_actions(config: Composer) -> None:
    """Register the view of every row of the staff's side. KeyError for a row that nobody wrote a view for."""
    for row in TABLE:
        if row.side != "staff":
            continue
        act = ACTS[row.action]
        placed: dict[str, Any] = {"context": OrderNode, "name": row.action, "permission": row.permission}
        if act.template is None:
            config.add_view(act.view, **placed, request_method="POST", show="")
        else:
            renderer = f"{TEMPLATES}{act.template}.jinja2"
            typed = row.action == "edit"
            config.add_view(
                act.view,
                **placed,
                request_method=("GET", "POST"),
                renderer=renderer,
                preview=not typed,
                autosave=typed,
            )


def allowed_by(request: Request) -> Allowed:
    """Whether the person has a permission of another module."""

    def allowed(module: str, permission: str) -> bool:
        root = staff_root(request, module)
        return root is not None and request.permits(permission, root)

    return allowed


# --- at once -----------------------------------------------------------------------------------------------


def _at_once(verb: Callable[..., object]) -> View:
    def view(context: OrderNode, request: Request) -> Response:
        form = ActForm(request)
        form.check()
        verb(request.unit, context.order.id, version=form.seen)
        return _done(context, request)

    return view


def _done(context: OrderNode, request: Request) -> Response:
    request.flash(transition(request.view_name).done)
    return back_to(context)


def _page(context: OrderNode, request: Request, form: Any, **values: Any) -> dict[str, Any]:
    """What the page of an action shows."""
    row: Transition = transition(request.view_name)
    if request.refusal is None and context.order.state not in row.origins:
        raise Refused(_("This is no longer possible. Please look at the order again."))
    shown_as_it_stands(form, context.order, request)
    return {
        "form": form,
        "row": row,
        "order": context.order,
        "back": f"/orders/{context.order.public_id}/",
        **values,
    }


def shown_as_it_stands(form: ActForm, order: Order, request: Request) -> None:
    """The form is of the order that is shown: after somebody else's change, acting again is acting on that."""
    if not form.version.data or isinstance(request.refusal, Conflict):
        form.version.data, form.version.raw_data = str(order.version), None


# --- on a page of their own --------------------------------------------------------------------------------


def _edit(context: OrderNode, request: Request) -> Any:
    order, unit = context.order, request.unit
    lines = reading.lines_of(request.db, order.id)
    if not request.submitted:
        transition("edit").demand(reading.situation(order, lines, unit.today()))
    customer = unit.ask(ICustomers).get(order.customer_id)
    form = OrderEditForm(request, customer, drafting.draft_of(order, lines), lines, order.currency)
    back = f"/orders/{order.public_id}/"
    if not request.submitted or "add" in request.POST:
        return written_page(request, form, _("Change ${number}", mapping={"number": order.number}), back)
    form.check()
    editing.save(unit, order.id, form.sent(), form.base, form.products.facts)
    return _done(context, request)


def _send(context: OrderNode, request: Request) -> Any:
    """Who gets the quotation, and what the mail says; nobody ticked means that it goes out by other means."""
    order, unit = context.order, request.unit
    customer = unit.ask(ICustomers).get(order.customer_id)
    form = SendForm(request, {"to": standard_recipients(order, customer)})
    offer_recipients(form, customer)
    if not request.submitted:
        said = mailing.letter(
            unit, order, mailing.QUOTATION, customer.public_id, link=document_links.shown_for_mail(unit)
        )
        return _page(context, request, form, letter=said)
    form.check()
    to = chosen_recipients(form, customer)
    sent = lifecycle.send(unit, order.id, version=form.seen)
    if to:
        mailing.send_letter(unit, sent.order, mailing.QUOTATION, sent.document, to, customer.public_id)
    return _done(context, request)


def offer_recipients(form: SendForm, customer: CustomerFacts) -> None:
    """Tick who gets the mail."""
    form.to.choices = [Choice(one.email, one.name, one.email) for one in mailing.recipients(customer)]


def chosen_recipients(form: SendForm, customer: CustomerFacts) -> list[Any]:
    """The recipients that were ticked. Raises Invalid for an address that is not the customer's."""
    known = {one.email: one for one in mailing.recipients(customer)}
    unknown = [email for email in form.to.data if email not in known]
    if unknown:
        raise Invalid({"to": _("This is no address of the customer any more. Please choose again.")})
    return [known[email] for email in form.to.data]


def standard_recipients(order: Order, customer: CustomerFacts) -> list[str]:
    """The contact of the order, else the account's own address."""
    contact = next((one.email for one in customer.contacts if one.name == order.contact and one.email), None)
    return [contact or customer.email] if contact or customer.email else []


def _confirm(context: OrderNode, request: Request) -> Any:
    form = ObjectionForm(request)
    if not request.submitted:
        return _page(context, request, form, objections=_objections(request))
    form.check()
    lifecycle.confirm(
        request.unit,
        context.order.id,
        passed=form.passed.data,
        allowed=allowed_by(request),
        version=form.seen,
    )
    return _done(context, request)


def _cancel(context: OrderNode, request: Request) -> Any:
    form = CancelForm(request)
    if not request.submitted:
        return _page(context, request, form, objections=_objections(request))
    form.check()
    lifecycle.cancel(
        request.unit,
        context.order.id,
        form.reason.data,
        visible=form.visible.data,
        passed=form.passed.data,
        allowed=allowed_by(request),
        version=form.seen,
    )
    return _done(context, request)


def _objections(request: Request) -> list[dict[str, Any]]:
    """The objections of the attempt that was refused; who may not see a voter's module reads only its name."""
    refusal = request.refusal
    if not isinstance(refusal, Objected):
        return []
    titles = {card.name: card.title for card in request.house.cards}
    return [
        {
            "key": one.key,
            "voter": titles.get(one.voter, one.voter),
            "reason": one.reason or _("The reason is for those who may see that module."),
            "hold": one.hold,
            "passable": one.passable,
        }
        for one in refusal.objections
    ]


def _record_acceptance(context: OrderNode, request: Request) -> Any:
    form = AcceptanceForm(
        request, {"name": context.order.contact, "reference": context.order.customer_reference}
    )
    if not request.submitted:
        return _page(context, request, form)
    form.check()
    acceptance = Acceptance(form.name.data, form.reference.data)
    lifecycle.record_acceptance(request.unit, context.order.id, acceptance, version=form.seen)
    return _done(context, request)


def _with_reason(verb: Callable[..., object], form_class: type[ReasonForm | DeclineForm]) -> View:
    def view(context: OrderNode, request: Request) -> Any:
        form = form_class(request)
        if not context.order.visible:
            del form.visible
        if not request.submitted:
            return _page(context, request, form)
        form.check()
        visible = context.order.visible and form.visible.data
        verb(request.unit, context.order.id, form.reason.data, visible=visible, version=form.seen)
        return _done(context, request)

    return view


def _deliver(context: OrderNode, request: Request) -> Any:
    order, unit = context.order, request.unit
    lines = [line for line in reading.lines_of(request.db, order.id) if reading.open_goods(line) > 0]
    form = DeliverForm(
        request,
        {
            "delivered_on": unit.today(),
            "lines": [{"line": str(line.position), "quantity": reading.open_goods(line)} for line in lines],
        },
    )
    by_position = {str(line.position): line for line in lines}
    if not request.submitted:
        if isinstance(request.refusal, Conflict):
            _add_opened(form, by_position)
        return _page(context, request, form, by_position=by_position)
    form.check()
    quantities: dict[int, Any] = {}
    for row in form.lines.data:
        line = by_position.get(row["line"])
        if line is None or line.id in quantities:
            raise Conflict(_("Somebody changed this order meanwhile. Please look at it again."))
        quantities[line.id] = from_scaled(row["quantity"] or 0)
    deliveries.deliver(
        unit, order.id, quantities, on=form.delivered_on.data, note=form.note.data, version=form.seen
    )
    return _done(context, request)


def _add_opened(form: DeliverForm, by_position: Mapping[str, OrderLine]) -> None:
    """Rows for lines that somebody opened meanwhile, without a quantity: nobody has decided on them yet."""
    there = {entry.form.line.data for entry in form.lines.entries}
    for position in by_position.keys() - there:
        form.lines.append_entry({"line": position})


def _cancel_rest(context: OrderNode, request: Request) -> Any:
    lines = reading.lines_of(request.db, context.order.id)
    form = RestForm(request, {"line": request.GET.get("line", "")})
    form.line.choices = [
        (
            str(line.position),
            f"{line.position}. {line.name} ({from_scaled(reading.open_rest(line)):f} {line.unit})",
        )
        for line in lines
        if reading.open_rest(line) > 0
    ]
    if not request.submitted:
        return _page(context, request, form)
    form.check()
    deliveries.cancel_rest(request.unit, context.order.id, int(form.line.data), version=form.seen)
    return _done(context, request)


def _undo(context: OrderNode, request: Request) -> Any:
    past = history(request.unit, Subject.of(context.order)).deliveries
    form = UndoForm(request, {"delivery": request.GET.get("delivery", "")})
    form.delivery.choices = [
        (one.public_id, one.number) for one in past if not one.undone and one.undoes is None
    ]
    if not request.submitted:
        return _page(context, request, form)
    form.check()
    deliveries.undo(
        request.unit,
        context.order.id,
        form.delivery.data,
        reason=form.reason.data,
        visible=form.visible.data,
        version=form.seen,
    )
    return _done(context, request)


#: How each action of the staff's side is taken.
ACTS: Mapping[str, Act] = {
    "quote": Act(_at_once(drafting.take_up)),
    "edit": Act(_edit, "order_form"),
    "send": Act(_send, "send"),
    "confirm": Act(_confirm, "confirm"),
    "record-acceptance": Act(_record_acceptance, "action"),
    "record-decline": Act(_with_reason(lifecycle.record_decline, DeclineForm), "action"),
    "revise": Act(_at_once(lifecycle.revise)),
    "expire": Act(_at_once(lifecycle.expire)),
    "withdraw": Act(_with_reason(lifecycle.withdraw, ReasonForm), "action"),
    "deliver": Act(_deliver, "deliver"),
    "undo-delivery": Act(_undo, "action"),
    "cancel-rest": Act(_cancel_rest, "action"),
    "close": Act(_at_once(lifecycle.close)),
    "reopen": Act(_at_once(lifecycle.reopen)),
    "cancel": Act(_cancel, "confirm"),
}
