"""Requests for another host's name are answered before anything else looks at them: the portal answers to its own."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response

from portal.kernel import BASE_URL, ENVIRONMENT
from portal.kernel.settings import Setting, words

HOSTS = Setting(
    "portal.hosts", words, "", "further host names that the portal answers to, beside that of portal.base_url"
)
#: What monitoring asks for by whatever address it has; these pages say nothing of anybody.
_MONITORED = ("/healthz", "/readyz")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}

Handler = Callable[[Request], Response]


def hosts_tween(handler: Handler, registry: Registry) -> Handler:
    """Answer 400, without repeating the name, to a request for a host that is not the portal's."""
    settings = registry.house.settings
    base_url: str = settings[BASE_URL]
    known = {_name(urlsplit(base_url).netloc), *(_name(host) for host in settings[HOSTS])}
    if settings[ENVIRONMENT] == "development":
        known |= _LOOPBACK

    def tween(request: Request) -> Response:
        if _name(request.host) in known or request.environ.get("PATH_INFO") in _MONITORED:
            return handler(request)
        return Response("There is no portal of this name here.", status=400, content_type="text/plain")

    return tween


def _name(host: str) -> str:
    """A host without its port, in lower case; "" for what is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""
