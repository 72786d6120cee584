"""Health and the request log, over HTTP."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from io import StringIO
from typing import Any

import pytest
from sqlalchemy import text

from portal.kernel.composition import Job
from portal.kernel.unit import Unit
from portal.ops.log import JsonFormatter, ReadableFormatter
from portal.testing import TestPortal


@pytest.fixture
def portal(portals: Callable[..., TestPortal]) -> TestPortal:
    return portals(jobs__late_after="60")


def nothing(unit: Unit, payload: Mapping[str, Any]) -> None:
    """A handler without effects."""


def test_healthy(portal: TestPortal) -> None:
    browser = portal.browser()
    assert browser.get("/healthz").json == {"status": "ok"}
    assert browser.get("/readyz").json == {"status": "ready"}
    assert "Set-Cookie" not in browser.get("/readyz").headers


def test_late_jobs_are_told_and_the_web_server_stays_ready(portal: TestPortal) -> None:
    portal.house.jobs["test.late"] = Job("test.late", "ops", nothing)
    with portal.unit() as unit:
        unit.enqueue("test.late", {})
    browser = portal.browser()
    portal.clock.advance(seconds=60)
    assert browser.get("/jobsz").json == {"status": "in time"}
    portal.clock.advance(seconds=1)
    answer = browser.get("/jobsz", status=503)
    assert answer.json == {"status": "late", "reason": "a background job has been due for 61 seconds"}
    assert browser.get("/readyz").json == {"status": "ready"}
    portal.work()
    assert browser.get("/jobsz").json == {"status": "in time"}


def test_a_patient_job_and_one_of_a_module_that_is_off_are_never_late(portal: TestPortal) -> None:
    portal.house.jobs["test.patient"] = Job("test.patient", "ops", nothing, patient=True)
    portal.house.jobs["test.off"] = Job("test.off", "ops", nothing)
    with portal.unit() as unit:
        unit.enqueue("test.patient", {})
        unit.enqueue("test.off", {})
    portal.clock.advance(days=600)
    browser = portal.browser()
    assert browser.get("/jobsz", status=503).json["status"] == "late"
    del portal.house.jobs["test.off"]
    assert browser.get("/jobsz").json == {"status": "in time"}


def test_pending_migrations_are_not_ready(portal: TestPortal) -> None:
    with portal.unit() as unit:
        unit.db.execute(text("DELETE FROM ops_alembic_version"))
    answer = portal.browser().get("/readyz", status=503)
    assert answer.json["reason"] == "migrations are pending for ops"


def test_a_database_without_answer_is_not_ready(portal: TestPortal) -> None:
    with portal.unit() as unit:
        unit.db.execute(text("DROP TABLE kernel_job"))
    browser = portal.browser()
    reason = "the database does not answer"
    assert browser.get("/jobsz", status=503).json == {"status": "late", "reason": reason}
    assert browser.get("/readyz").json == {"status": "ready"}
    with portal.unit() as unit:
        unit.db.execute(text("ALTER TABLE ops_alembic_version RENAME COLUMN version_num TO gone"))
    assert browser.get("/readyz", status=503).json == {"status": "not ready", "reason": reason}


def test_the_request_id_is_echoed(portal: TestPortal) -> None:
    browser = portal.browser()
    given = browser.get("/healthz", headers={"X-Request-Id": "from-the-proxy-01"})
    assert given.headers["X-Request-Id"] == "from-the-proxy-01"
    forged = browser.get("/healthz", headers={"X-Request-Id": "evil id\x7f<script>"})
    assert len(forged.headers["X-Request-Id"]) == 32


@pytest.fixture
def lines() -> Any:
    """What the request log writes, one JSON object per request."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("portal")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.removeHandler(handler)
    logger.setLevel(before)


def test_each_request_is_one_line(portal: TestPortal, lines: Any) -> None:
    browser = portal.browser()
    browser.get("/sign-in?next=%2Fsecret-of-somebody", headers={"X-Request-Id": "abcdefgh-1"})
    browser.get("/nowhere", status=404)
    browser.get("/healthz")
    first, second = (line for line in lines() if line["event"] == "request")
    assert first["request_id"] == "abcdefgh-1"
    assert (first["method"], first["path"], first["status"], first["user"]) == ("GET", "/sign-in", 200, None)
    assert (second["path"], second["status"]) == ("/nowhere", 404)
    assert {"ms", "statements", "timestamp", "level", "logger"} <= first.keys()
    assert "secret-of-somebody" not in json.dumps(lines())
    browser.get("/reset/one-time-token", expect_errors=True)
    assert lines()[-1]["path"] == "/reset/…"
    assert "one-time-token" not in json.dumps(lines())


def test_the_signed_in_person_is_named_by_number(portal: TestPortal, lines: Any) -> None:
    browser = portal.employee("clerk@company.example")
    browser.get("/")
    last = lines()[-1]
    assert isinstance(last["user"], int)
    assert last["statements"] > 0
    assert "clerk@company.example" not in json.dumps(lines())


def test_lines_of_others_carry_level_and_exception() -> None:
    for formatter in (JsonFormatter(), ReadableFormatter()):
        stream = StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter)
        logger = logging.getLogger("some.library")
        logger.addHandler(handler)
        try:
            raise ZeroDivisionError("by nothing")
        except ZeroDivisionError:
            logger.exception("it broke")
        logger.removeHandler(handler)
        assert "it broke" in stream.getvalue()
        assert "ZeroDivisionError: by nothing" in stream.getvalue()
        assert "error" in stream.getvalue()
