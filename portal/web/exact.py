"""An address means one page: what stands behind a view's name is not ignored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyramid.httpexceptions import HTTPNotFound
from pyramid.response import Response

from portal.web.request import Request

View = Callable[[Any, Request], Response]


def exact_deriver(view: View, info: Any) -> View:
    """Answer 404 to `/orders/csv/a/b`, unless the view says `subpath=True` and reads the rest itself.

    `replaces=True` and `open_to_all="why"` are for the boot gate: the view stands in the place of another package's on
    purpose, or needs no permission.
    """
    if info.options.get("subpath") or info.exception_only:
        return view

    def wrapper(context: Any, request: Request) -> Response:
        if request.subpath and request.matched_route is None:
            raise HTTPNotFound
        return view(context, request)

    return wrapper


exact_deriver.options = ("subpath", "replaces", "open_to_all")  # type: ignore[attr-defined]
