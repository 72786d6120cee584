"""Forms of orders."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from portal.kernel.errors import Invalid, Refused
from portal.kernel.i18n import Text, _
from portal.kernel.merging import Changed
from portal.kernel.money import from_scaled, to_scaled
from portal.modules.catalog.interfaces import IProducts, ProductFacts
from portal.modules.customers.interfaces import CustomerFacts, Department, PostalAddress
from portal.modules.orders.models import OrderLine
from portal.modules.orders.services import editing
from portal.modules.orders.services.drafts import Draft, DraftLine
from portal.modules.orders.services.editing import LINE
from portal.modules.orders.services.own import Repeat
from portal.modules.orders.states import BILL_ON_TITLES
from portal.modules.taxes.interfaces import ITaxes
from portal.web.forms import (
    BooleanField,
    Choice,
    ChoiceField,
    DateField,
    Form,
    HiddenField,
    LinesField,
    MultiChoiceField,
    PercentField,
    PriceField,
    QuantityField,
    Row,
    SearchChoiceField,
    TextAreaField,
    TextField,
)
from portal.web.merging import BASE, FieldConflict
from portal.web.request import Request

#: The choice of an address that the order has stored, whatever became of it at the customer's.
AS_STORED = "stored"
_CHOICE = "_base-choice-"
_LEAST = Decimal("0.000001")
_SHOWN = _("Show this reason to the customer")


class TaxClassField(ChoiceField):
    """A tax class. What was sent is judged where the taxes are looked up, not by a list read for that alone."""

    @property
    def options(self) -> list[Choice]:
        """The classes, read once for a page."""
        environ = self.request.environ
        if "orders.tax_classes" not in environ:
            classes = self.request.unit.ask(ITaxes).classes()
            environ["orders.tax_classes"] = [Choice(one.code, one.title) for one in classes]
        found: list[Choice] = environ["orders.tax_classes"]
        return found

    def examine(self, form: Any) -> None:
        """Any class: the service refuses unknown ones."""


class OpenChoiceField(ChoiceField):
    """A choice whose choices need a look at the database; what was sent is taken as text of at most 200 characters."""

    def examine(self, form: Any) -> None:
        if len(self.data) > 200:
            raise self.wrong(_("This is not one of the choices."))


class KeysField(MultiChoiceField):
    """Keys that the person ticked; the service knows which there are."""

    def examine(self, form: Any) -> None:
        """Any keys."""


def product_label(sku: str, name: str) -> str:
    """A product as the search shows it."""
    return f"{sku} · {name}"


class LineRow(Row):
    """A line of a quotation."""

    unasked = ("key", "tax_class", "service")

    key = HiddenField(longest=10, pattern=r"\d{1,9}")
    product = SearchChoiceField(_("Product"), url="products")
    name = TextField(_("Text"), longest=300)
    description = TextAreaField(_("Details"), longest=2000, rows=1)
    quantity = QuantityField(required=True, least=_LEAST)
    unit = TextField(_("Unit"), longest=40)
    unit_price = PriceField()
    discount = PercentField(_("Discount"))
    tax_class = TaxClassField(_("Tax class"), blank=_("As the product"))
    service = BooleanField(_("Service"))


class ProductChoices:
    """The products of a form's rows: those that were chosen by one statement, those that were typed by one more."""

    def __init__(self, request: Request, rows: Iterable[Any], stored: Mapping[str, str]) -> None:
        self._request = request
        self._stored = stored
        self._typed = list(rows)
        ids = {str(row.product.value) for row in self._typed if row.product.value}
        lacking = ids - stored.keys()
        self.facts: dict[str, ProductFacts] = (
            dict(request.unit.ask(IProducts).find(lacking)) if lacking else {}
        )
        self._by_sku: dict[str, Choice] | None = None

    def get(self, public_id: str) -> Choice | None:
        """The product with that public id."""
        if public_id in self._stored:
            return Choice(public_id, self._stored[public_id])
        product = self.facts.get(public_id)
        return None if product is None else Choice(public_id, product_label(product.sku, product.name))

    def find(self, text: str) -> Sequence[Choice]:
        """The products that fit what was typed: a SKU, else a search."""
        exact = self._skus().get(text.casefold())
        if exact is not None:
            return [exact]
        return [self._chosen(product) for product in self._request.unit.ask(IProducts).search(text, 6)]

    def _skus(self) -> dict[str, Choice]:
        if self._by_sku is None:
            texts = {row.product.text for row in self._typed if row.product.text}
            found = self._request.unit.ask(IProducts).by_sku(texts)
            self._by_sku = {product.sku.casefold(): self._chosen(product) for product in found.values()}
        return self._by_sku

    def _chosen(self, product: ProductFacts) -> Choice:
        self.facts[product.public_id] = product
        return Choice(product.public_id, product_label(product.sku, product.name))


