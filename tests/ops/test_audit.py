"""What the audit log has of requests: who came, who was refused and why, what was taken out, from where."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from portal.kernel.audit import AuditRow
from portal.testing import Browser, TestPortal
from portal.testing.fixtures import PortalFactory
from portal.web import auditing

FROM = {"REMOTE_ADDR": "192.0.2.7"}


@pytest.fixture(params=["sqlite"])
def backend(request: pytest.FixtureRequest) -> str:
    """These are about requests, not about SQL."""
    return request.param


@pytest.fixture
def portal(portals: PortalFactory) -> TestPortal:
    return portals()


def rows(portal: TestPortal, *actions: str) -> list[AuditRow]:
    with portal.reading() as unit:
        statement = select(AuditRow).order_by(AuditRow.id)
        return list(unit.db.scalars(statement.where(AuditRow.action.in_(actions)) if actions else statement))


def values(row: AuditRow) -> dict[str, Any]:
    return json.loads(row.detail)["values"]


def attempt(browser: Browser, email: str, password: str) -> None:
    form = browser.get("/sign-in").forms["sign-in"]
    form["email"], form["password"] = email, password
    form.submit(extra_environ=FROM, status="*")


def test_signing_in_and_out_is_in_it_with_where_from(portal: TestPortal) -> None:
    browser = portal.employee("ada@x.example", "ops.administrator")
    next(form for form in browser.get("/").forms.values() if form.action == "/sign-out").submit(
        extra_environ=FROM
    )
    came, left = rows(portal, "signed_in", "signed_out")
    assert values(came)["method"] == "password"
    assert (came.subject, came.subject_label, came.address) == ("people_user", "ada", None)
    assert (left.actor_name, left.address, left.realm) == ("ada", "192.0.2.7", "employees")
    assert left.session_id is not None
    assert left.request_id


def test_a_failed_sign_in_is_in_it_with_the_typed_email_and_without_the_password(portal: TestPortal) -> None:
    portal.employee("ada@x.example")
    attempt(portal.browser(), " ADA@x.example", "my dog is called Rex")
    attempt(portal.browser(), "nobody@x.example", "my dog is called Rex")
    first, second = rows(portal, "sign_in_failed")
    assert [values(row)["email"] for row in (first, second)] == ["ada@x.example", "nobody@x.example"]
    assert (first.actor_kind, first.address) == ("anonymous", "192.0.2.7")
    assert all("Rex" not in row.detail for row in rows(portal))


def test_a_denial_is_in_it_with_the_rule_that_decided(portal: TestPortal) -> None:
    browser = portal.employee("ada@x.example")
    browser.get("/admin/jobs/", extra_environ=FROM, status=403)
    (row,) = rows(portal, "denied")
    found = values(row)
    assert (row.actor_name, row.module, row.address) == ("ada", "ops", "192.0.2.7")
    assert (found["path"], found["permission"], found["rule"]) == ("/admin/jobs/", "ops.administer", "acl")
    assert found["node"] == "/admin/"


def test_a_form_without_its_token_is_in_it(portal: TestPortal) -> None:
    browser = portal.employee("ada@x.example")
    browser.post("/account/", {"name": "Eve"}, status=400)
    (row,) = rows(portal, "denied")
    assert values(row)["rule"] == "csrf"


def test_a_customer_who_asks_for_what_is_not_theirs_is_in_it(portal: TestPortal) -> None:
    browser = portal.customer("cid@x.example", 1, "a" * 26, "Alpha")
    browser.get("/my/" + "b" * 26 + "/", extra_environ=FROM, status=404)
    browser.get("/nothing", status=404)
    assert [values(row)["path"] for row in rows(portal, "denied")] == ["/my/" + "b" * 26 + "/", "/nothing"]


def test_a_file_is_in_it_with_its_list_and_filters(portal: TestPortal) -> None:
    browser = portal.employee("ada@x.example", "people.administrator")
    browser.get("/admin/users/csv?realm=employees&q=ada", extra_environ=FROM)
    (row,) = rows(portal, "exported")
    assert (row.actor_name, row.address) == ("ada", "192.0.2.7")
    assert values(row) == {
        "path": "/admin/users/csv",
        "file": "users.csv",
        "kind": "text/csv",
        "filters": {"realm": "employees", "q": "ada"},
    }


def test_a_link_with_a_token_leaves_no_token(portal: TestPortal) -> None:
    browser = portal.employee("ada@x.example")
    token = "A1b2C3d4" * 5
    browser.post(f"/reset/{token}", {"password": "x"}, status="*")
    browser.get(f"/admin/{token}", status="*")
    assert all(token not in row.detail for row in rows(portal))


def test_the_log_cannot_be_flooded_from_one_address(portal: TestPortal) -> None:
    browser = portal.employee("ada@x.example")
    for _number in range(auditing.OF_ONE + 5):
        browser.get("/admin/jobs/", extra_environ=FROM, status=403)
    noted = rows(portal, "denied")
    assert len(noted) == auditing.OF_ONE
    assert "then_not_noted_until" in values(noted[-1])
    assert "then_not_noted_until" not in values(noted[-2])
    browser.get("/admin/jobs/", extra_environ={"REMOTE_ADDR": "192.0.2.8"}, status=403)
    portal.clock.advance(minutes=11)
    browser.get("/admin/jobs/", extra_environ=FROM, status=403)
    assert len(rows(portal, "denied")) == auditing.OF_ONE + 2


def test_the_networks_of_one_household_count_as_one() -> None:
    flood = auditing.Flood()
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(auditing.OF_ONE):
        assert flood.room(f"2001:db8::{number:x}", now)
    assert flood.room("2001:db8::ffff", now) == 0
    assert flood.room("2001:db9::1", now)


def test_one_network_that_floods_does_not_silence_what_others_do() -> None:
    flood = auditing.Flood()
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for _number in range(auditing.OF_ALL + 1):
        flood.room("192.0.2.7", now)
    assert flood.room("192.0.2.8", now)


def test_what_was_left_out_is_summed_up_in_one_row_of_the_house(portal: TestPortal) -> None:
    browser = portal.employee("ada@x.example")
    began = portal.clock.moment
    for number in range(auditing.OF_ONE + 5):
        portal.clock.advance(seconds=1)
        browser.get("/admin/jobs/", extra_environ=FROM, status=403)
        assert number < auditing.OF_ONE or rows(portal, "refusals_not_noted") == []
    for _number in range(2):
        portal.clock.advance(minutes=11)
        portal.browser().get("/healthz", extra_environ={"REMOTE_ADDR": "192.0.2.8"})
    (row,) = rows(portal, "refusals_not_noted")
    assert (row.actor_kind, row.address, row.request_id, row.module) == ("system", None, None, "web")
    since = began.replace(second=auditing.OF_ONE + 1)
    assert values(row) == {
        "left_out": 5,
        "since": since.isoformat(),
        "until": since.replace(second=auditing.OF_ONE + 5).isoformat(),
        "networks": {"192.0.2.7": 5},
        "others": 0,
    }


def test_the_summary_of_many_networks_is_bounded() -> None:
    flood = auditing.Flood()
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(auditing.OF_ALL):
        assert flood.room(f"2001:db8:{number:x}::1", now)
    for number in range(500):
        assert not flood.room(f"2001:db9:{number:x}::1", now)
    assert not flood.room("192.0.2.7", now)
    assert not flood.room("2001:db9::2", now)
    assert flood.overdue(now + timedelta(minutes=9)) is None
    left = flood.overdue(now + timedelta(minutes=10))
    assert left is not None
    assert flood.overdue(now + timedelta(minutes=10)) is None
    said = left.values()
    assert said["left_out"] == 502
    assert len(said["networks"]) <= 10
    assert said["networks"]["2001:db9::/64"] == 2
    assert sum(said["networks"].values()) + said["others"] == 502
    flood.put_back(left, now)
    assert not flood.room("192.0.2.7", now)
    assert flood.overdue(now) is None
    again = flood.overdue(now + timedelta(minutes=1))
    assert again is not None
    assert again.values()["left_out"] == 503


def test_a_database_that_does_not_take_the_sum_gets_it_again(portal: TestPortal) -> None:
    browser = portal.employee("ada@x.example")
    for _number in range(auditing.OF_ONE + 1):
        browser.get("/admin/jobs/", extra_environ=FROM, status=403)
    portal.clock.advance(minutes=11)
    refuse = "CREATE TRIGGER shut BEFORE INSERT ON kernel_audit BEGIN SELECT RAISE(ABORT, 'shut'); END"
    with portal.unit() as unit:
        unit.db.execute(text(refuse))
    portal.browser().get("/healthz")
    with portal.unit() as unit:
        unit.db.execute(text("DROP TRIGGER shut"))
    portal.browser().get("/healthz")
    assert rows(portal, "refusals_not_noted") == []
    portal.clock.advance(minutes=1)
    portal.browser().get("/healthz")
    (row,) = rows(portal, "refusals_not_noted")
    assert values(row)["left_out"] == 1
