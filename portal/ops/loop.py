"""The loop of a worker: looks for jobs every few seconds, and at once when this process has enqueued one."""

from __future__ import annotations

import atexit
import logging
import threading
import time

from pyramid.events import ApplicationCreated
from sqlalchemy import event
from sqlalchemy.orm import Session

from portal.kernel.composition import House
from portal.kernel.jobs import ENQUEUED
from portal.ops.schedule import schedule
from portal.ops.settings import EMBEDDED, POLL, WORKER
from portal.ops.worker import run_one

log = logging.getLogger(__name__)

_SCHEDULE_EVERY = 60.0
_PATIENCE_AT_EXIT = 30.0


class Loop:
    """Runs jobs until it is stopped, then ends after the job at hand.

    It keeps nothing but the wake-up: all state is in the rows.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._scheduled_at = float("-inf")

    def run(self) -> None:
        """Work until `stop` is called. Whatever goes wrong is logged, and tried again at the next look."""
        event.listen(Session, "after_commit", self._after_commit)
        try:
            while not self._stopping.is_set():
                self._bell.clear()
                self._look()
                self._bell.wait(self._house.settings[POLL])
        finally:
            event.remove(Session, "after_commit", self._after_commit)

    def stop(self) -> None:
        """End after the job at hand; safe to call from a signal handler."""
        self._stopping.set()
        self._bell.set()

    def _look(self) -> None:
        try:
            if time.monotonic() - self._scheduled_at >= _SCHEDULE_EVERY:
                schedule(self._house)
                self._scheduled_at = time.monotonic()
            while not self._stopping.is_set() and run_one(self._house):
                pass
        except Exception:
            log.exception("the worker could not look for jobs")

    def _after_commit(self, session: Session) -> None:
        if session.bind is self._house.database.engine and session.info.pop(ENQUEUED, False):
            self._bell.set()


class EmbeddedWorker:
    """The loop in a daemon thread of the web process."""

    def __init__(self, house: House) -> None:
        self._loop = Loop(house)
        self._thread = threading.Thread(target=self._loop.run, name="portal-worker", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()
        atexit.register(self.stop)

    def stop(self) -> None:
        """Let the job at hand finish; gives up waiting after half a minute, and the row is run again later."""
        atexit.unregister(self.stop)
        self._loop.stop()
        self._thread.join(_PATIENCE_AT_EXIT)


def start_embedded(created: ApplicationCreated) -> None:
    """Start the embedded worker with the application, where the ini asks for one."""
    registry = created.app.registry
    house: House = registry.house
    if house.settings[WORKER] == EMBEDDED:
        registry.portal_worker = EmbeddedWorker(house)
        registry.portal_worker.start()
