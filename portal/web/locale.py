"""Which language a page speaks: the person's own, else what the browser asks for, else the company's."""

from __future__ import annotations

from portal.web import LANGUAGES
from portal.web.request import Request


def negotiate(request: Request) -> str:
    """One of `portal.languages`."""
    offered = request.setting(LANGUAGES)
    identity = request.identified
    if identity is not None and identity.language in offered:
        return identity.language
    wanted = request.accept_language.lookup(offered, default=offered[0])
    return str(wanted)