class OrderForm(Form):
    """A quotation; `customer` gives the addresses and contacts to choose from."""

    department = ChoiceField(_("Department"), blank=_("The whole account"))
    customer_reference = TextField(_("Customer's reference"), longest=100)
    contact = OpenChoiceField(_("Contact"), blank=_("None"))
    responsible = OpenChoiceField(_("Responsible"), blank=_("Nobody"))
    valid_until = DateField(_("Valid until"))
    requested_on = DateField(_("Requested date"))
    promised_on = DateField(_("Promised date"))
    bill_on = ChoiceField(_("Invoice"), BILL_ON_TITLES.items(), required=True)
    billing_address = OpenChoiceField(_("Billing address"), blank=_("None"))
    delivery_address = OpenChoiceField(_("Delivery address"), blank=_("None"))
    notes = TextAreaField(_("Text on the document"), longest=4000)
    lines = LinesField(LineRow, _("Lines"), spare=2)

    def __init__(self, request: Request, customer: CustomerFacts, draft: Draft, currency: str) -> None:
        self.customer = customer
        self.draft = draft
        super().__init__(request, _form_data(draft, customer), currency=currency)
        self._offer_choices()
        stored = {line.product: line.name for line in draft.lines if line.product}
        self.products = ProductChoices(request, (entry.form for entry in self.lines.entries), stored)
        self.know_products()

    def know_products(self) -> None:
        """Give each row's product field its products."""
        for entry in self.lines.entries:
            entry.form.product.get = self.products.get
            entry.form.product.find = self.products.find

    def _offer_choices(self) -> None:
        # One that is out of use by now is kept where the order has it.
        self._departments = [
            one for one in self.customer.departments if one.active or one.id == self.draft.department_id
        ]
        self.department.choices = [(one.public_id, one.name) for one in self._departments]
        if not self._departments:
            del self.department
        names = [contact.name for contact in self.customer.contacts]
        self.contact.choices = [(name, name) for name in _with(names, self.draft.contact)]
        addresses = [(address.public_id, _one_line(address)) for address in self.customer.addresses]
        for field, kept in (
            (self.billing_address, self.draft.billing_address),
            (self.delivery_address, self.draft.delivery_address),
        ):
            as_stored = (
                [] if kept is None or kept in self.customer.addresses else [(AS_STORED, _one_line(kept))]
            )
            field.choices = [*as_stored, *addresses]

    def offer_responsible(self, names: Iterable[str]) -> None:
        """The employees to choose from."""
        self.responsible.choices = [(name, name) for name in _with(names, self.draft.responsible)]

    def written(self) -> Draft:
        """What was written."""
        return Draft(
            lines=tuple(draft_line(row.data) for row in self.lines.rows),
            department_id=self._department(),
            billing_address=self._address(self.billing_address.data, self.draft.billing_address),
            delivery_address=self._address(self.delivery_address.data, self.draft.delivery_address),
            contact=self.contact.data or "",
            responsible=self.responsible.data or "",
            customer_reference=self.customer_reference.data,
            requested_on=self.requested_on.data,
            promised_on=self.promised_on.data,
            valid_until=self.valid_until.data,
            bill_on=self.bill_on.data,
            notes=self.notes.data,
        )

    def _department(self) -> int | None:
        if "department" not in self:
            return self.draft.department_id
        chosen = self.department.data
        return next((one.id for one in self._departments if one.public_id == chosen), None)

    def _address(self, chosen: str | None, kept: PostalAddress | None) -> PostalAddress | None:
        if not chosen:
            return None
        if chosen == AS_STORED:
            return kept
        for address in self.customer.addresses:
            if address.public_id == chosen:
                return address
        raise Invalid({"billing_address": _("This address is no longer there.")})


