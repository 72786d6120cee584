"""Answers are sent compressed to browsers that take it: a first visit stays small without a proxy in front.

A static file is compressed once per process. Pages carry no secret that an attacker who reads their length could guess
byte by byte: the token against forged requests looks different on every page (see `portal.web.csrf`).
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response

Handler = Callable[[Request], Response]

#: Bytes below which an answer is sent as it is: it fits into one packet anyway.
SMALLEST = 1200
#: Of static files, which are compressed once, and of pages.
_THOROUGH, _QUICK = 9, 4
_TYPES = frozenset(
    {
        "text/html",
        "text/css",
        "text/plain",
        "text/csv",
        "text/javascript",
        "application/javascript",
        "application/json",
        "application/manifest+json",
        "image/svg+xml",
    }
)


def compression_tween(handler: Handler, registry: Registry) -> Handler:
    """Compress what is text and long enough; never what is streamed or compressed already."""
    files: dict[tuple[str, object], bytes] = {}

    def tween(request: Request) -> Response:
        response = handler(request)
        if response.content_type not in _TYPES:
            return response
        response.vary = (*(response.vary or ()), "Accept-Encoding")
        if not _is_worth_it(request, response):
            return response
        if request.path_info.startswith("/static/"):
            key = (request.path_info, response.last_modified)
            if key in files:
                unread: Any = response.app_iter
                unread.close()
            else:
                files[key] = gzip.compress(response.body, _THOROUGH, mtime=0)
            response.body = files[key]
        else:
            response.body = gzip.compress(response.body, _QUICK, mtime=0)
        response.content_encoding = "gzip"
        return response

    return tween


def _is_worth_it(request: Request, response: Response) -> bool:
    return (
        response.status_int == 200
        and request.method == "GET"
        and response.content_encoding is None
        and response.content_range is None
        and (response.content_length or 0) >= SMALLEST
        and "Accept-Encoding" in request.headers
        and bool(request.accept_encoding.acceptable_offers(["gzip"]))
    )
