"""What a document comes to while it is being written: worked out by the server, as it is when it is saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pyramid.httpexceptions import HTTPNoContent
from pyramid.renderers import render_to_response
from pyramid.response import Response

from portal.kernel.errors import Invalid, Refused
from portal.kernel.i18n import Text
from portal.web.forms import LinesField
from portal.web.request import Request

_TEMPLATE = "portal:web/templates/totals.jinja2"


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums in minor units of `currency`; `taxes` have a title each, `nets` are those of lines by the number of their row."""

    currency: str
    net: int
    taxes: Sequence[tuple[Text, int]]
    gross: int
    nets: Mapping[int, int]


def by_row(lines: LinesField, nets: Sequence[int]) -> dict[int, int]:
    """The nets of the lines that are not blank, by the number of their row in the form."""
    entries = [entry for entry in lines.entries if not entry.form.is_blank]
    return {int(entry.name.rsplit("-", 1)[-1]): net for entry, net in zip(entries, nets, strict=True)}


def totals_response(request: Request, work_out: Callable[[], Totals]) -> Response:
    """The piece of the page with the totals; nothing as long as what is typed cannot be worked out."""
    try:
        totals = work_out()
    except (Invalid, Refused):
        return HTTPNoContent()
    response: Response = render_to_response(_TEMPLATE, {"totals": totals}, request=request)
    return response
