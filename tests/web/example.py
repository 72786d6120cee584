"""A small application made of the shell's templates, forms and lists alone, without modules or people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from pyramid.config import Configurator
from pyramid.events import NewResponse
from pyramid.httpexceptions import HTTPSeeOther
from sqlalchemy import BigInteger, Date, Engine, Integer, String, column, insert, select, table
from sqlalchemy.orm import Session

from portal.kernel.company import Company
from portal.kernel.errors import Invalid, Refused
from portal.kernel.i18n import _
from portal.kernel.people import Identity, Membership, Method, Realm
from portal.web import forms, headers, templating
from portal.web.assets import cache_buster
from portal.web.badges import Badge
from portal.web.lists import ChoiceFilter, Column, DateFilter, FlagFilter, Listing
from portal.web.request import AccountChoice, NavigationEntry, Request

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 22, 17, 3, tzinfo=UTC)

COMPANY = Company(
    name="Hanse Kontor GmbH",
    address=("Speicherstadt 1", "20457 Hamburg"),
    country="DE",
    vat_id="DE123456788",
    register="",
    email="office@hansekontor.example",
    phone="",
    bank_name="",
    iban="",
    bic="",
    logo=None,
    zone=ZoneInfo("Europe/Berlin"),
    currency="EUR",
    language="en",
)

STATES = {
    "draft": Badge(_("Draft")),
    "sent": Badge(_("Sent"), "info"),
    "confirmed": Badge(_("Confirmed"), "progress"),
    "closed": Badge(_("Closed"), "success"),
    "held": Badge(_("On hold"), "warning"),
    "cancelled": Badge(_("Cancelled"), "danger"),
}

ORDER = table(
    "example_order",
    column("id", Integer),
    column("public_id", String),
    column("number", String),
    column("customer", String),
    column("state", String),
    column("placed", Date),
    column("promised", Date),
    column("gross", BigInteger),
    column("currency", String),
    column("tags", String),
)

ORDERS = Listing(
    base=select(ORDER.c.id),
    id=ORDER.c.id,
    columns=(
        Column("number", _("Number"), ORDER.c.number, "link", sort=True, to="public_id"),
        Column("public_id", "", ORDER.c.public_id, hidden=True),
        Column("customer", _("Customer"), ORDER.c.customer, sort=True),
        Column("state", _("State"), ORDER.c.state, "status", states=STATES),
        Column("placed", _("Placed"), ORDER.c.placed, "date", sort=True),
        Column("promised", _("Promised"), ORDER.c.promised, "date", sort=True, nullable=True),
        Column("tags", _("Tags"), ORDER.c.tags, "tags"),
        Column("gross", _("Total"), ORDER.c.gross, "money", sort=True, currency="currency"),
        Column("currency", _("Currency"), ORDER.c.currency, hidden=True),
    ),
    default="-number",
    name="orders",
    search=lambda term: ORDER.c.customer.icontains(term, autoescape=True),
    search_hint=_("Search orders"),
    filters=(
        ChoiceFilter(
            "state", _("State"), {k: b.label for k, b in STATES.items()}, lambda value: ORDER.c.state == value
        ),
        DateFilter("placed", _("Placed"), ORDER.c.placed),
        FlagFilter(
            "urgent",
            _("Urgent"),
            lambda yes: ORDER.c.tags.contains("urgent") if yes else ORDER.c.tags.is_(None),
        ),
    ),
)

CUSTOMERS = (
    "Alfreds Futterkiste",
    "Blauer See Delikatessen",
    "Bólido Comidas",
    "Lehmanns Marktstand",
    "=SUM(A1)",
    "<b>Ottilies</b>",
)


def order_row(number: int) -> dict[str, Any]:
    """The n-th example order."""
    placed = date(2026, 11, 22) - timedelta(days=number % 90)
    return {
        "id": number,
        "public_id": f"{number:026d}",
        "number": f"SO-{number:05d}",
        "customer": CUSTOMERS[number % len(CUSTOMERS)],
        "state": list(STATES)[number % len(STATES)],
        "placed": placed,
        "promised": None if number % 3 == 0 else placed + timedelta(days=number % 7),
        "gross": (number * 7919) % 1_000_000 - 20_000,
        "currency": ("EUR", "JPY", "USD")[number % 3] if number % 5 == 0 else "EUR",
        "tags": "urgent, export" if number % 11 == 0 else None,
    }


def fill(engine: Engine, count: int) -> None:
    """Make the example table with `count` orders."""
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS example_order")
        connection.exec_driver_sql(
            "CREATE TABLE example_order (id INTEGER PRIMARY KEY, public_id VARCHAR(26), number VARCHAR(20) NOT NULL,"
            " customer VARCHAR(80) NOT NULL, state VARCHAR(20), placed DATE NOT NULL, promised DATE,"
            " gross BIGINT NOT NULL, currency VARCHAR(3), tags VARCHAR(200))"
        )
        if count:
            connection.execute(insert(ORDER), [order_row(number) for number in range(1, count + 1)])


PRODUCTS = [
    forms.Choice("p1", "Chai", "18,00 € · 12 boxes", {"unit_price": "18"}),
    forms.Choice("p2", "Chang", "19,00 €", {"unit_price": "19"}),
    forms.Choice("p3", "Chartreuse verte", "18,00 €", {"unit_price": "18"}),
]


class LineRow(forms.Row):
    """One line of the example order."""

    unasked = ("tax",)
    id = forms.HiddenField()
    product = forms.SearchChoiceField(_("Product"), url="/products")
    quantity = forms.QuantityField(least=0, required=True)
    unit_price = forms.PriceField(required=True)
    discount = forms.PercentField(_("Discount"))
    tax = forms.ChoiceField(_("Tax"), [("standard", "19 %"), ("reduced", "7 %")], default="standard")


class OrderForm(forms.Form):
    """An example with each kind of field."""

    reference = forms.TextField(_("Your reference"), longest=40, description=_("Printed on every document."))
    email = forms.EmailField(required=True)
    currency = forms.CurrencyField(default="EUR", required=True)
    freight = forms.MoneyField(_("Freight"), currency_from="currency", least=0)
    due = forms.DateField(_("Due"))
    country = forms.CountryField(default="DE")
    channel = forms.ChoiceField(_("Channel"), [("web", "Web"), ("phone", _("Phone"))], blank=_("Not known"))
    tags = forms.MultiChoiceField(_("Tags"), [("urgent", _("Urgent")), ("export", _("Export"))])
    note = forms.TextAreaField(_("Note"))
    gift = forms.BooleanField(_("This is a gift"))
    lines = forms.LinesField(LineRow, _("Lines"), least=1, spare=1)

    def __init__(self, request: Request, data: Any = None, **kwargs: Any) -> None:
        super().__init__(request, data, **kwargs)
        for row in [entry.form for entry in self.lines.entries]:
            row.product.find = lambda text: [p for p in PRODUCTS if text.lower() in str(p.label).lower()]
            row.product.get = lambda value: next((p for p in PRODUCTS if p.value == value), None)


class ExampleRequest(Request):
    """A request without a house: what the layout shows is given by hand."""

    company = COMPANY
    csrf_token = "0" * 64
    db: Any = None

    @property
    def identity(self) -> Any:
        realm = Realm.CUSTOMERS if self.path.startswith("/my") else Realm.EMPLOYEES
        memberships = (Membership(1, "acme", "Acme", frozenset({"view"}), accepted=True, departments=None),)
        return (
            None
            if self.path == "/in"
            else Identity(
                1,
                realm,
                "ada@hansekontor.example",
                "Ada Lovelace",
                "en",
                frozenset(),
                memberships,
                Method.PASSWORD,
                NOW,
                1,
                NOW,
            )
        )

    @property
    def navigation(self) -> Any:
        if self.path == "/in":
            return []
        return [
            NavigationEntry(_("Home"), "/none", "home", False),
            NavigationEntry(_("Customers"), "/none", "users", False),
            NavigationEntry(_("Products"), "/none", "package", False),
            NavigationEntry(_("Orders"), self.path, "shopping-cart", True, 12),
            NavigationEntry(_("Invoices"), "/none", "file-invoice", False),
            NavigationEntry(_("Ledger"), "/none", "book", False),
        ]

    @property
    def account_switch(self) -> Any:
        return [
            AccountChoice("Acme Trading Ltd", "/my/acme/", True),
            AccountChoice("Beta AG", "/my/beta/", False),
        ]

    @property
    def breadcrumbs(self) -> Any:
        return [(_("Orders"), "/orders"), ("SO-00042", "/orders/x")]

    def flashes(self) -> list[tuple[str, str]]:
        return [("success", "Order SO-00042 was confirmed.")] if "flash" in self.GET else []

    def translate(self, text: Any) -> str:
        return self.localizer.translate(text)


def _detail(request: ExampleRequest) -> dict[str, Any]:
    line = {
        "sku": "CH-1",
        "description": "Chai",
        "quantity": 12_500_000,
        "unit": "box",
        "unit_price": 18_000_000,
        "discount": 5_000_000,
        "tax": "19 %",
        "net": 21_375,
        "done": 5_000_000,
    }
    return {
        "lines": [
            line,
            {
                **line,
                "description": "Louisiana Fiery Hot Pepper Sauce",
                "note": "Keep upright",
                "discount": 0,
            },
        ],
        "entries": [
            SimpleNamespace(
                at=NOW, actor="Ada Lovelace", text=_("Order confirmed"), icon="check", note="By phone"
            ),
            SimpleNamespace(at=NOW, actor="system", text=_("Quotation sent"), icon="send", note=None),
        ],
        "day": NOW.date(),
        "badge": STATES["confirmed"],
    }


def _form(request: ExampleRequest) -> Any:
    data = {
        "email": "buyer@acme.example",
        "lines": [{"product": "p1", "quantity": 2_500_000, "unit_price": 18_000_000}],
    }
    form = OrderForm(request, data)
    if request.submitted:
        try:
            form.check()
        except Invalid as invalid:
            request.refusal, request.invalid = Refused(_("Please check the marked fields.")), invalid
            request.response.status_int = 422
            return {"form": OrderForm(request, data)}
        return HTTPSeeOther(location="/orders?flash=1")
    return {"form": form}


def make_application(engine: Engine) -> Any:
    """The example as a WSGI application over a database."""

    def listing(request: ExampleRequest) -> Any:
        params = {k: v for k, v in request.GET.items() if k != "flash"}
        with Session(engine) as db:
            return {"page": ORDERS.page(db, params, base="/orders/")}

    def invalid(context: Invalid, request: ExampleRequest) -> Any:
        request.response.status_int = 422
        return {"title": _("This address cannot be read"), "text": str(context), "step": None}

    def csv(request: ExampleRequest) -> Any:
        with Session(engine) as db:
            request.db = db
            return ORDERS.csv(request)

    def products(request: ExampleRequest) -> Any:
        found = [p for p in PRODUCTS if request.GET.get("q", "").lower() in str(p.label).lower()]
        return forms.choices_json(found, request)

    with Configurator(request_factory=ExampleRequest, package="portal") as config:
        config.include("pyramid_jinja2")
        config.commit()
        config.get_jinja2_environment().filters.update(templating.FILTERS)
        config.add_jinja2_search_path(str(HERE / "example_templates"))
        config.add_static_view("static", "portal:web/static")
        config.add_cache_buster("portal:web/static", cache_buster())
        config.add_subscriber(lambda event: event.response.headers.update(headers.HEADERS), NewResponse)
        config.set_locale_negotiator(
            lambda request: request.GET.get("lang") or request.cookies.get("lang") or "en"
        )
        config.add_exception_view(invalid, context=Invalid, renderer="portal:web/templates/error.jinja2")
        pages: list[tuple[str, str, Callable[[Any], Any], str]] = [
            ("list", "/orders", listing, "list.jinja2"),
            ("my", "/my/acme", listing, "list.jinja2"),
            ("detail", "/detail", _detail, "detail.jinja2"),
            ("mydetail", "/my/acme/detail", _detail, "detail.jinja2"),
            ("form", "/form", _form, "form.jinja2"),
            ("in", "/in", lambda request: {}, "in.jinja2"),
            ("products", "/products", products, "json"),
        ]
        for name, path, view, renderer in pages:
            config.add_route(name, path)
            config.add_view(
                lambda _context, request, view=view: view(request), route_name=name, renderer=renderer
            )
        config.add_route("csv", "/orders/csv")
        config.add_view(lambda _context, request: csv(request), route_name="csv")
        return config.make_wsgi_app()
