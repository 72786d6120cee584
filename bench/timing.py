"""How long pages take: medians of alternating requests from one client, inside one process without a network."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from webob import Request

Call = Callable[[], None]
_WARM = 30


def page(application: Any, address: str, cookie: str = "") -> Call:
    """A GET of that address; calling it asks once. Raises RuntimeError unless the answer is 200."""
    headers = {"Cookie": cookie} if cookie else {}

    def ask() -> None:
        response = Request.blank(address, headers=headers).get_response(application)
        if response.status_int != 200:
            raise RuntimeError(f"{address} answered {response.status}")

    return ask


def medians(*calls: Call, times: int) -> list[float]:
    """The median of each call in milliseconds, the calls taking turns."""
    for call in calls:
        for _ in range(_WARM):
            call()
    taken: list[list[float]] = [[] for _ in calls]
    for _ in range(times):
        for call, found in zip(calls, taken, strict=True):
            began = time.perf_counter()
            call()
            found.append(1000 * (time.perf_counter() - began))
    return [statistics.median(found) for found in taken]
