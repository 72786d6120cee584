"""How long pages take: medians of alternating requests from one client, inside one process without a network."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Taken:
    """Medians of one call in milliseconds: by the clock, and of this process's own computing."""

    wall: float
    computing: float


def medians(*calls: Call, times: int) -> list[Taken]:
    """What each call takes, the calls taking turns. Computing alone says more where the machine has other work."""
    for call in calls:
        for _ in range(_WARM):
            call()
    taken: list[list[tuple[float, float]]] = [[] for _ in calls]
    for _ in range(times):
        for call, found in zip(calls, taken, strict=True):
            wall, computing = time.perf_counter(), time.process_time()
            call()
            found.append((time.perf_counter() - wall, time.process_time() - computing))
    return [
        Taken(
            1000 * statistics.median(wall for wall, _computing in found),
            1000 * statistics.median(computing for _wall, computing in found),
        )
        for found in taken
    ]