class OrderEditForm(OrderForm):
    """A stored quotation being changed: carries what it was filled with, so that changes of two people merge."""

    def __init__(
        self,
        request: Request,
        customer: CustomerFacts,
        draft: Draft,
        lines: Sequence[OrderLine],
        currency: str,
    ) -> None:
        super().__init__(request, customer, draft, currency)
        self._labels = {f"{LINE}{line.key}": line.name for line in lines}
        self.stored = editing.fields_of(draft)
        self.conflicts: list[FieldConflict] = []
        if isinstance(request.refusal, Changed):
            self._settle()
            self.know_products()

    @property
    def base(self) -> dict[str, Any]:
        """What the person was shown. Raises Invalid when the form does not carry it."""
        try:
            found: Any = json.loads(str((self.posted or {}).get(BASE, "")))
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise Invalid({"": _("This form is incomplete. Please open the page again.")})
        return cast(dict[str, Any], found)

    @property
    def base_json(self) -> str:
        """What the form carries along: the values that it shows as stored."""
        if self.posted is not None and not isinstance(self.request.refusal, Changed):
            return str(self.posted.get(BASE, ""))
        return json.dumps(self.stored, sort_keys=True)

    def sent(self) -> editing.Written:
        """What was written; where the person chose what somebody else had stored, that."""
        written = editing.written(self.written())
        theirs = {
            name: self.stored.get(name)
            for name in self.base
            if (self.posted or {}).get(_CHOICE + name) == "theirs"
        }
        fields = {**written.fields, **theirs}
        return editing.Written(fields, written.order, written.new)

    def _settle(self) -> None:
        """Show what is stored of all that was not touched, and ask about what both changed."""
        base, typed = self.base, dict(editing.written(self.written()).fields)
        for name in sorted({*base, *self.stored, *typed}):
            before, now, mine = base.get(name), self.stored.get(name), typed.get(name)
            if now in (before, mine):
                continue
            if mine == before:
                self._show_stored(name, now)
            else:
                self.conflicts.append(self._conflict(name, mine, now))

    def _show_stored(self, name: str, now: Any) -> None:
        if not name.startswith(LINE):
            field: Any = self._fields[name]
            field.data, field.raw_data = _form_data(self.draft, self.customer)[name], None
            return
        key = name.removeprefix(LINE)
        kept = [entry for entry in self.lines.entries if str(entry.form.key.data) != key]
        self.lines.entries[:] = kept
        if now is not None:
            lines: Any = self.lines  # the stubs leave out what subclasses are given to work with
            lines._add_entry(None, _row_data(editing.line_of(int(key), now)))

    def _conflict(self, name: str, mine: Any, now: Any) -> FieldConflict:
        if name.startswith(LINE):
            label: Text = _("Line “${name}”", mapping={"name": self._labels.get(name, "")})
            return FieldConflict(_CHOICE + name, label, _line_text(mine), _line_text(now))
        field: Any = self._fields[name]
        if name == "department":
            names = {one.id: one.name for one in self._departments}
            mine, now = names.get(mine, ""), names.get(now, "")
        return FieldConflict(_CHOICE + name, field.label.text, str(mine or ""), str(now or ""))


