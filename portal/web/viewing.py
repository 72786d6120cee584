"""Whoever looks at the portal as somebody else acts on no page, not even on those that need no permission."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyramid.httpexceptions import HTTPForbidden
from pyramid.response import Response

from portal.kernel.request import SAFE_METHODS
from portal.kernel.security import only_looking
from portal.web.request import Request

View = Callable[[Any, Request], Response]


def viewing_deriver(view: View, info: Any) -> View:
    """Refuse every unsafe method, but of the views that end the looking and say so with `viewing=True`."""
    if info.options.get("viewing", False) or info.exception_only:
        return view

    def wrapper(context: Any, request: Request) -> Response:
        if request.method not in SAFE_METHODS:
            identity = request.identified
            if identity is not None and identity.viewed_by is not None:
                raise HTTPForbidden(result=only_looking())
        return view(context, request)

    return wrapper


viewing_deriver.options = ("viewing",)  # type: ignore[attr-defined]
