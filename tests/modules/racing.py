"""Two people at one moment, on PostgreSQL: one waits for the lock of the other, who then commits."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import TypeVar

from sqlalchemy import text

from portal.kernel.unit import Unit
from portal.testing.portal import TestPortal

R = TypeVar("R")
_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def behind(portal: TestPortal, first: Callable[[Unit], object], second: Callable[[], R]) -> R:
    """What `second` comes to, begun after `first` has acted and before its transaction has been committed.

    `second` must have to wait for a lock of `first`; AssertionError when it does not within some seconds.
    """
    with ThreadPoolExecutor(1) as pool:
        with portal.unit() as unit:
            first(unit)
            unit.db.flush()
            coming = pool.submit(second)
            _until_somebody_waits(portal)
        return coming.result()


def _until_somebody_waits(portal: TestPortal) -> None:
    deadline = monotonic() + 2.5
    while monotonic() < deadline:
        with portal.reading() as unit:
            if unit.db.scalar(_WAITING):
                return
    raise AssertionError("nobody waits for a lock")
