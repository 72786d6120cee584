"""Pages of the contacts of an account."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from portal.kernel.i18n import _
from portal.modules.customers import services
from portal.modules.customers.forms import ContactForm
from portal.modules.customers.permissions import EDIT, VIEW
from portal.modules.customers.resources import ContactNode, Contacts
from portal.modules.customers.services import ContactData
from portal.web.request import Request

_FORM = "portal:modules/customers/templates/form.jinja2"


@view_config(context=Contacts, permission=VIEW, request_method="GET")
def contacts(context: Contacts, request: Request) -> Response:
    """The account shows its contacts."""
    return HTTPSeeOther(request.resource_path(context.__parent__))


@view_config(context=Contacts, name="new", permission=EDIT, request_method=("GET", "POST"), renderer=_FORM)
def new(context: Contacts, request: Request) -> Any:
    """Add a contact."""
    blank = {"name": "", "function": "", "email": "", "phone": "", "billing": False}
    form = ContactForm(request, blank)
    back = request.resource_path(context.__parent__)
    if not request.submitted:
        return {"form": form, "heading": _("New contact"), "back": back}
    form.check()
    services.add_contact(request.unit, context.customer.id, ContactData(**form.data))
    request.flash(_("The contact was added."))
    return HTTPSeeOther(back)


@view_config(context=ContactNode, permission=EDIT, request_method=("GET", "POST"), renderer=_FORM)
def edit(context: ContactNode, request: Request) -> Any:
    """Change a contact."""
    form = ContactForm(request, services.stored_contact(context.contact))
    back = f"/customers/{context.customer.public_id}/"
    if not request.submitted:
        return {"form": form, "heading": context.contact.name, "back": back, "removable": True}
    form.check()
    services.change_contact(
        request.unit, context.customer.id, context.contact.public_id, form.values, form.base
    )
    request.flash(_("The contact was changed."))
    return HTTPSeeOther(back)


@view_config(context=ContactNode, name="remove", permission=EDIT, request_method="POST", show="")
def remove(context: ContactNode, request: Request) -> Response:
    """Remove a contact."""
    services.remove_contact(request.unit, context.customer.id, context.contact.public_id)
    request.flash(_("The contact was removed."))
    return HTTPSeeOther(f"/customers/{context.customer.public_id}/")
