"""Static files: cached by browsers for a year, fetched anew as soon as any of them changes."""

from __future__ import annotations

import hashlib
from pathlib import Path

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
