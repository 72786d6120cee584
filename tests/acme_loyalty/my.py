"""The customer's side."""

from __future__ import annotations

from typing import Any

from pyramid.view import view_config

from acme_loyalty import services
from acme_loyalty.resources import MyLoyalty
from portal.web.request import Request


@view_config(
    context=MyLoyalty,
    permission="acme_loyalty.my.view",
    request_method="GET",
    renderer="acme_loyalty:templates/my_loyalty.jinja2",
)
def points(context: MyLoyalty, request: Request) -> dict[str, Any]:
    """One's own points."""
    entries = services.entries(request.unit, context.scope)
    return {"entries": entries, "balance": services.balance(request.unit, context.customer_id)}
