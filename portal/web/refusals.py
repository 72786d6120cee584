"""The one place where a business "no" is caught.

The view's transaction is aborted, begun anew, the context is reloaded, and the page is rendered again from what is
stored: what the person reads is the truth, what they typed is kept, and nothing was changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyramid.response import Response
from pyramid.traversal import ResourceTreeTraverser
from pyramid.view import render_view_to_response
from sqlalchemy.exc import IntegrityError

from portal.kernel.db import Contention, is_duplicate
from portal.kernel.errors import Conflict, Invalid, Refused
from portal.kernel.i18n import _
from portal.kernel.tree import Root
from portal.web.request import Request

View = Callable[[Any, Request], Response]


def refusal_deriver(view: View, info: Any) -> View:
    """Catch `Refused` and `Invalid` of views that act.

    A view that shows its own form (it answers GET too) is called again with `request.refusal` set, and
    `request.submitted` then says False. For a view that only acts (`show="…"`), the named view of the same
    context is shown instead.
    """
    show: str | None = info.options.get("show")

    def wrapper(context: Any, request: Request) -> Response:
        try:
            return view(context, request)
        except IntegrityError as error:
            if not is_duplicate(error):
                raise
            # Two people entered the same key at once: run again, this one's check now sees the other's row.
            raise Contention(str(error.orig)) from error
        except (Refused, Invalid) as refusal:
            if request.method in ("GET", "HEAD") or request.refusal is not None:
                raise
            return _show_again(view, show, refusal, request)

    return wrapper


refusal_deriver.options = ("show",)  # type: ignore[attr-defined]


def _show_again(view: View, show: str | None, refusal: Refused | Invalid, request: Request) -> Response:
    before: object = request.context
    begin_anew(request)
    if type(request.context) is not type(before):
        raise refusal  # what the page was about is gone
    request.refusal = _as_refused(refusal)
    request.invalid = refusal if isinstance(refusal, Invalid) else None
    context = request.context
    if show is None:
        response = view(context, request)
    else:
        # The page is a reading of what is stored, whatever the method that was refused; what was typed is kept
        # for the form on that page that it came from.
        request.kept = request.POST
        response = _read(context, request, show)
    if response.status_int == 200:
        response.status_int = _status(refusal)
    return response


def _read(context: Any, request: Request, name: str) -> Response:
    request.environ["REQUEST_METHOD"] = "GET"
    try:
        found = render_view_to_response(context, request, name)
    finally:
        request.environ["REQUEST_METHOD"] = "POST"
    if found is None:
        raise LookupError(f"{context!r} has no view {name!r} to show a refusal in")
    return found


def begin_anew(request: Request) -> None:
    """Abort what was done, begin a new transaction and find the context again in it."""
    request.tm.abort()
    request.tm.begin()
    request.root = Root(request)
    found = ResourceTreeTraverser(request.root)(request)
    request.context = found["context"]


def _as_refused(refusal: Refused | Invalid) -> Refused:
    if isinstance(refusal, Refused):
        return refusal
    return Refused(_("Please check the marked fields."))


def _status(refusal: Refused | Invalid) -> int:
    return 409 if isinstance(refusal, Conflict) else 422
