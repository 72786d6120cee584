"""Static files: cached by browsers for a year, fetched anew as soon as any of them changes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pyramid.request import Request
from pyramid.static import QueryStringConstantCacheBuster

YEAR = 365 * 24 * 3600
_STATIC = Path(__file__).resolve().parent / "static"


def cache_buster() -> QueryStringConstantCacheBuster:
    """Adds a digest of all static files to their addresses."""
    digest = hashlib.sha256()
    for path in sorted(_STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(_STATIC).as_posix().encode() + path.read_bytes())
    return QueryStringConstantCacheBuster(digest.hexdigest()[:12])


def asset(request: Request, path: str) -> str:
    """The address of one of the shell's static files."""
    # Making such an address costs as much as a dozen cells, and it never changes in a process.
    known: dict[tuple[str, str], str] = request.registry.__dict__.setdefault("portal_assets", {})
    key = (request.script_name, path)
    if key not in known:
        known[key] = request.static_path(f"portal:web/static/{path}")
    return known[key]
