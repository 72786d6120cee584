"""Pages of one account: opening, reading, changing, archiving."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from portal.kernel.composition import staff_root
from portal.kernel.i18n import _
from portal.modules.customers import services
from portal.modules.customers.forms import (
    CustomerForm,
    InvitationForm,
    NewCustomerForm,
    NoteForm,
    country_name,
    language_name,
)
from portal.modules.customers.interfaces import CUSTOMER_PANELS
from portal.modules.customers.models import Customer
from portal.modules.customers.permissions import ARCHIVE, EDIT, INVITE, VIEW
from portal.modules.customers.resources import CustomerNode, CustomersRoot
from portal.modules.customers.services import AddressData, CustomerData, Entry, PossibleDuplicates
from portal.modules.taxes.interfaces import ITaxes, Position, position_title
from portal.web import LANGUAGES
from portal.web.references import staff_url
from portal.web.request import Request
from portal.web.slots import panels

_TEMPLATES = "portal:modules/customers/templates/"
_ADDRESS = ("lines", "postal_code", "city", "region")


@view_config(
    context=CustomersRoot,
    name="new",
    permission=EDIT,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}customer_new.jinja2",
    autosave=True,
)
def new(context: CustomersRoot, request: Request) -> Any:
    """Open an account; possible duplicates are shown first."""
    form = NewCustomerForm(
        request,
        {
            "country": request.company.country,
            "currency": request.company.currency,
            "language": request.setting(LANGUAGES)[0],
            "payment_days": 30,
        },
    )
    _languages(form, request)
    if not request.submitted:
        refusal = request.refusal
        found = refusal.likenesses if isinstance(refusal, PossibleDuplicates) else []
        return {"form": form, "likenesses": found}
    form.check()
    values = {name: value for name, value in form.data.items() if name not in (*_ADDRESS, "anyway")}
    facts = services.create_customer(request.unit, CustomerData(**values), anyway=form.anyway.data)
    if any(form[name].data for name in _ADDRESS):
        typed = {name: form[name].data for name in _ADDRESS}
        address = AddressData(name=facts.name, country=facts.country, **typed)
        services.add_address(request.unit, facts.id, address)
    request.flash(_("The account ${number} was opened.", mapping={"number": facts.number}))
    return HTTPSeeOther(f"/customers/{facts.public_id}/")


@view_config(
    context=CustomersRoot,
    name="duplicates",
    permission=EDIT,
    request_method="GET",
    renderer=f"{_TEMPLATES}duplicates.jinja2",
)
def duplicates(context: CustomersRoot, request: Request) -> dict[str, Any]:
    """A piece of the page: what a new account may be a duplicate of, while it is being typed."""
    typed = [request.GET.get(name, "")[:254] for name in ("name", "vat_id", "email", "phone")]
    return {"likenesses": services.possible_duplicates(request.unit, *typed)}


@view_config(
    context=CustomerNode, permission=VIEW, request_method="GET", renderer=f"{_TEMPLATES}customer.jinja2"
)
def customer(context: CustomerNode, request: Request) -> dict[str, Any]:
    """An account with everything around it."""
    unit, row = request.unit, context.customer
    facts = services.Customers(unit).get(row.id)
    override = Position(row.tax_position) if row.tax_position else None
    return {
        "customer": row,
        "facts": facts,
        "department_names": {one.id: one.name for one in facts.departments},
        "country": country_name(row.country, request.locale_name),
        "language": language_name(row.language, request.locale_name),
        "position": position_title(unit.ask(ITaxes).position(row.country, row.vat_id, override)),
        "tags": services.tags_of(unit, row.id),
        "notes": services.notes(unit, row.id),
        "note_form": NoteForm(request),
        "entries": [(entry, _url(request, entry)) for entry in services.timeline(unit, row.id)],
        "members": services.members(unit, row.id),
        "panels": panels(request, CUSTOMER_PANELS, context, facts),
        "may_edit": request.permits(EDIT),
        "may_invite": request.permits(INVITE),
        "may_archive": request.permits(ARCHIVE),
    }


@view_config(
    context=CustomerNode,
    name="edit",
    permission=EDIT,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}customer_form.jinja2",
    autosave=True,
)
def edit(context: CustomerNode, request: Request) -> Any:
    """Change an account; what somebody else changed meanwhile is kept or asked about."""
    form = CustomerForm(request, services.stored_values(request.unit, context.customer))
    _languages(form, request, context.customer)
    back = request.resource_path(context)
    if not request.submitted:
        return {"form": form, "back": back}
    form.check()
    services.change_customer(request.unit, context.customer.id, form.values, form.base)
    request.flash(_("The account was changed."))
    return HTTPSeeOther(back)


@view_config(context=CustomerNode, name="archive", permission=ARCHIVE, request_method="POST", show="")
def archive(context: CustomerNode, request: Request) -> Response:
    """Take an account out of use."""

    def allowed(module: str, permission: str) -> bool:
        root = staff_root(request, module)
        return root is not None and request.permits(permission, root)

    for warning in services.archive(request.unit, context.customer.id, allowed):
        request.flash(warning, "warning")
    request.flash(_("The account was archived."))
    return HTTPSeeOther(request.resource_path(context))


@view_config(context=CustomerNode, name="unarchive", permission=ARCHIVE, request_method="POST", show="")
def unarchive(context: CustomerNode, request: Request) -> Response:
    """Take an archived account into use again."""
    services.unarchive(request.unit, context.customer.id)
    request.flash(_("The account is in use again."))
    return HTTPSeeOther(request.resource_path(context))


@view_config(context=CustomerNode, name="note", permission=EDIT, request_method="POST", show="")
def note(context: CustomerNode, request: Request) -> Response:
    """Write a note about an account."""
    form = NoteForm(request)
    form.check()
    services.add_note(request.unit, context.customer.id, form.text.data)
    return HTTPSeeOther(request.resource_path(context))


@view_config(context=CustomerNode, name="remove-note", permission=EDIT, request_method="POST", show="")
def remove_note(context: CustomerNode, request: Request) -> Response:
    """Remove a note."""
    services.remove_note(request.unit, context.customer.id, str(request.POST.get("note", "")))
    return HTTPSeeOther(request.resource_path(context))


@view_config(
    context=CustomerNode,
    name="invite",
    permission=INVITE,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}invite.jinja2",
)
def invite(context: CustomerNode, request: Request) -> Any:
    """Invite somebody to use the account in the portal."""
    departments = services.Customers(request.unit).departments(context.customer.id)
    form = InvitationForm(
        request,
        {"scopes": ["view", "order", "pay", "statements"]},
        [one for one in departments if one.active],
    )
    back = request.resource_path(context)
    if not request.submitted:
        return {"form": form, "back": back}
    form.check()
    services.invite(
        request.unit,
        context.customer,
        form.email.data,
        form.name.data,
        form.scopes.data,
        form.chosen_departments,
    )
    request.flash(_("The invitation is on its way to ${email}.", mapping={"email": form.email.data}))
    return HTTPSeeOther(back)


@view_config(context=CustomerNode, name="end-membership", permission=INVITE, request_method="POST", show="")
def end_membership(context: CustomerNode, request: Request) -> Response:
    """Let a person no longer use the account."""
    services.end_membership(request.unit, context.customer, str(request.POST.get("member", "")))
    request.flash(_("The access was ended."))
    return HTTPSeeOther(request.resource_path(context))


def _url(request: Request, entry: Entry) -> str | None:
    return staff_url(request, entry.kind, entry.document) if entry.kind else None


def _languages(form: CustomerForm, request: Request, stored: Customer | None = None) -> None:
    codes = list(request.setting(LANGUAGES))
    if stored is not None and stored.language not in codes:
        codes.append(stored.language)
    form.language.choices = [(code, language_name(code, request.locale_name)) for code in codes]
