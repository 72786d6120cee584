"""The rows of a list as HTML.

Fifty rows of ten cells are the hottest part of the portal: what is the same for all rows of a page is made once, and
a cell is then one function call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from markupsafe import Markup, escape

from portal.kernel.i18n import TranslationString
from portal.web import formats
from portal.web.badges import Badge
from portal.web.lists import Column, Page
from portal.web.request import Request

Row = Sequence[Any]
Draw = Callable[[Row], str]
#: Texts of so many characters fit into a clipped cell.
_SHORT = 20
_SPECIAL = re.compile(r"[&<>'\"]").search


def rows_html(page: Page, request: Request) -> Markup:
    """The `<tr>`s of a page, in the language and time zone of the request."""
    columns = page.visible
    draws = [(_opening(column, request), _cell(page, column, request)) for column in columns]
    rows = (
        "<tr>" + "".join([opening + draw(row) + "</td>" for opening, draw in draws]) + "</tr>"
        for row in page.rows
    )
    return Markup("\n".join(rows))  # noqa: S704 - every cell is escaped where it is drawn


def badge_html(badge: Badge, request: Request) -> Markup:
    """A badge."""
    return Markup('<span class="state state-{}">{}</span>').format(badge.tone, _said(badge.label, request))


def _opening(column: Column, request: Request) -> str:
    classes = f"cell-{column.kind}{' num' if column.numeric else ''}{' clipped' if column.clipped else ''}"
    return str(Markup('<td class="{}" data-label="{}">').format(classes, _said(column.title, request)))


def _said(text: Any, request: Request) -> str:
    return request.translate(text) if isinstance(text, TranslationString) else str(text)


def _cell(page: Page, column: Column, request: Request) -> Draw:
    draw = _KINDS[column.kind](page, column, request)
    if column.clipped:
        draw = _titled(draw)
    here = page.listing.positions[column.key]
    linked = _linked(page, column, draw) if column.to else draw
    return lambda row: "" if row[here] is None else linked(row)


def _titled(draw: Draw) -> Draw:
    """The text with itself as its tooltip, where it is long enough to be clipped."""

    def titled(row: Row) -> str:
        said = draw(row)
        return f'<span title="{said}">{said}</span>' if len(said) > _SHORT else said

    return titled


def _linked(page: Page, column: Column, draw: Draw) -> Draw:
    base = page.bases.get(column.key, page.base)
    if base is None:
        return draw
    start = f'<a href="{escape(base)}'
    to = page.listing.positions[column.to]
    # A public id needs no quoting, and nothing else stands in such a column.
    return lambda row: f'{start}{escape(row[to])}/">{draw(row)}</a>' if row[to] is not None else draw(row)


def _text(page: Page, column: Column, request: Request) -> Draw:
    here = page.listing.positions[column.key]

    def draw(row: Row) -> str:
        value = row[here]
        # Most texts need no escaping, and asking is cheaper than doing it.
        if type(value) is str and not _SPECIAL(value):
            return value
        return str(escape(_said(value, request)))

    return draw


def _money(page: Page, column: Column, request: Request) -> Draw:
    here, currency = page.listing.positions[column.key], page.listing.positions[column.currency]
    locale, write = request.locale_name, formats.money
    return lambda row: write(row[here], row[currency], locale)


def _price(page: Page, column: Column, request: Request) -> Draw:
    here, currency = page.listing.positions[column.key], page.listing.positions[column.currency]
    locale, write = request.locale_name, formats.price
    return lambda row: write(row[here], row[currency], locale)


def _localized(write: Callable[[Any, str], str]) -> Callable[[Page, Column, Request], Draw]:
    def kind(page: Page, column: Column, request: Request) -> Draw:
        here, locale = page.listing.positions[column.key], request.locale_name
        return lambda row: write(row[here], locale)

    return kind


def _datetime(page: Page, column: Column, request: Request) -> Draw:
    here, locale, zone = page.listing.positions[column.key], request.locale_name, request.company.zone
    return lambda row: formats.datetime(row[here], locale, zone)


def _status(page: Page, column: Column, request: Request) -> Draw:
    here = page.listing.positions[column.key]
    badges = {state: str(badge_html(badge, request)) for state, badge in column.states.items()}
    return lambda row: badges.get(row[here]) or str(escape(row[here]))


def _tags(page: Page, column: Column, request: Request) -> Draw:
    here = page.listing.positions[column.key]

    def draw(row: Row) -> str:
        value: str | Iterable[str] = row[here]
        tags = (tag.strip() for tag in value.split(",")) if isinstance(value, str) else value
        return " ".join(f'<span class="tag">{escape(tag)}</span>' for tag in tags if tag)

    return draw


def _boolean(page: Page, column: Column, request: Request) -> Draw:
    here = page.listing.positions[column.key]
    yes, no = (_said(word, request) for word in (formats.YES, formats.NO))
    return lambda row: yes if row[here] else no


_KINDS: dict[str, Callable[[Page, Column, Request], Draw]] = {
    "text": _text,
    "link": _text,
    "money": _money,
    "price": _price,
    "quantity": _localized(formats.quantity),
    "percent": _localized(formats.percent),
    "date": _localized(formats.date),
    "datetime": _datetime,
    "status": _status,
    "tags": _tags,
    "boolean": _boolean,
}
