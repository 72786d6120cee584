"""Forms."""

from __future__ import annotations

from portal.kernel.i18n import _
from portal.modules.customers.interfaces import CustomerFacts, ICustomers
from portal.web.forms import Choice, Form, IntegerField, SearchChoiceField, TextField
from portal.web.request import Request


class GrantForm(Form):
    """Points by hand."""

    customer = SearchChoiceField(_("Customer"), url="customers", required=True)
    points = IntegerField(_("Points"), least=1, most=1_000_000, required=True)
    reason = TextField(_("Reason"), longest=200, required=True)

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        customers = request.unit.ask(ICustomers)
        self.customer.find = lambda text: [customer_choice(one) for one in customers.search(text)]
        self.customer.get = lambda public_id: (
            customer_choice(one) if (one := customers.find(public_id)) is not None else None
        )


def customer_choice(customer: CustomerFacts) -> Choice:
    """A customer as the search shows them."""
    return Choice(customer.public_id, f"{customer.number} · {customer.name}", customer.country)