def draft_line(data: Mapping[str, Any]) -> DraftLine:
    """The line of a row's values."""
    return DraftLine(
        key=int(data["key"]) if data.get("key") else None,
        product=data.get("product") or "",
        name=data["name"],
        description=data.get("description") or "",
        unit=data.get("unit") or "",
        service=bool(data.get("service")),
        quantity=from_scaled(data["quantity"] or 0),
        unit_price=None if data.get("unit_price") is None else from_scaled(data["unit_price"]),
        discount=None if data.get("discount") is None else from_scaled(data["discount"]),
        tax_class=data.get("tax_class") or "",
    )


def _row_data(line: DraftLine) -> dict[str, Any]:
    return {
        "key": "" if line.key is None else str(line.key),
        "product": line.product,
        "name": line.name,
        "description": line.description,
        "unit": line.unit,
        "service": line.service,
        "quantity": to_scaled(line.quantity),
        "unit_price": None if line.unit_price is None else to_scaled(line.unit_price),
        "discount": to_scaled(line.discount) if line.discount else None,
        "tax_class": line.tax_class,
    }


def _form_data(draft: Draft, customer: CustomerFacts) -> dict[str, Any]:
    def chosen(address: PostalAddress | None) -> str:
        if address is None:
            return ""
        return address.public_id if address in customer.addresses else AS_STORED

    departments = {one.id: one.public_id for one in customer.departments}
    return {
        "department": departments.get(draft.department_id or 0),
        "customer_reference": draft.customer_reference,
        "contact": draft.contact,
        "responsible": draft.responsible,
        "valid_until": draft.valid_until,
        "requested_on": draft.requested_on,
        "promised_on": draft.promised_on,
        "bill_on": draft.bill_on,
        "billing_address": chosen(draft.billing_address),
        "delivery_address": chosen(draft.delivery_address),
        "notes": draft.notes,
        "lines": [_row_data(line) for line in draft.lines],
    }


def _with(names: Iterable[str], stored: str) -> list[str]:
    found = list(dict.fromkeys(names))
    return found if not stored or stored in found else [stored, *found]


def _one_line(address: PostalAddress) -> str:
    return ", ".join(address.printed)


def _line_text(field: Sequence[Any] | None) -> str:
    if field is None:
        return ""
    line = editing.line_of(None, field)
    price = "" if line.unit_price is None else f" × {line.unit_price:f}"
    return f"{line.quantity:f} {line.unit} {line.name}{price}"


# --- small forms -------------------------------------------------------------------------------------------


class ActForm(Form):
    """An act on the order that the person saw: `version` says which."""

    version = HiddenField(longest=12, pattern=r"\d+")

    @property
    def seen(self) -> int:
        """The version that the person saw. Raises Refused when the form does not say."""
        if not self.version.data:
            raise Refused(_("This form is incomplete. Please open the page again."))
        return int(self.version.data)


class ObjectionForm(ActForm):
    """Confirming and cancelling, with the objections that are passed over."""

    passed = KeysField(_("Go on all the same"))


class CancelForm(ObjectionForm):
    """Cancelling, with a reason."""

    reason = TextField(_("Reason"), longest=500)
    visible = BooleanField(_SHOWN)


class ReasonForm(ActForm):
    """An act with a reason that need not be given."""

    reason = TextField(_("Reason"), longest=500)
    visible = BooleanField(_SHOWN)


class DeclineForm(ActForm):
    """A decline with its reason."""

    reason = TextField(_("Reason"), longest=500, required=True)
    visible = BooleanField(_SHOWN)


class AcceptanceForm(ActForm):
    """An acceptance by phone or letter."""

    name = TextField(_("Accepted by"), longest=200, required=True)
    reference = TextField(_("Customer's reference"), longest=100)


class SendForm(ActForm):
    """Who gets the mail."""

    to = KeysField(_("Recipients"))


