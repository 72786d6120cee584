"""The worker: claims job rows, runs them, and finishes each in one commit with its effects.

A job runs at least once and its effects in the database happen exactly once. A handler that talks to the network
ends its transaction first (`unit.db.rollback()` before it has written anything), so that no lock is held meanwhile:
what it writes afterwards and the finished row are again one commit.
"""

from __future__ import annotations

import json
import logging
import os
import random
import secrets
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, CursorResult, and_, or_, select, update
from sqlalchemy.orm import Session

from portal.kernel.composition import House
from portal.kernel.db import Contention
from portal.kernel.jobs import DONE, FAILED, RUNNING, WAITING, JobRow
from portal.ops.settings import ATTEMPTS, HEARTBEAT, RETRY_DELAY

log = logging.getLogger(__name__)

R = TypeVar("R")

_LONGEST_DELAY = timedelta(hours=6)
_CONTENDED_TRIES = 8
_MISSED_HEARTBEATS = 4


@dataclass(frozen=True, slots=True)
class Claim:
    """A job row that this worker has taken; `token` tells this taking from any other."""

    id: int
    kind: str
    payload: dict[str, Any]
    attempt: int
    token: str


class ClaimLost(Exception):
    """Another worker took the row over while the job ran; its effects are rolled back."""


def run_due(house: House) -> int:
    """Run every job that is due, one after the other; returns how many were run, failed ones included."""
    count = 0
    while run_one(house):
        count += 1
    return count


def run_one(house: House) -> bool:
    """Run the job that has been due longest; False when none is."""
    claimed = _patiently(lambda: _claim(house))
    if claimed is None:
        return False
    try:
        with _heartbeat(house, claimed):
            _patiently(lambda: _run(house, claimed))
    except ClaimLost:
        log.warning("job %d (%s) was taken over by another worker", claimed.id, claimed.kind)
    except Exception as error:
        log.exception("job %d (%s) failed at attempt %d", claimed.id, claimed.kind, claimed.attempt)
        _patiently(partial(_put_back, house, claimed, error))
    return True


def retry_delay(house: House, attempt: int) -> timedelta:
    """How long to wait after that attempt (1 is the first): doubled each time, six hours at most."""
    return min(timedelta(seconds=house.settings[RETRY_DELAY]) * 2 ** min(attempt - 1, 20), _LONGEST_DELAY)


def due(house: House, now: datetime) -> ColumnElement[bool]:
    """The rows that a worker of this house may take: due, or left behind by a worker that died.

    Jobs of modules that are switched off stay waiting.
    """
    silent_since = now - _MISSED_HEARTBEATS * timedelta(seconds=house.settings[HEARTBEAT])
    return and_(
        JobRow.kind.in_(sorted(house.jobs)),
        or_(
            and_(JobRow.state == WAITING, JobRow.run_after <= now),
            and_(JobRow.state == RUNNING, JobRow.heartbeat_at < silent_since),
        ),
    )


def explain(error: Exception) -> str:
    """An error in one line; the log has the rest, which may hold values that are nobody's business."""
    first = str(error).replace("\0", "").strip().partition("\n")[0]
    return f"{type(error).__name__}: {first}"[:1000]


# --- one job -------------------------------------------------------------------------------------------------


def _claim(house: House) -> Claim | None:
    """Take a row. Those whose worker died at the last attempt are given up on the way."""
    while True:
        now = house.clock()
        with house.database.session(write=False) as reading:
            if reading.scalar(select(JobRow.id).where(due(house, now)).limit(1)) is None:
                return None
        with house.database.session(write=True) as session:
            row = _next(session, house, now)
            if row is None:
                return None
            if row.attempts < house.settings[ATTEMPTS]:
                return _take(session, row, now)
            row.state, row.finished_at = FAILED, now
            row.error = "the worker that ran it last stopped without a sign of life"
            session.commit()


def _next(session: Session, house: House, now: datetime) -> JobRow | None:
    patient = [job.kind for job in house.jobs.values() if job.patient]
    statement = (
        select(JobRow)
        .where(due(house, now))
        .order_by(JobRow.kind.in_(patient), JobRow.run_after, JobRow.id)
        .limit(1)
    )
    return session.scalar(statement.with_for_update(skip_locked=True))


def _take(session: Session, row: JobRow, now: datetime) -> Claim:
    token = f"{socket.gethostname()[:50]}:{os.getpid()}:{secrets.token_hex(4)}"
    row.state, row.worker, row.heartbeat_at = RUNNING, token, now
    row.attempts += 1
    claimed = Claim(row.id, row.kind, json.loads(row.payload), row.attempts, token)
    session.commit()
    return claimed


def _run(house: House, claimed: Claim) -> None:
    with house.database.session(write=True) as session:
        house.jobs[claimed.kind].run(house.unit(session), claimed.payload)
        session.flush()
        _settle(session, claimed, state=DONE, finished_at=house.clock(), error=None)
        session.commit()


def _put_back(house: House, claimed: Claim, error: Exception) -> None:
    now = house.clock()
    text = explain(error)
    with house.database.session(write=True) as session:
        try:
            if claimed.attempt >= house.settings[ATTEMPTS]:
                _settle(session, claimed, state=FAILED, finished_at=now, error=text)
            else:
                run_after = now + retry_delay(house, claimed.attempt)
                _settle(session, claimed, state=WAITING, run_after=run_after, error=text)
        except ClaimLost:
            log.warning("job %d (%s) was taken over by another worker", claimed.id, claimed.kind)
            return
        session.commit()


def _settle(session: Session, claimed: Claim, **values: Any) -> None:
    """Write how the job ended, if the row is still this worker's; raises ClaimLost otherwise."""
    if _update_claimed(session, claimed, worker=None, heartbeat_at=None, **values) == 0:
        raise ClaimLost


def _update_claimed(session: Session, claimed: Claim, **values: Any) -> int:
    mine = (JobRow.id == claimed.id, JobRow.state == RUNNING, JobRow.worker == claimed.token)
    result = session.execute(
        update(JobRow).where(*mine).values(**values).execution_options(synchronize_session=False)
    )
    return cast("CursorResult[Any]", result).rowcount


# --- signs of life and patience ------------------------------------------------------------------------------


@contextmanager
def _heartbeat(house: House, claimed: Claim) -> Generator[None]:
    """Write a sign of life now and then, from a thread of its own, while the job runs.

    On SQLite it waits while the job holds the write lock; so does everybody who could take the row over.
    """
    stopped = threading.Event()

    def beat() -> None:
        while not stopped.wait(house.settings[HEARTBEAT]):
            try:
                with house.database.session(write=True) as session:
                    _update_claimed(session, claimed, heartbeat_at=house.clock())
                    session.commit()
            except Exception:
                log.warning("no sign of life could be written for job %d", claimed.id, exc_info=True)

    thread = threading.Thread(target=beat, name=f"heartbeat-{claimed.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _patiently(act: Callable[[], R]) -> R:
    """`act()`, again after contention, each time a little later."""
    for attempt in range(_CONTENDED_TRIES - 1):
        try:
            return act()
        except Contention:
            time.sleep(random.uniform(0.5, 1.5) * 0.02 * 2**attempt)  # noqa: S311 - spreads the tries
    return act()
