"""What the audit log has of requests that change nothing: refusals, and files that were taken out."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

from pyramid.exceptions import BadCSRFOrigin, BadCSRFToken
from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound
from pyramid.response import Response

from portal.kernel import audit
from portal.kernel.errors import Denied
from portal.kernel.folding import fold
from portal.kernel.i18n import translate
from portal.kernel.people import Realm
from portal.kernel.request import Request
from portal.kernel.tree import Node, module_root
from portal.kernel.unit import Unit

_WINDOW = timedelta(minutes=10)
#: Refusals that are noted in ten minutes: of one network, and of all.
OF_ONE, OF_ALL = 30, 1000
_NETWORKS = 10_000
_LONGEST_SEGMENT = 30


class Flood:
    """Counts what would be noted, per network and overall, so that nobody fills the log; one for each process.

    What is beyond the limit is left out; the last one that is noted says so.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    def room(self, address: str, now: datetime) -> int:
        """How many more may be noted in this window, this one included; 0 for none."""
        with self._lock:
            return min(self._take(_network(address), OF_ONE, now), self._take("", OF_ALL, now))

    def _take(self, key: str, most: int, now: datetime) -> int:
        since, count = self._counts.get(key, (now, 0))
        if now - since >= _WINDOW:
            since, count = now, 0
        self._counts[key] = (since, count + 1)
        self._counts.move_to_end(key)
        if len(self._counts) > _NETWORKS:
            self._counts.popitem(last=False)
        return max(most - count, 0)


def _network(address: str) -> str:
    """One household of IPv6 has a whole /64 of addresses."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(IPv6Network((found, 64), strict=False))
    return str(found)


def note_answer(request: Request, response: Response, flood: Flood) -> None:
    """Have it noted afterwards when the answer is a refusal or a file."""
    refused = _refusal(request)
    if refused is not None:
        now = request.house.clock()
        room = flood.room(request.remote_addr or "", now)
        if room == 1:
            refused[1]["then_not_noted_until"] = now + _WINDOW
        if room:
            _note(request, *refused)
    elif response.status_int == 200 and "attachment" in (response.content_disposition or ""):
        _note(request, audit.EXPORTED, _export(request, response))


def _note(request: Request, action: str, values: dict[str, Any]) -> None:
    here = getattr(request, "context", None)
    root = module_root(here) if isinstance(here, Node) else None
    module = "web" if root is None else root.card.name

    def write(unit: Unit) -> None:
        audit.note(unit, action, module=module, values=values)

    request.afterwards.append(write)


def _refusal(request: Request) -> tuple[str, dict[str, Any]] | None:
    """What was refused and why; None when nothing was, or only a form was filled in wrongly."""
    error: Any = getattr(request, "exception", None)
    refusal: Any = getattr(request, "refusal", None)
    values: dict[str, Any] = {"method": request.method, "path": path_of(request)}
    if isinstance(error, HTTPForbidden):
        return audit.DENIED, {**values, **_ruling(request, getattr(error, "result", None))}
    if isinstance(error, BadCSRFToken | BadCSRFOrigin):
        return audit.DENIED, {**values, "rule": "csrf"}
    identity = request.__dict__.get("identified")
    if isinstance(error, HTTPNotFound) and identity is not None and identity.realm is Realm.CUSTOMERS:
        return audit.DENIED, {**values, "rule": "unknown or foreign"}
    if refusal is not None and getattr(refusal, "recorded", False):
        reason = translate(refusal.reason, "en", request.house.locales)
        email = fold(str(request.POST.get("email", "")))[:254]
        typed = {"email": email} if email else {}
        action = audit.SIGN_IN_FAILED if identity is None else audit.REFUSED
        return action, {**values, **typed, "reason": reason}
    return None


def _ruling(request: Request, denied: Any) -> dict[str, Any]:
    """By which rule, at which node, and by which setting it was decided."""
    found: dict[str, Any] = {}
    if isinstance(denied, Denied):
        found["reason"] = translate(denied.reason, "en", request.house.locales)
    for ruling, permission in request.denials:
        if ruling.denied is not denied:
            continue
        found["rule"], found["permission"] = ruling.rule.value, permission
        if ruling.node is not None:
            found["node"] = _masked(request.resource_path(ruling.node))
        if ruling.setting is not None:
            found["setting"] = ruling.setting
    return found


def _export(request: Request, response: Response) -> dict[str, Any]:
    """Which file, and of which list with which filters."""
    name = (response.content_disposition or "").partition("filename=")[2].strip('"')
    asked = {key: value for key, value in request.GET.items() if value and audit.is_sayable(key)}
    return {"path": path_of(request), "file": name, "kind": response.content_type, "filters": asked}


def path_of(request: Request) -> str:
    """The address without what may let its reader in: what follows a view's name, and whatever is as long as a token."""
    beyond: tuple[str, ...] = getattr(request, "subpath", ())
    path = request.path
    if beyond:
        path = path.rstrip("/").rsplit("/", len(beyond))[0] + "/…"
    return _masked(path)


def _masked(path: str) -> str:
    return "/".join("…" if len(segment) > _LONGEST_SEGMENT else segment for segment in path.split("/"))
