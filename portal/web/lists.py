"""The list engine: one declaration gives a page with search, filters, sorting and paging, and its CSV file.

A module declares::

    ORDERS = Listing(
        base=select(Order.id),
        id=Order.id,
        columns=(
            Column("number", _("Number"), Order.number, "link", sort=True, to="public_id"),
            Column("public_id", "", Order.public_id, hidden=True),
            Column("total", _("Total"), Order.gross, "money", sort=True, currency="currency"),
            Column("currency", "", Order.currency, hidden=True),
        ),
        default="-number",
        search=lambda term: Order.search_text.contains(fold(term), autoescape=True),
        filters=(ChoiceFilter("state", _("State"), STATES, lambda value: Order.state == value),),
        name="orders",
    )

and its view returns ``{"page": ORDERS.page(request.db, request.GET, base="/orders/")}`` for a template that calls
``ui.listing(page)``. A page costs exactly one statement. A parameter or value that means nothing is `Invalid` (422).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode

from pyramid.response import Response
from sqlalchemy import ColumnElement, Select, exists, literal, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import coercions, roles

from portal.kernel.errors import Invalid
from portal.kernel.i18n import Text, TranslationString, _
from portal.kernel.money import from_scaled
from portal.web.badges import Badge
from portal.web.export import Cell, csv_response
from portal.web.filters import (
    LONGEST,
    Chip,
    ChoiceFilter,
    Clause,
    DateFilter,
    Filter,
    FlagFilter,
    TextFilter,
    unreadable,
)
from portal.web.formats import plain_money
from portal.web.paging import Order, Place
from portal.web.request import Request

__all__ = [
    "Badge",
    "Chip",
    "ChoiceFilter",
    "Column",
    "DateFilter",
    "Filter",
    "FlagFilter",
    "Listing",
    "Page",
    "TextFilter",
]

#: Rows of a page.
SIZE = 50
_CSV_BATCH = 1000

Kind = Literal[
    "text", "link", "money", "price", "quantity", "percent", "date", "datetime", "status", "tags", "boolean"
]
_NUMERIC = frozenset({"money", "price", "quantity", "percent"})


@dataclass(frozen=True, eq=False)
class Column:
    """One column.

    `expression` is what is selected. `sort` allows ordering by it (or by `sort_by`); say `nullable` when that may be
    NULL. `currency` is the key of the column with the currency of a money or price. `to` is the key of the column whose
    value is the address of the row below the page's base; `states` gives the badges of a status. A `hidden` column is
    selected for others and for the CSV file; `export` False leaves it out of that. A `clipped` text takes one line, the
    whole of it is its tooltip. A `sparse` text is shown on pages, and stands in files, that have it in any row at all. A
    column with a `permission` is there only for those who have that: not on the page, not in
    the file, not to sort by.
    """

    key: str
    title: Text
    expression: Any
    kind: Kind = "text"
    sort: bool = False
    sort_by: Any = None
    nullable: bool = False
    currency: str = ""
    to: str = ""
    states: Mapping[str, Badge] = field(default_factory=dict[str, Badge])
    hidden: bool = False
    export: bool = True
    clipped: bool = False
    sparse: bool = False
    permission: str | None = None

    @property
    def numeric(self) -> bool:
        """Whether the column is aligned as figures."""
        return self.kind in _NUMERIC


@dataclass(frozen=True, eq=False)
class Listing:
    """A list: what it selects, and what may be asked of it.

    `base` is a Core select with the joins the columns need, `id` the expression that tells its rows apart. `default` is
    the order as in the address: a column's key, with a minus for descending. `search` makes the condition for a term.
    `name` is that of the CSV file.
    """

    base: Select[Any]
    id: Any
    columns: Sequence[Column]
    default: str
    name: str
    search: Any = None
    search_hint: Text = _("Search")
    filters: Sequence[Filter] = ()
    size: int = SIZE
    _narrowed: dict[frozenset[str], Listing] = field(
        default_factory=dict["frozenset[str]", "Listing"], init=False, repr=False
    )

    def seen_by(self, request: Request) -> Listing:
        """The list as this person may see it: without the columns and filters that they have no right to.

        What the right columns need beside them (a currency) has to be free to all who see those.
        """
        missing = frozenset(name for name in self._permissions if not request.permits(name))
        if not self._permissions:
            return self
        if missing not in self._narrowed:
            self._narrowed[missing] = replace(
                self,
                columns=tuple(_open(column) for column in self.columns if column.permission not in missing),
                filters=tuple(_open(entry) for entry in self.filters if entry.permission not in missing),
            )
        return self._narrowed[missing]

    @cached_property
    def _permissions(self) -> frozenset[str]:
        entries: tuple[Column | Filter, ...] = (*self.columns, *self.filters)
        return frozenset(entry.permission for entry in entries if entry.permission is not None)

    def _must_be_narrowed(self) -> None:
        if self._permissions:
            raise LookupError(f"the list {self.name} has columns for some only: ask it by seen_by(request)")

    @cached_property
    def positions(self) -> dict[str, int]:
        """Where each column's value stands in a row."""
        return {column.key: place for place, column in enumerate(self.columns)}

    @cached_property
    def visible(self) -> list[Column]:
        """The columns that are shown."""
        return [column for column in self.columns if not column.hidden]

    @cached_property
    def _statement(self) -> Select[Any]:
        labelled = (_element(column.expression).label(column.key) for column in self.columns)
        return self.base.with_only_columns(*labelled, maintain_column_froms=True)

    @cached_property
    def _orders(self) -> dict[str, Order]:
        found: dict[str, Order] = {}
        for column in self.columns:
            if column.sort:
                key = _element(column.expression if column.sort_by is None else column.sort_by)
                for name in (column.key, f"-{column.key}"):
                    found[name] = Order(name, key, _element(self.id), column.nullable)
        return found

    @cached_property
    def _parameters(self) -> frozenset[str]:
        names = ["sort", "after", "before", *(name for entry in self.filters for name in entry.parameters)]
        return frozenset([*names, "q"] if self.search else names)

    # --- asking --------------------------------------------------------------------------------------------

    def page(
        self,
        db: Session,
        params: Mapping[str, str],
        scope: Iterable[Clause] = (),
        *,
        base: str = "",
        bases: Mapping[str, str | None] | None = None,
    ) -> Page:
        """One page of rows: exactly one statement.

        `params` are those of the address, `scope` are conditions that always hold. `base` is the address that links of
        rows stand below (ending in a slash, "" for relative ones); `bases` gives other ones by column, None for no link.
        Raises `Invalid` for parameters that mean nothing.
        """
        self._must_be_narrowed()
        asked = self._read(params)
        order = self._order(asked)
        after, before = asked.get("after"), asked.get("before")
        if after and before:
            raise unreadable("before")
        backwards = bool(before)
        statement = self._filtered(asked, scope).add_columns(
            order.expression.label("_place"), order.id.label("_row")
        )
        cursor = after or before
        if cursor:
            place = order.place("before" if backwards else "after", cursor)
            statement = statement.where(order.beyond(place, backwards=backwards))
        statement = statement.order_by(*order.by(backwards=backwards)).limit(self.size + 1)
        rows: list[Any] = list(db.execute(statement))
        more = len(rows) > self.size
        rows = rows[: self.size]
        if backwards:
            rows.reverse()
        return Page(
            listing=self,
            params={name: value for name, value in asked.items() if name not in ("after", "before")},
            order=order,
            rows=rows,
            has_next=bool(rows) and (more or backwards),
            has_previous=bool(rows) and (more if backwards else bool(after)),
            base=base,
            bases=bases or {},
        )

    def csv(self, request: Request, scope: Iterable[Clause] = ()) -> Response:
        """All rows that the address asks for, as a CSV file: one statement, read in batches.

        One more tells which of the sparse columns there are.
        """
        self._must_be_narrowed()
        asked = self._read({k: v for k, v in request.GET.items() if k not in ("after", "before")})
        found = self._filtered(asked, scope)
        statement = found.order_by(*self._order(asked).by())
        lacking = self._lacking(request.db, found)
        columns = [
            column for column in self.columns if column.export and column.title and column.key not in lacking
        ]
        cells = [self._exported(column, request) for column in columns]
        result = request.db.execute(statement, execution_options={"yield_per": _CSV_BATCH})
        rows = ([cell(row) for cell in cells] for row in result)
        head = [request.translate(column.title) for column in columns]
        return csv_response(self.name, head, rows, request.locale_name)

    def _lacking(self, db: Session, found: Select[Any]) -> frozenset[str]:
        """The sparse columns that no row has anything in."""
        sparse = [column for column in self.columns if column.sparse]
        if not sparse:
            return frozenset()
        filled = (
            exists(found.where(_element(column.expression) != "").with_only_columns(literal(1)))
            for column in sparse
        )
        there = db.execute(select(*filled)).one()
        return frozenset(column.key for column, is_there in zip(sparse, there, strict=True) if not is_there)

    def _read(self, params: Mapping[str, str]) -> dict[str, str]:
        unknown = sorted(set(params) - self._parameters)
        if unknown:
            raise Invalid({unknown[0]: _("This list has no “${name}”.", mapping={"name": unknown[0][:50]})})
        asked = {name: value.strip() for name, value in params.items() if value.strip()}
        for name, value in asked.items():
            longest = 2000 if name in ("after", "before") else LONGEST
            if len(value) > longest or not value.isprintable():
                raise unreadable(name)
        return asked

    def _order(self, asked: Mapping[str, str]) -> Order:
        try:
            return self._orders[asked.get("sort", self.default)]
        except KeyError:
            raise unreadable("sort") from None

    def _filtered(self, asked: Mapping[str, str], scope: Iterable[Clause]) -> Select[Any]:
        statement = self._statement.where(*scope)
        if self.search and asked.get("q"):
            statement = statement.where(self.search(asked["q"]))
        for entry in self.filters:
            statement = statement.where(*entry.clauses(asked))
        return statement

    def _exported(self, column: Column, request: Request) -> Callable[[Sequence[Any]], Cell]:
        """How a row's cell is written into the CSV file."""
        here = self.positions[column.key]
        if column.kind == "money":
            currency = self.positions[column.currency]
            return lambda row: None if row[here] is None else plain_money(row[here], row[currency])
        if column.kind in ("quantity", "percent", "price"):
            return lambda row: None if row[here] is None else from_scaled(row[here])
        if column.kind == "status":
            labels = {state: request.translate(badge.label) for state, badge in column.states.items()}
            return lambda row: labels.get(row[here], row[here])
        if column.kind == "tags":
            return lambda row: ", ".join(row[here] or ())
        return lambda row: _plain(row[here], request)