class RestForm(ActForm):
    """Whose open rest is cancelled."""

    line = ChoiceField(_("Line"), required=True)


class UndoForm(ActForm):
    """Which delivery is taken back, and why."""

    delivery = ChoiceField(_("Delivery"), required=True)
    reason = TextField(_("Reason"), longest=300)
    visible = BooleanField(_SHOWN)


class DeliveryRow(Row):
    """What is delivered of a line."""

    unasked = ("line",)
    line = HiddenField(longest=10, pattern=r"\d{1,9}", required=True)
    quantity = QuantityField(_("Delivered now"), least=0)


class DeliverForm(ActForm):
    """A delivery."""

    delivered_on = DateField(_("Delivery date"), required=True)
    note = TextField(_("Note"), longest=500)
    lines = LinesField(DeliveryRow, _("Lines"), spare=0)


class CommentForm(Form):
    """A comment."""

    text = TextAreaField(_("Comment"), longest=5000, required=True)
    visible = BooleanField(_("Visible to the customer"))


class CustomerPickForm(Form):
    """The customer of a new quotation."""

    customer = SearchChoiceField(_("Customer"), url="customers", required=True)


class AcceptForm(Form):
    """A customer's acceptance: typed name, consent, own reference."""

    revision = HiddenField(longest=9, pattern=r"\d+", required=True)
    name = TextField(_("Your name"), longest=200, required=True)
    reference = TextField(_("Your reference"), longest=100)
    repeat = BooleanField(_("Use this reference again"))
    consent = BooleanField(_("I order what the quotation says, with payment due as agreed."), required=True)


class OwnDeclineForm(Form):
    """A customer's decline."""

    revision = HiddenField(longest=9, pattern=r"\d+", required=True)
    reason = TextAreaField(_("Why do you decline?"), longest=500, required=True)


class ApproveForm(Form):
    """An approver's consent to what a colleague accepted."""

    revision = HiddenField(longest=9, pattern=r"\d+", required=True)
    consent = BooleanField(_("I order what the quotation says, with payment due as agreed."), required=True)


class RejectForm(Form):
    """An approver's refusal."""

    revision = HiddenField(longest=9, pattern=r"\d+", required=True)
    reason = TextAreaField(_("Why not?"), longest=500, required=True)


class QuestionForm(Form):
    """A customer's question."""

    text = TextAreaField(_("Your question"), longest=5000, required=True)


class RequestRow(Row):
    """A line of a request: a product of the catalog or free text."""

    unasked = ("unit",)
    product = SearchChoiceField(_("Product"), url="products")
    name = TextField(_("or in your own words"), longest=300)
    quantity = QuantityField(required=True, least=_LEAST)
    unit = TextField(_("Unit"), longest=40)


class RequestForm(Form):
    """A customer's request for a quotation."""

    department = ChoiceField(_("Department"), blank=_("The whole account"))
    reference = TextField(_("Your reference"), longest=100)
    requested_on = DateField(_("Wanted on"))
    notes = TextAreaField(_("Remarks"), longest=4000)
    lines = LinesField(RequestRow, _("What you need"), spare=3)

    def __init__(
        self, request: Request, like: Repeat, departments: Sequence[Department], *, whole: bool
    ) -> None:
        """What it begins `like`; `whole` says that the person may ask for the whole account."""
        before = next((one.public_id for one in departments if one.id == like.department_id), None)
        lines = [
            {"product": one.product, "name": one.name, "quantity": to_scaled(one.quantity), "unit": one.unit}
            for one in like.lines
        ]
        super().__init__(request, {"lines": lines, "department": before})
        self.department.choices = [(one.public_id, one.name) for one in departments]
        if not whole:
            self.department.blank, self.department.required = "", True
        if not departments:
            del self.department
        rows = (entry.form for entry in self.lines.entries)
        self.products = ProductChoices(request, rows, {})
        for entry in self.lines.entries:
            entry.form.product.get = self.products.get
            entry.form.product.find = self.products.find
