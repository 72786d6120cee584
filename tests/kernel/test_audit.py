"""The audit log: acts are noted by themselves, with their transaction or not at all, and nothing changes a row."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from portal.kernel.audit import AuditRow
from portal.kernel.people import Actor, Realm
from portal.kernel.unit import Unit
from portal.people import services as people
from portal.testing import TestPortal
from portal.testing.fixtures import PortalFactory
from portal.testing.portal import PASSWORD

ADA = Actor("employee", "Ada", 7)


@pytest.fixture
def portal(portals: PortalFactory) -> TestPortal:
    return portals()


def log(portal: TestPortal, *actions: str) -> list[AuditRow]:
    with portal.reading() as unit:
        statement = select(AuditRow).order_by(AuditRow.id)
        return list(unit.db.scalars(statement.where(AuditRow.action.in_(actions)) if actions else statement))


def changes(row: AuditRow) -> dict[str, Any]:
    return json.loads(row.detail).get("changes", {})


def test_events_and_rows_are_noted_with_who_when_and_what_was_before(portal: TestPortal) -> None:
    with portal.unit(ADA) as unit:
        user = people.add_user(unit, Realm.EMPLOYEES, "eve@x.example", "Eve", password=PASSWORD)
    with portal.unit(ADA) as unit:
        people.change_profile(unit, people.user_by_id(unit, user.id), "Eve Adams", "de")
    created, added, changed = log(portal)
    assert (created.action, added.action, changed.action) == ("created", "user_added", "changed")
    for row in (created, added, changed):
        assert (row.actor_kind, row.actor_name, row.actor_user_id) == ("employee", "Ada", 7)
        assert (row.module, row.subject, row.subject_id) == ("people", "people_user", user.id)
        assert row.at == portal.clock.moment
    assert changes(changed) == {"name": ["Eve", "Eve Adams"], "language": ["en", "de"]}
    assert (changed.subject_public_id, changed.subject_label) == (user.public_id, "Eve Adams")


def test_no_secret_is_in_it(portal: TestPortal) -> None:
    with portal.unit(ADA) as unit:
        user = people.add_user(unit, Realm.EMPLOYEES, "eve@x.example", "Eve", password=PASSWORD)
        people.send_reset(unit, user)
        people.set_password(unit, user, "another long pass phrase")
    whole = "\n".join(f"{row.detail} {row.search_text}" for row in log(portal))
    for secret in (PASSWORD, "another long", "argon2", "hash", "token"):
        assert secret not in whole


def test_what_is_rolled_back_is_not_in_it(portal: TestPortal) -> None:
    def fail(unit: Unit) -> None:
        people.add_user(unit, Realm.EMPLOYEES, "eve@x.example", "Eve")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        portal.run(fail, ADA)
    assert log(portal) == []


def test_what_is_rolled_back_to_a_savepoint_is_not_in_it(portal: TestPortal) -> None:
    with portal.unit(ADA) as unit:
        people.add_user(unit, Realm.EMPLOYEES, "kept@x.example", "Kept")
        savepoint = unit.db.begin_nested()
        people.add_user(unit, Realm.EMPLOYEES, "lost@x.example", "Lost")
        savepoint.rollback()
        people.add_user(unit, Realm.EMPLOYEES, "last@x.example", "Last")
    assert [row.subject_label for row in log(portal, "user_added")] == ["Kept", "Last"]


def test_all_rows_of_a_transaction_are_one_statement(portal: TestPortal) -> None:
    def add(unit: Any) -> None:
        for number in range(20):
            people.add_user(unit, Realm.EMPLOYEES, f"p{number}@x.example", f"P{number}")

    texts = portal.count(add)
    assert sum("kernel_audit" in one for one in texts) == 1
    assert len(log(portal, "user_added")) == 20


@pytest.mark.parametrize("table", ["kernel_audit", "kernel_audit_seal"])
@pytest.mark.parametrize(
    "attack", ["UPDATE {0} SET id = id", "DELETE FROM {0}", "REPLACE", "TRUNCATE {0} CASCADE"]
)
def test_rows_are_only_added(portal: TestPortal, table: str, attack: str) -> None:
    with portal.unit(ADA) as unit:
        people.add_user(unit, Realm.EMPLOYEES, "eve@x.example", "Eve")
        unit.db.flush()
        unit.db.execute(
            text(
                "INSERT INTO kernel_audit_seal (id, audit_id, previous_hash, hash, sealed_at)"
                " VALUES (1, 1, '', '', :now)"
            ),
            {"now": "2026-01-01 00:00:00.000000"},
        )
    if attack == "REPLACE":
        attack = (
            "INSERT OR REPLACE INTO {0} SELECT * FROM {0}"
            if portal.backend == "sqlite"
            else "UPDATE {0} SET id = 5"
        )
    elif attack.startswith("TRUNCATE") and portal.backend == "sqlite":
        attack = "DELETE FROM {0} WHERE 1 = 1"
    before = stored(portal, table)
    with pytest.raises(DBAPIError, match="rows are only added"), portal.unit() as unit:
        unit.db.execute(text(attack.format(table)))
    assert stored(portal, table) == before != []


def stored(portal: TestPortal, table: str) -> list[tuple[Any, ...]]:
    with portal.reading() as unit:
        return [tuple(row) for row in unit.db.execute(text(f"SELECT * FROM {table} ORDER BY id"))]
