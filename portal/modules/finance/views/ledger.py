"""Pages of the ledger: entries, manual entries, reversals, opening balances, the entries of an account."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from portal.kernel.errors import Invalid
from portal.kernel.i18n import _
from portal.modules.customers.interfaces import ICustomers
from portal.modules.finance import lists
from portal.modules.finance.forms import (
    DayForm,
    ManualEntryForm,
    OpeningItemForm,
    chart_of,
    customer_search,
    period,
)
from portal.modules.finance.models import OPENING_JOURNAL
from portal.modules.finance.permissions import JOURNAL, VIEW
from portal.modules.finance.resources import AccountNode, Entries, EntryNode
from portal.modules.finance.services import journals, reports
from portal.modules.finance.services.journals import ManualLine, OpeningItem
from portal.proposals.panels import about
from portal.web.filters import unreadable
from portal.web.request import Request

_TEMPLATES = "portal:modules/finance/templates/"


@view_config(context=Entries, permission=VIEW, request_method="GET", renderer=f"{_TEMPLATES}entries.jinja2")
def entries(context: Entries, request: Request) -> dict[str, Any]:
    """The entries of all journals, newest first."""
    page = lists.ENTRIES.page(request.db, request.GET, base=request.resource_path(context))
    return {"page": page, "may_journal": request.permits(JOURNAL)}


@view_config(context=Entries, name="csv", permission=VIEW, request_method="GET")
def entries_csv(context: Entries, request: Request) -> Response:
    """The same as a file."""
    return lists.ENTRIES.csv(request)


@view_config(context=EntryNode, permission=VIEW, request_method="GET", renderer=f"{_TEMPLATES}entry.jinja2")
def entry(context: EntryNode, request: Request) -> dict[str, Any]:
    """An entry with its lines."""
    found = context.entry
    kind, _colon, public_id = found.document.partition(":")
    paths = {"finance.invoice": "invoices", "finance.payment": "payments"}
    document = f"/finance/{paths[kind]}/{public_id}/" if kind in paths else None
    # Documents are corrected through credit notes; an opening item has no other correction than its reversal.
    own = not found.document or found.journal == OPENING_JOURNAL
    reversible = own and found.reverses is None and found.reversed_by is None
    return {
        "entry": found,
        "four_eyes": about(request, journals.ENTRY_KIND, found.public_id),
        "document": document,
        "may_reverse": reversible and request.permits(JOURNAL),
    }


@view_config(
    context=Entries,
    name="new",
    permission=JOURNAL,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}entry_form.jinja2",
    autosave=True,
    preview=True,
)
def new(context: Entries, request: Request) -> Any:
    """A manual entry."""
    return _by_hand(context, request, _("New entry"), journals.post_manual)


@view_config(
    context=Entries,
    name="opening",
    permission=JOURNAL,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}entry_form.jinja2",
    autosave=True,
    preview=True,
)
def opening(context: Entries, request: Request) -> Any:
    """Opening balances; what they lack is posted against the opening account."""
    return _by_hand(context, request, _("Opening balances"), journals.post_opening)


def _by_hand(context: Entries, request: Request, heading: Any, post: Any) -> Any:
    form = ManualEntryForm(request, {"day": request.unit.today()})
    if not request.submitted:
        return {"form": form, "heading": heading, "back": request.resource_path(context)}
    form.check()
    lines = [
        ManualLine(row["account"], _amount(place, row), row["text"])
        for place, row in enumerate(form.lines.data)
    ]
    public_id = post(request.unit, chart_of(request), form.day.data, form.text.data, lines)
    request.flash(_("The entry was posted."))
    return HTTPSeeOther(request.resource_path(context, public_id, ""))


def _amount(place: int, row: Any) -> int:
    debit, credit = row["debit"] or 0, row["credit"] or 0
    if debit and credit:
        raise Invalid({f"lines-{place}-credit": _("Enter a debit or a credit.")})
    amount: int = debit - credit
    return amount


@view_config(
    context=EntryNode,
    name="reverse",
    permission=JOURNAL,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}form.jinja2",
    preview=True,
)
def reverse(context: EntryNode, request: Request) -> Any:
    """Reverse an entry by hand."""
    form = DayForm(request, {"day": request.unit.today()})
    if not request.submitted:
        return {
            "form": form,
            "heading": _("Reverse entry ${label}", mapping={"label": context.entry.label}),
            "back": request.resource_path(context),
            "label": _("Reverse"),
        }
    form.check()
    public_id = journals.reverse_entry(
        request.unit, chart_of(request), context.entry.public_id, form.day.data
    )
    request.flash(_("The entry was reversed."))
    return HTTPSeeOther(request.resource_path(context.__parent__, public_id, ""))


@view_config(
    context=Entries,
    name="opening-item",
    permission=JOURNAL,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}form.jinja2",
    preview=True,
)
def opening_item(context: Entries, request: Request) -> Any:
    """Take an open invoice of before into the books."""
    form = OpeningItemForm(request, {"day": request.unit.today(), "currency": request.company.currency})
    customer_search(form, request)
    if not request.submitted:
        return {
            "form": form,
            "heading": _("Opening item"),
            "back": request.resource_path(context),
            "label": _("Post"),
            "hint": _("An invoice from before these books that is still open."),
        }
    form.check()
    customer = request.unit.ask(ICustomers).find(form.customer.data)
    if customer is None:
        raise Invalid({"customer": _("There is no such customer.")})
    item = OpeningItem(
        number=form.number.data,
        issued_on=form.issued_on.data,
        due_date=form.due_date.data,
        currency=form.currency.data,
        amount=form.amount.data,
    )
    public_id = journals.add_opening_item(request.unit, chart_of(request), customer, item, form.day.data)
    request.flash(_("The opening item was posted."))
    return HTTPSeeOther(f"/finance/invoices/{public_id}/")


@view_config(
    context=AccountNode, permission=VIEW, request_method="GET", renderer=f"{_TEMPLATES}account.jinja2"
)
def account(context: AccountNode, request: Request) -> dict[str, Any]:
    """The entries of an account in a period, with the running balance."""
    asked = period(request)
    rows = reports.postings(
        request.unit, context.account.id, asked.start, asked.end, _after(request.GET.get("after", ""))
    )
    more, rows = len(rows) > reports.PAGE, rows[: reports.PAGE]
    following = ""
    if more:
        last = rows[-1]
        following = "?" + urlencode({**asked.query, "after": f"{last.day.isoformat()}.{last.line_id}"})
    return {
        "account": context.account,
        "rows": rows,
        "period": asked,
        "hidden": {},
        "next": following,
        "currency": request.company.currency,
    }


def _after(text: str) -> tuple[date, int] | None:
    if not text:
        return None
    day, _dot, line = text.partition(".")
    try:
        return date.fromisoformat(day), int(line)
    except ValueError:
        raise unreadable("after") from None
