"""What the audit log has of requests that change nothing: refusals, and files that were taken out."""

from __future__ import annotations

import logging
import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

from pyramid.exceptions import BadCSRFOrigin, BadCSRFToken
from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound
from pyramid.response import Response

from portal.kernel import audit
from portal.kernel.composition import House
from portal.kernel.errors import Denied
from portal.kernel.folding import fold
from portal.kernel.i18n import translate
from portal.kernel.people import Realm
from portal.kernel.request import Request
from portal.kernel.tree import Node, module_root
from portal.kernel.unit import Unit
from portal.web.bearer import BadToken

log = logging.getLogger(__name__)

_WINDOW = timedelta(minutes=10)
#: Refusals that are noted in ten minutes: of one network, and of all.
OF_ONE, OF_ALL = 30, 1000
_NETWORKS = 10_000
#: Networks whose refusals are counted one by one once they are not noted any more, and those that the summary names.
_COUNTED, _NAMED = 100, 10
#: How long a summary waits that a busy database did not take.
_PATIENCE = timedelta(minutes=1)
_LONGEST_SEGMENT = 30


@dataclass(slots=True)
class LeftOut:
    """How many refusals were not noted, by network; "" stands for networks beyond those that are counted."""

    since: datetime
    until: datetime
    counts: Counter[str] = field(default_factory=Counter[str])

    def add(self, network: str, now: datetime) -> None:
        """Count one more."""
        counted = network in self.counts or len(self.counts) < _COUNTED
        self.counts[network if counted else ""] += 1
        self.until = now

    def values(self) -> dict[str, Any]:
        """What the log says of it: the networks with the most, and how many were of others."""
        networks = Counter({network: count for network, count in self.counts.items() if network})
        named = dict(networks.most_common(_NAMED))
        total = self.counts.total()
        return {
            "left_out": total,
            "since": self.since,
            "until": self.until,
            "networks": named,
            "others": total - sum(named.values()),
        }


class Flood:
    """Counts what would be noted, per network and overall, so that nobody fills the log; one for each process.

    What is beyond the limit is left out: the last one that is noted says so, and when the window has passed one row says
    how many there were.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: OrderedDict[str, tuple[datetime, int]] = OrderedDict()
        self._left: LeftOut | None = None
        self._due: datetime | None = None

    def room(self, address: str, now: datetime) -> int:
        """How many more may be noted in this window, this one included; 0 for none."""
        network = _network(address)
        with self._lock:
            # What one network does beyond its own limit takes nothing from the others.
            room = self._take(network, OF_ONE, now)
            room = room and min(room, self._take("", OF_ALL, now))
            if not room:
                self._left = self._left or LeftOut(now, now)
                self._due = self._due or now + _WINDOW
                self._left.add(network, now)
            return room

    def overdue(self, now: datetime) -> LeftOut | None:
        """What was left out in a window that has passed, once; None for nothing."""
        with self._lock:
            if self._left is None or self._due is None or now < self._due:
                return None
            left, self._left, self._due = self._left, None, None
            return left

    def put_back(self, left: LeftOut, now: datetime) -> None:
        """Keep for later what could not be written now."""
        with self._lock:
            if self._left is not None:
                left = LeftOut(left.since, self._left.until, left.counts + self._left.counts)
            self._left, self._due = left, now + _PATIENCE

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


def note_left_out(house: House, flood: Flood) -> None:
    """Write the row that says how many refusals were not noted, when it is due; as the house, whoever asks just now."""
    now = house.clock()
    left = flood.overdue(now)
    if left is None:
        return
    try:
        with house.database.session(write=True) as session:
            audit.note(house.unit(session), audit.LEFT_OUT, module="web", values=left.values())
            session.commit()
    except Exception:
        log.exception("%s refusals that were not noted could not be summed up yet", left.counts.total())
        flood.put_back(left, now)


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
    if isinstance(error, BadToken):
        return audit.DENIED, {**values, "rule": "token", "reason": error.why, **error.whose}
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
