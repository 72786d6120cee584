"""Headers on every answer, errors included: a strict content security policy and no caching of private pages."""

from __future__ import annotations

from pyramid.events import NewResponse

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


def secure(event: NewResponse) -> None:
    """Set the headers, unless a view has set its own."""
    headers = event.response.headers
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if not event.request.environ.get("PATH_INFO", "").startswith("/static/"):
        headers["Cache-Control"] = "no-store"
