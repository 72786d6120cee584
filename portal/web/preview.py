"""Showing what an act will write before it is done: it is done, looked at, and taken back.

A view that says `preview=True` can be sent with `_preview`: it runs in its transaction as it always does, votes and locks
included; what it told (`portal.kernel.effects`) is drawn by the modules it belongs to; then everything is rolled back,
numbers that were taken too. So a preview cannot say anything else than what happens. The one-time id of the form
stays unspent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.renderers import render
from pyramid.response import Response

from portal.kernel.composition import permits_offer
from portal.kernel.effects import collected
from portal.kernel.errors import Invalid, Refused
from portal.kernel.i18n import Text, _
from portal.kernel.slots import Slot
from portal.web.refusals import begin_anew
from portal.web.request import CSRF_FIELD, PREVIEW_FIELD, Request
from portal.web.slots import Panel

View = Callable[[Any, Request], Response]

#: What an act has told that belongs to a module, as a panel; None where nothing of it does. It is called in the transaction
#: of the act and may run a statement; the panel is drawn before that ends.
EFFECTS: Slot[Callable[[Sequence[object], Request], Panel | None]] = Slot("web.effects")

_TEMPLATE = "portal:web/templates/preview.jinja2"
_PAGE = "portal:web/templates/preview_page.jinja2"


def preview_deriver(view: View, info: Any) -> View:
    """Let the views that say `preview=True` be tried."""
    if not info.options.get("preview", False):
        return view

    def wrapper(context: Any, request: Request) -> Response:
        request.previewable = True
        if request.method != "POST" or PREVIEW_FIELD not in request.POST:
            return view(context, request)
        return _preview(view, context, request)

    return wrapper


preview_deriver.options = ("preview",)  # type: ignore[attr-defined]


def _preview(view: View, context: Any, request: Request) -> Response:
    collecting = len(request.afterwards)
    panels: list[Panel] = []
    problems: list[Text] = []
    body = ""
    by_script = "HX-Request" in request.headers
    try:
        with collected(request.db) as told:
            acted = view(context, request).status_int == HTTPSeeOther.code
            request.db.flush()
            panels = _drawn(told, request) if acted else []
            # A form that asks for more before it acts has nothing to show yet.
            body = _rendered(request, panels, problems, by_script=by_script) if acted else body
    except Refused as refusal:
        problems = [refusal.reason]
    except Invalid as refusal:
        problems = list(refusal.errors.values())
    finally:
        begin_anew(request)
        del request.afterwards[collecting:]
        request.messages.clear()
    if problems:
        body = _rendered(request, panels, problems, by_script=by_script)
    return Response(body)


def _drawn(told: Sequence[object], request: Request) -> list[Panel]:
    found: list[Panel] = []
    for offer in request.house.offered(EFFECTS):
        if permits_offer(request, offer, request.root):
            panel = offer.call(told, request)
            if panel is not None:
                found.append(panel)
    return found


def _rendered(request: Request, panels: Sequence[Panel], problems: Sequence[Text], *, by_script: bool) -> str:
    again = [
        (name, value)
        for name, value in request.POST.items()
        if name not in (PREVIEW_FIELD, CSRF_FIELD) and isinstance(value, str)
    ]
    values = {"panels": panels, "problems": problems, "again": again, "title": _("What this will write")}
    return str(render(_TEMPLATE if by_script else _PAGE, values, request=request))
