"""/admin/audit: who may read the log, how it is narrowed, and what an act's page shows."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from portal.kernel.audit import AuditRow
from portal.kernel.people import Actor, Realm
from portal.kernel.unit import Unit
from portal.people import services as people
from portal.testing import Browser, TestPortal
from portal.testing.fixtures import PortalFactory

ADA = Actor("employee", "Ada", 7)


@pytest.fixture
def portal(portals: PortalFactory) -> TestPortal:
    return portals()


@pytest.fixture
def auditor(portal: TestPortal) -> Browser:
    return portal.employee("auditor@x.example", "ops.auditor")


def renamed(portal: TestPortal) -> int:
    """Somebody whom Ada added and renamed; returns their number."""

    def act(unit: Unit) -> int:
        user = people.add_user(unit, Realm.EMPLOYEES, "eve@x.example", "Eve <b>")
        people.change_profile(unit, user, "Eve Adams", "de")
        return user.id

    return portal.run(act, ADA)


def acts(page: object) -> list[str]:
    """The numbers of the acts that a page lists."""
    return [link.text for link in getattr(page, "html").select("#list-rows tbody a")]  # noqa: B009


def test_only_auditors_read_it_and_administrators_of_the_portal_do_not(
    portal: TestPortal, auditor: Browser
) -> None:
    administrator = portal.employee("admin@x.example", "ops.administrator", "people.administrator")
    for url in ("/admin/audit/", "/admin/audit/csv", "/admin/audit/1"):
        administrator.get(url, status=403)
        auditor.get(url, status=200)
    administrator.get("/admin/").mustcontain(no="/admin/audit")
    auditor.get("/admin/").mustcontain("/admin/audit")
    auditor.get("/admin/audit/999999", status=404)


def test_the_page_of_an_act_shows_before_and_after_and_leads_to_the_rest(
    portal: TestPortal, auditor: Browser
) -> None:
    number = renamed(portal)
    with portal.unit(ADA) as unit:
        people.change_profile(unit, people.user_by_id(unit, number), "Eve B.", "en")
    page = auditor.get("/admin/audit/?q=eve+b").click("^[0-9]+$", index=0)
    page.mustcontain("Eve Adams", "Eve B.", "people_user", no="<b>")
    rest = page.click("All acts on this")
    assert len(acts(rest)) >= 3


def test_each_filter_leaves_what_it_says(portal: TestPortal, auditor: Browser) -> None:
    number = renamed(portal)
    auditor.get("/admin/jobs/", extra_environ={"REMOTE_ADDR": "192.0.2.7"}, status=403)
    with portal.reading() as unit:
        public_id = people.user_by_id(unit, number).public_id
        rows = list(unit.db.scalars(select(AuditRow).order_by(AuditRow.id.desc())))
    expected = {
        "person=7": lambda row: row.actor_user_id == 7,
        "person=Ada": lambda row: row.actor_name == "Ada",
        "action=user_added": lambda row: row.action == "user_added",
        "module=people": lambda row: row.module == "people",
        "about=people_user": lambda row: row.subject == "people_user",
        f"about=people_user:{number}": lambda row: row.subject_id == number and row.subject == "people_user",
        f"about={public_id}": lambda row: row.subject_public_id == public_id,
        "address=192.0.2.7": lambda row: row.address == "192.0.2.7",
        "day_from=2026-11-02&day_to=2026-11-02": lambda row: True,
        "day_from=2026-11-03": lambda row: False,
        "customer=5": lambda row: False,
        "about=people_user:x": lambda row: False,
        "q=EVE+added": lambda row: "eve" in row.search_text and "added" in row.search_text,
    }
    for query, holds in expected.items():
        assert acts(auditor.get(f"/admin/audit/?{query}")) == [str(row.id) for row in rows if holds(row)], (
            query
        )


def test_the_acts_of_a_customer_are_found_by_number_and_by_public_id(
    portal: TestPortal, auditor: Browser
) -> None:
    portal.customer("cid@x.example", 5, "a" * 26, "Alpha")
    with portal.unit() as unit:
        unit.db.connection().execute(insert(AuditRow), [row(1, customer_id=5, subject_public_id="a" * 26)])
        unit.db.connection().execute(insert(AuditRow), [row(2, customer_id=6, subject_public_id="b" * 26)])
    by_number = acts(auditor.get("/admin/audit/?customer=5&action=made"))
    assert len(by_number) == 1
    assert acts(auditor.get(f"/admin/audit/?customer={'a' * 26}&action=made")) == by_number


def test_the_file_has_the_details_and_taking_it_is_an_act(portal: TestPortal, auditor: Browser) -> None:
    renamed(portal)
    file = auditor.get("/admin/audit/csv?about=people_user")
    assert "Eve Adams" in file.text
    with portal.reading() as unit:
        taken = unit.db.scalars(select(AuditRow).where(AuditRow.action == "exported")).one()
    assert json.loads(taken.detail)["values"]["filters"] == {"about": "people_user"}


def row(number: int, **more: object) -> dict[str, object]:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
    plain = {"action": "made", "module": "test", "detail": "{}", "search_text": f"ada made {number}"}
    return {"at": at, "day": at.date(), "actor_kind": "system", "actor_name": "Ada", **plain, **more}


def test_pages_go_by_key_and_cost_as_little_at_the_end_as_at_the_beginning(
    portal: TestPortal, auditor: Browser
) -> None:
    first = auditor.statements("/admin/audit/")
    with portal.unit() as unit:
        for start in range(0, 100_000, 10_000):
            rows = [
                row(number, module="test" if number % 1000 else "rare")
                for number in range(start, start + 10_000)
            ]
            unit.db.connection().execute(insert(AuditRow), rows)
    page = auditor.get("/admin/audit/?module=test")
    assert len(acts(page)) == 50
    after = page.click("Next")
    assert len(acts(after)) == 50
    assert int(acts(after)[0]) == int(acts(page)[-1]) - 1
    assert auditor.statements("/admin/audit/?module=test&sort=id") == first
    plan = explained(portal)
    assert "ix_kernel_audit_module" in plan
    assert "TEMP B-TREE" not in plan


def explained(portal: TestPortal) -> str:
    """How the database finds a page in the middle."""
    statement = "SELECT id FROM kernel_audit WHERE module = 'rare' AND id < 50000 ORDER BY id DESC LIMIT 51"
    prefix = "EXPLAIN QUERY PLAN " if portal.backend == "sqlite" else "EXPLAIN "
    with portal.unit() as unit:
        connection = unit.db.connection()
        connection.exec_driver_sql("ANALYZE")
        return "\n".join(str(tuple(line)) for line in connection.exec_driver_sql(prefix + statement))


def test_a_persons_page_leads_auditors_to_their_history(portal: TestPortal, auditor: Browser) -> None:
    number = renamed(portal)
    with portal.unit() as unit:
        public_id = people.user_by_id(unit, number).public_id
        people.grant(unit, people.user_by_id(unit, 1), "people.administrator")
    both = auditor.get(f"/admin/users/{public_id}/")
    assert acts(both.click("Audit log", index=-1)) != []
    portal.employee("admin@x.example", "people.administrator").get(f"/admin/users/{public_id}/").mustcontain(
        no="/admin/audit"
    )
