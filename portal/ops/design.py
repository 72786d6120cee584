"""`/admin/design`: every part that pages are made of, in all its states, with values that stand for themselves.

Authors of modules look here for what there is; the tests look at the page in both themes, at desktop and phone width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config
from sqlalchemy import Date, String, literal, select, union_all

from portal.kernel.db import BigInt
from portal.kernel.i18n import Text, _
from portal.ops.permissions import ADMINISTER
from portal.ops.resources import DesignPage
from portal.web.badges import Badge
from portal.web.forms import (
    BooleanField,
    Choice,
    ChoiceField,
    DateField,
    EmailField,
    Form,
    LinesField,
    MoneyField,
    MultiChoiceField,
    PasswordField,
    PercentField,
    PriceField,
    QuantityField,
    Row,
    TextAreaField,
    TextField,
)
from portal.web.lists import ChoiceFilter, Column, DateFilter, Listing
from portal.web.request import Request
from portal.web.totals import Totals

_STATES = {
    "neutral": Badge(_("Draft"), "neutral"),
    "info": Badge(_("Sent"), "info"),
    "progress": Badge(_("Confirmed"), "progress"),
    "success": Badge(_("Closed"), "success"),
    "warning": Badge(_("Requested"), "warning"),
    "danger": Badge(_("Declined"), "danger"),
}
TONES = tuple(_STATES)
#: The tokens of colour, by what they are for; the style sheet has them for both themes.
COLOURS = (
    "ground",
    "surface",
    "surface-raised",
    "surface-hover",
    "surface-sunken",
    "line",
    "line-strong",
    "field-line",
    "ink",
    "ink-soft",
    "accent",
    "accent-soft",
    "danger",
)


class ExampleRow(Row):
    """A line of the example."""

    name = TextField(_("Text"), longest=100)
    quantity = QuantityField()
    unit_price = PriceField()
    discount = PercentField(_("Discount"))


class ExampleForm(Form):
    """One field of each kind."""

    name = TextField(
        _("Name"), longest=100, required=True, description=_("What stands here helps to fill it in.")
    )
    email = EmailField(_("E-mail"))
    password = PasswordField(_("Password"))
    kind = ChoiceField(_("Choice"), [("a", _("One")), ("b", _("Another"))], blank=_("None"))
    day = DateField(_("Date"))
    amount = MoneyField(_("Amount"))
    several = MultiChoiceField(_("Several"), [Choice("a", _("One"), "1"), Choice("b", _("Another"), "2")])
    agreed = BooleanField(_("Yes or no"))
    notes = TextAreaField(_("Notes"), longest=500)
    lines = LinesField(ExampleRow, _("Lines"), spare=1)


class ErrorsForm(Form):
    """The same with something wrong in each."""

    wrong_name = TextField(
        _("Name"), longest=100, required=True, description=_("What stands here helps to fill it in.")
    )
    wrong_kind = ChoiceField(_("Choice"), [("a", _("One")), ("b", _("Another"))], blank=_("None"))
    wrong_day = DateField(_("Date"))
    wrong_amount = MoneyField(_("Amount"))
    wrong_several = MultiChoiceField(_("Several"), [Choice("a", _("One"), "1"), Choice("b", _("Another"))])
    wrong_notes = TextAreaField(_("Notes"), longest=500)


@dataclass(frozen=True, slots=True)
class _Happened:
    at: datetime
    actor: str
    text: Text
    icon: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class _DocumentLine:
    sku: str
    description: str
    quantity: int
    unit: str
    unit_price: int
    discount: int
    tax: str
    net: int
    done: int = 0
    note: str = ""


_MILLION = 1_000_000


def _listing(today: date) -> Listing:
    """A list over rows that are in no table."""
    rows = union_all(
        *(
            select(
                literal(number, BigInt).label("id"),
                literal(f"EX-{number:04}", String).label("number"),
                literal(name, String).label("name"),
                literal(TONES[number % len(TONES)], String).label("state"),
                literal(today - timedelta(days=number), Date).label("day"),
                literal(number * 1_234_56, BigInt).label("amount"),
                literal("EUR", String).label("currency"),
            )
            for number, name in enumerate(("Ernst Handel", "Bon app'", "Königlich Essen", "Šnek"), start=1)
        )
    ).subquery("example")
    place = rows.c
    return Listing(
        base=select(place.id),
        id=place.id,
        columns=(
            Column("number", _("Number"), place.number, "link", sort=True, to="number"),
            Column("name", _("Name"), place.name, sort=True),
            Column("day", _("Date"), place.day, "date", sort=True),
            Column("state", _("State"), place.state, "status", states=_STATES),
            Column("amount", _("Amount"), place.amount, "money", sort=True, currency="currency"),
            Column("currency", "", place.currency, hidden=True),
        ),
        default="-number",
        name="examples",
        search=partial(place.name.contains, autoescape=True),
        filters=(
            ChoiceFilter("state", _("State"), {key: badge.label for key, badge in _STATES.items()},
                         lambda value: place.state == value),
            DateFilter("day", _("Date"), place.day),
        ),
    )  # fmt: skip


@view_config(
    context=DesignPage,
    permission=ADMINISTER,
    request_method="GET",
    renderer="portal:ops/templates/design.jinja2",
)
def design(context: DesignPage, request: Request) -> dict[str, Any]:
    """All parts in all states."""
    today, now = request.unit.today(), request.unit.now()
    wrong = ErrorsForm(request)
    for field in wrong:
        wrong.fail(field.name, _("This is what an error says."))
    return {
        "colours": COLOURS,
        "states": list(_STATES.values()),
        "form": ExampleForm(request, _filled(today)),
        "wrong": wrong,
        "page": _listing(today).page(
            request.db, request.GET, base=request.resource_path(context), bases={"number": None}
        ),
        "happened": _happened(now),
        "lines": _lines(),
        "sums": Totals("EUR", 250_00, [("VAT 19 %", 47_50)], 297_50, {}),
    }


@view_config(context=DesignPage, name="csv", permission=ADMINISTER, request_method="GET")
def design_csv(context: DesignPage, request: Request) -> Response:
    """The example list as a file."""
    return _listing(request.unit.today()).csv(request)


@view_config(context=DesignPage, name="example", permission=ADMINISTER, request_method="POST", show="")
def example(context: DesignPage, request: Request) -> HTTPSeeOther:
    """What the buttons of the page do: say something, and nothing else."""
    for kind, said in (
        ("success", _("This went well.")),
        ("info", _("This is worth knowing.")),
        ("warning", _("This wants attention.")),
        ("danger", _("This went wrong.")),
    ):
        request.flash(said, kind)
    return HTTPSeeOther(location=request.resource_path(context))


def _filled(today: date) -> dict[str, Any]:
    return {
        "name": "Ernst Handel",
        "email": "office@handel.example",
        "kind": "a",
        "day": today,
        "amount": 1_234_50,
        "several": ["a"],
        "agreed": True,
        "notes": "Likes to be called on Mondays.",
        "lines": [{"name": "Chai", "quantity": 10 * _MILLION, "unit_price": 18 * _MILLION}],
    }


def _happened(now: datetime) -> Sequence[_Happened]:
    return (
        _Happened(now, "Nancy Davolio", _("Quotation sent"), "send"),
        _Happened(now - timedelta(hours=3), "Roland Mendel", _("Question"), "message", "Can it be Friday?"),
        _Happened(now - timedelta(days=1), "Nancy Davolio", _("Created")),
    )


def _lines() -> Sequence[_DocumentLine]:
    return (
        _DocumentLine("1", "Chai", 10 * _MILLION, "box", 18 * _MILLION, 0, "VAT 19 %", 180_00, 4 * _MILLION),
        _DocumentLine(
            "2", "Chang", 4 * _MILLION, "crate", 19 * _MILLION, 10 * _MILLION, "VAT 19 %", 68_40, 0, "Cold"
        ),
    )
