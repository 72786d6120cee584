"""The yardstick: the list of orders as a bare Pyramid + SQLAlchemy + Jinja2 page would have it.

The same query, the same cells, the same formatting of dates and amounts; no sign-in, no navigation, no filters, no
layout, no transaction manager.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from pyramid.router import Router
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.kernel.db import make_engine
from portal.modules.orders.lists import ORDERS
from portal.modules.orders.models import Order
from portal.modules.orders.states import BILLING, DELIVERY, STATES
from portal.web import formats

_SIZE = 50
_LOCALE = "en"


def application(url: str) -> Router:
    """The WSGI application of the one page."""
    engine = make_engine(url)
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, auto_reload=False
    )
    template = templates.get_template("bare.jinja2")
    columns: list[Any] = [column.expression.label(column.key) for column in ORDERS.columns]

    def page(_request: Request) -> Response:
        statement = select(*columns).order_by(Order.id.desc()).limit(_SIZE + 1)
        with Session(engine) as session:
            rows = session.execute(statement).all()
        body = template.render(
            rows=rows[:_SIZE],
            states=STATES,
            delivery=DELIVERY,
            billing=BILLING,
            date=lambda day: formats.date(day, _LOCALE) if day else "",
            money=lambda minor, currency: formats.money(minor, currency, _LOCALE),
        )
        return Response(body)

    config = Configurator()
    config.add_route("orders", "/orders/")
    config.add_view(page, route_name="orders")
    return config.make_wsgi_app()
