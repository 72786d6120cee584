"""Requests that cannot be read are answered before anything else looks at them.

Bytes that are not UTF-8 in the path, the query or a cookie would else be an error in whatever reads them first, and a
NUL in an address or a form one in the database. In forms undecodable bytes are replaced when they are read.
"""

from __future__ import annotations

from collections.abc import Callable

from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response

Handler = Callable[[Request], Response]


def readable_tween(handler: Handler, registry: Registry) -> Handler:
    """Answer 400 to a request that is not UTF-8, or has a NUL in its address or form."""

    def tween(request: Request) -> Response:
        # Pyramid takes a part of the address from this header of whoever asks; no proxy of ours sets it.
        request.environ.pop("HTTP_X_VHM_ROOT", None)
        if _is_readable(request):
            return handler(request)
        return Response("This request cannot be read.", status=400, content_type="text/plain")

    return tween


def _is_readable(request: Request) -> bool:
    try:
        address = [request.path_info, *request.GET.keys(), *request.GET.values()]
        dict(request.cookies)
    except UnicodeDecodeError:
        return False
    typed = (part for pair in request.POST.items() for part in pair if isinstance(part, str))
    return not any("\0" in part for part in (*address, *typed))
