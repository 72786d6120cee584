"""Headers on every answer, errors included: a strict content security policy and no caching of private pages."""

from __future__ import annotations

from collections.abc import Callable

from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response

from portal.kernel import BASE_URL

Handler = Callable[[Request], Response]

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: Browsers that came by https once come by nothing else for two years.
_TRANSPORT = "max-age=63072000"


def headers_tween(handler: Handler, registry: Registry) -> Handler:
    """Set the headers on whatever answers, unless a view has set its own."""
    is_secure = registry.house.settings[BASE_URL].startswith("https:")
    headers = {**HEADERS, "Strict-Transport-Security": _TRANSPORT} if is_secure else HEADERS

    def tween(request: Request) -> Response:
        response = handler(request)
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        if not request.environ.get("PATH_INFO", "").startswith("/static/"):
            response.headers["Cache-Control"] = "no-store"
        return response

    return tween
