"""The worker: at least once, effects exactly once, growing delays, no row lost or run twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from portal.kernel.composition import Job
from portal.kernel.db import Contention
from portal.kernel.jobs import DONE, FAILED, RUNNING, WAITING, JobRow
from portal.kernel.operations import Operation
from portal.kernel.unit import Unit
from portal.ops import jobs, worker
from portal.ops.loop import Loop
from portal.ops.schedule import schedule
from portal.testing import TestPortal

KIND = "test.work"


def leave_a_mark(unit: Unit, payload: Mapping[str, Any]) -> None:
    """An effect in the database that a test can count."""
    unit.db.execute(
        insert(Operation).values(
            principal="test", key=str(payload["n"]), body="", location="", created_at=unit.now()
        )
    )


def marks(portal: TestPortal) -> int:
    with portal.reading() as unit:
        return unit.db.scalar(select(func.count()).select_from(Operation)) or 0


def enqueue(portal: TestPortal, n: int = 0, **more: Any) -> int:
    with portal.unit() as unit:
        unit.enqueue(KIND, {"n": n}, **more)
        return unit.db.scalars(select(func.max(JobRow.id))).one()


def row(portal: TestPortal, number: int) -> JobRow:
    with portal.reading() as unit:
        return unit.db.scalars(select(JobRow).where(JobRow.id == number)).one()


@pytest.fixture
def portal(portals: Callable[..., TestPortal]) -> TestPortal:
    return portals(jobs__attempts="3", jobs__retry_delay="10")


def handle(portal: TestPortal, handler: Callable[[Unit, Mapping[str, Any]], None], **more: Any) -> None:
    portal.house.jobs[KIND] = Job(KIND, "ops", handler, **more)


def test_a_job_is_done_with_its_effects(portal: TestPortal) -> None:
    handle(portal, leave_a_mark)
    number = enqueue(portal)
    assert portal.work() == 1
    done = row(portal, number)
    assert (done.state, done.attempts, done.worker, done.finished_at) == (DONE, 1, None, portal.clock())
    assert marks(portal) == 1
    assert portal.work() == 0


def test_patient_jobs_let_all_others_go_first(portal: TestPortal) -> None:
    order: list[str] = []
    for kind, patient in (("ops.patient", True), ("ops.urgent", False)):
        portal.house.jobs[kind] = Job(
            kind, "ops", lambda _unit, payload: order.append(str(payload["n"])), patient=patient
        )
    with portal.unit() as unit:
        unit.enqueue("ops.patient", {"n": "patient"})
    portal.clock.advance(minutes=5)
    with portal.unit() as unit:
        unit.enqueue("ops.urgent", {"n": "urgent"})
    assert portal.work() == 2
    assert order == ["urgent", "patient"]


def test_a_job_of_an_aborted_command_does_not_exist(portal: TestPortal) -> None:
    handle(portal, leave_a_mark)
    with pytest.raises(ZeroDivisionError), portal.unit() as unit:  # noqa: PT012 - what is aborted
        unit.enqueue(KIND, {"n": 0})
        raise ZeroDivisionError
    assert portal.work() == 0


def test_a_failing_job_leaves_nothing_and_is_tried_later_each_time_twice_as_late(portal: TestPortal) -> None:
    def fail(unit: Unit, payload: Mapping[str, Any]) -> None:
        leave_a_mark(unit, payload)
        raise RuntimeError("no luck\nand more that nobody needs")

    handle(portal, fail)
    number = enqueue(portal)
    for attempt, delay in ((1, 10), (2, 20)):
        assert portal.work() == 1
        waiting = row(portal, number)
        assert (waiting.state, waiting.attempts, waiting.error) == (WAITING, attempt, "RuntimeError: no luck")
        assert waiting.run_after == portal.clock() + timedelta(seconds=delay)
        portal.clock.advance(seconds=delay - 1)
        assert portal.work() == 0
        portal.clock.advance(seconds=1)
    assert portal.work() == 1
    assert (row(portal, number).state, row(portal, number).attempts) == (FAILED, 3)
    portal.clock.advance(days=1)
    assert portal.work() == 0
    assert marks(portal) == 0

    handle(portal, leave_a_mark)
    with portal.unit() as unit:
        jobs.retry(unit, number)
    assert portal.work() == 1
    assert row(portal, number).state == DONE
    assert marks(portal) == 1


def test_contention_is_not_a_failure(portal: TestPortal) -> None:
    met: list[int] = []

    def meet(unit: Unit, payload: Mapping[str, Any]) -> None:
        leave_a_mark(unit, payload)
        met.append(1)
        if len(met) < 3:
            raise Contention("met somebody")

    handle(portal, meet)
    number = enqueue(portal)
    assert portal.work() == 1
    assert (row(portal, number).state, row(portal, number).attempts, len(met)) == (DONE, 1, 3)
    assert marks(portal) == 1


def test_a_row_of_a_dead_worker_is_taken_again(portal: TestPortal) -> None:
    handle(portal, leave_a_mark)
    number = enqueue(portal)
    with portal.unit() as unit:
        values = {"state": RUNNING, "attempts": 1, "worker": "gone:1:00", "heartbeat_at": unit.now()}
        unit.db.execute(update(JobRow).values(**values))
    portal.clock.advance(seconds=59)
    assert portal.work() == 0
    portal.clock.advance(seconds=2)
    assert portal.work() == 1
    assert (row(portal, number).state, row(portal, number).attempts) == (DONE, 2)


def test_a_row_whose_worker_died_at_the_last_attempt_has_failed(portal: TestPortal) -> None:
    handle(portal, leave_a_mark)
    number = enqueue(portal)
    with portal.unit() as unit:
        values = {"state": RUNNING, "attempts": 3, "worker": "gone:1:00", "heartbeat_at": unit.now()}
        unit.db.execute(update(JobRow).values(**values))
    portal.clock.advance(minutes=5)
    assert portal.work() == 0
    assert row(portal, number).state == FAILED
    assert "stopped" in (row(portal, number).error or "")
    assert marks(portal) == 0


def test_the_effects_of_a_job_that_was_taken_over_are_rolled_back(portal: TestPortal) -> None:
    def taken_over(unit: Unit, payload: Mapping[str, Any]) -> None:
        leave_a_mark(unit, payload)
        unit.db.execute(update(JobRow).values(worker="another:1:00"))

    handle(portal, taken_over)
    enqueue(portal)
    assert worker.run_one(portal.house)
    assert marks(portal) == 0


def test_a_job_of_an_absent_module_waits(portal: TestPortal) -> None:
    handle(portal, leave_a_mark)
    number = enqueue(portal)
    del portal.house.jobs[KIND]
    assert portal.work() == 0
    assert row(portal, number).state == WAITING
    handle(portal, leave_a_mark)
    assert portal.work() == 1


def test_a_kind_that_nobody_handles_cannot_be_enqueued(portal: TestPortal) -> None:
    with pytest.raises(LookupError, match=r"test\.nobody"), portal.unit() as unit:
        unit.enqueue("test.nobody", {})


def test_two_workers_run_each_job_once(portal: TestPortal) -> None:
    handle(portal, leave_a_mark)
    with portal.unit() as unit:
        for n in range(40):
            unit.enqueue(KIND, {"n": n})
    ran: list[int] = []
    threads = [threading.Thread(target=lambda: ran.append(portal.work())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The unique key of the mark makes a second run of the same job fail; SKIP LOCKED may end a worker early.
    ran.append(portal.work())
    assert sum(ran) == 40
    assert marks(portal) == 40
    with portal.reading() as unit:
        assert set(unit.db.scalars(select(JobRow.attempts))) == {1}


def test_periodic_jobs_have_one_open_row(portal: TestPortal) -> None:
    handle(portal, leave_nothing, every=timedelta(hours=1))
    assert KIND in schedule(portal.house)
    assert schedule(portal.house) == []
    portal.work()
    assert KIND in schedule(portal.house)
    with portal.reading() as unit:
        open_rows = unit.db.scalars(select(JobRow).where(JobRow.kind == KIND, JobRow.state == WAITING)).all()
    assert [one.run_after for one in open_rows] == [portal.clock() + timedelta(hours=1)]
    portal.clock.advance(hours=5)
    portal.work()
    schedule(portal.house)
    with portal.reading() as unit:
        newest = unit.db.scalars(select(JobRow).where(JobRow.kind == KIND, JobRow.state == WAITING)).one()
    assert newest.run_after == portal.clock()


def leave_nothing(unit: Unit, payload: Mapping[str, Any]) -> None:
    """A handler without effects."""


def test_the_loop_is_woken_by_a_commit(portals: Callable[..., TestPortal]) -> None:
    portal = portals(jobs__poll="3600")
    ran = threading.Event()
    handle(portal, lambda unit, payload: ran.set())
    loop = Loop(portal.house)
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        with portal.unit() as unit:
            unit.enqueue(KIND, {"n": 1})
        assert ran.wait(20)
        ran.clear()
        with portal.unit() as unit:
            unit.enqueue(KIND, {"n": 2})
        assert ran.wait(20)
    finally:
        loop.stop()
        thread.join(20)
    assert not thread.is_alive()


def test_stopping_finishes_the_job_at_hand(portal: TestPortal) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(unit: Unit, payload: Mapping[str, Any]) -> None:
        begun.set()
        assert go_on.wait(20)
        leave_a_mark(unit, payload)

    handle(portal, slow)
    first, second = enqueue(portal, 1), enqueue(portal, 2)
    loop = Loop(portal.house)
    thread = threading.Thread(target=loop.run)
    thread.start()
    assert begun.wait(20)
    loop.stop()
    go_on.set()
    thread.join(20)
    assert not thread.is_alive()
    assert (row(portal, first).state, row(portal, second).state) == (DONE, WAITING)
    assert marks(portal) == 1


def test_the_embedded_worker_comes_and_goes_with_the_application(portals: Callable[..., TestPortal]) -> None:
    portal = portals(jobs__worker="embedded", jobs__poll="3600")
    embedded = portal.router.registry.portal_worker
    ran = threading.Event()
    handle(portal, lambda unit, payload: ran.set())
    enqueue(portal)
    assert ran.wait(20)
    embedded.stop()
    ran.clear()
    number = enqueue(portal)
    assert not ran.is_set()
    assert row(portal, number).state == WAITING


@pytest.mark.parametrize("where", ["separate", "none"])
def test_no_worker_is_embedded_unless_the_ini_asks_for_it(
    portals: Callable[..., TestPortal], where: str
) -> None:
    portal = portals(jobs__worker=where)
    assert not hasattr(portal.router.registry, "portal_worker")