E = TypeVar("E", Column, Filter)


def _open(entry: E) -> E:
    """A column or filter that this person may see, for whom it is like any other."""
    if entry.permission is None:
        return entry
    opened = copy(entry)
    object.__setattr__(opened, "permission", None)
    return opened


def _plain(value: Any, request: Request) -> Cell:
    return request.translate(value) if isinstance(value, TranslationString) else value


def _element(expression: Any) -> ColumnElement[Any]:
    """The Core expression behind a column or a mapped attribute."""
    return coercions.expect(roles.ExpressionElementRole, expression)


@dataclass(frozen=True, eq=False)
class Page:
    """One page of a list: rows as plain tuples in the order of the columns, and the addresses around it."""

    listing: Listing
    params: Mapping[str, str]
    order: Order
    rows: Sequence[Sequence[Any]]
    has_next: bool
    has_previous: bool
    base: str
    bases: Mapping[str, str | None]

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def visible(self) -> list[Column]:
        """The columns that are shown: of the sparse ones those with anything in them."""
        return [
            column
            for column in self.listing.visible
            if not column.sparse or any(row[self.listing.positions[column.key]] for row in self.rows)
        ]

    @property
    def is_narrowed(self) -> bool:
        """Whether a search or a filter is in force."""
        return any(name != "sort" for name in self.params)

    @property
    def dicts(self) -> list[dict[str, Any]]:
        """The rows by key, for templates that draw them themselves."""
        keys = [column.key for column in self.listing.columns]
        return [dict(zip(keys, row, strict=False)) for row in self.rows]

    @property
    def next_url(self) -> str | None:
        """The address of the page after this one."""
        return self._beside("after", self.rows[-1]) if self.has_next else None

    @property
    def previous_url(self) -> str | None:
        """The address of the page before this one."""
        return self._beside("before", self.rows[0]) if self.has_previous else None

    @property
    def csv_url(self) -> str:
        """The address of the CSV file with the same filter: the view `csv` of the list."""
        return f"{self.base}csv{_query(self.params)}"

    def sort_url(self, column: Column) -> str:
        """The address that orders by this column: ascending first, then the other way round."""
        name = f"-{column.key}" if self.order.name == column.key else column.key
        return _query({**self.params, "sort": name})

    def sorted_by(self, column: Column) -> str:
        """`ascending`, `descending` or "" as in aria-sort."""
        if self.order.name.lstrip("-") != column.key:
            return ""
        return "descending" if self.order.descending else "ascending"

    def chips(self, locale: str) -> Iterator[tuple[Chip, str]]:
        """The filters in force, each with the address without it."""
        if self.params.get("q"):
            yield self._chip(Chip(_("Search"), self.params["q"], ("q",)))
        for entry in self.listing.filters:
            for chip in entry.chips(self.params, locale):
                yield self._chip(chip)

    def _chip(self, chip: Chip) -> tuple[Chip, str]:
        return chip, _query(
            {name: value for name, value in self.params.items() if name not in chip.parameters}
        )

    def _beside(self, parameter: str, row: Sequence[Any]) -> str:
        cursor = self.order.cursor(Place(row[-2], row[-1]))
        return _query({**self.params, parameter: cursor})


def _query(params: Mapping[str, str]) -> str:
    """A relative address; "?" alone clears the parameters."""
    return "?" + urlencode(params)
