"""The chain of the audit log: `portal verify` names each row that was changed, removed, exchanged or left out."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.kernel.people import Realm
from portal.ops import audit_chain, verification
from portal.ops.audit_checks import audit_is_chained, links
from portal.people import services as people
from portal.testing import TestPortal
from portal.testing.fixtures import PortalFactory


@pytest.fixture
def portal(portals: PortalFactory) -> TestPortal:
    return portals()


def act(portal: TestPortal, *names: str) -> None:
    for name in names:
        with portal.unit() as unit:
            people.add_user(unit, Realm.EMPLOYEES, f"{name}@x.example", name)


def seal(portal: TestPortal) -> int:
    return portal.run(audit_chain.seal)


def findings(portal: TestPortal) -> list[tuple[str, str]]:
    with portal.reading() as unit:
        return [(one.subject, one.explanation) for one in audit_is_chained(unit.db)]


def at_rest(session: Session, statement: str) -> None:
    """Run a statement as an owner of the tables can: the triggers rest."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("ALTER TABLE kernel_audit DISABLE TRIGGER USER"))
        session.execute(text("ALTER TABLE kernel_audit_seal DISABLE TRIGGER USER"))
        session.execute(text(statement))
        return
    names = session.scalars(
        text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'kernel_audit%'")
    )
    for name in list(names):
        session.execute(text(f"DROP TRIGGER {name}"))
    session.execute(text(statement))


def test_a_log_that_nobody_touched_is_whole_and_sealed_once(portal: TestPortal) -> None:
    act(portal, "ada", "eve")
    assert (seal(portal), seal(portal)) == (4, 0)
    act(portal, "kim")
    portal.run(lambda unit: audit_chain.seal_job(unit, {}))
    assert findings(portal) == []
    with portal.reading() as unit:
        assert unit.db.scalar(text("SELECT count(*) FROM kernel_audit_seal")) == 6


TAMPERINGS = {
    "UPDATE kernel_audit SET actor_name = 'Mallory' WHERE id = 2": [("audit 2", "is not what was sealed")],
    "UPDATE kernel_audit SET detail = '{}' WHERE id = 3": [("audit 3", "is not what was sealed")],
    "UPDATE kernel_audit SET address = '10.0.0.1' WHERE id = 3": [("audit 3", "is not what was sealed")],
    "DELETE FROM kernel_audit WHERE id = 3": [("audit 3", "is sealed and not there any more")],
    "DELETE FROM kernel_audit_seal WHERE id = 3": [
        ("seals 3 to 3", "are missing"),
        ("audit 3", "has no seal, though later ones have been sealed"),
    ],
    "UPDATE kernel_audit_seal SET previous_hash = 'x' WHERE id = 4": [
        ("audit 4", "does not carry the hash of the row sealed before it"),
        ("audit 4", "is not what was sealed"),
    ],
}


@pytest.mark.parametrize("statement", TAMPERINGS)
def test_what_was_tampered_with_is_named(portal: TestPortal, statement: str) -> None:
    act(portal, "ada", "eve", "kim")
    portal.clock.advance(minutes=10)
    seal(portal)
    with portal.unit() as unit:
        at_rest(unit.db, statement)
    assert findings(portal) == TAMPERINGS[statement]


def test_a_row_that_was_never_sealed_is_named_once_the_job_has_passed_over_it(portal: TestPortal) -> None:
    act(portal, "ada")
    seal(portal)
    with portal.unit() as unit:
        at_rest(unit.db, "DELETE FROM kernel_audit_seal")
    assert findings(portal) == []
    portal.clock.advance(minutes=10)
    act(portal, "eve")
    with portal.unit() as unit:
        audit_chain.seal(unit, after=2)
    assert [subject for subject, _why in findings(portal)] == ["audit 1", "audit 2"]


def test_a_head_that_was_noted_tells_when_the_end_is_cut_off(portal: TestPortal) -> None:
    act(portal, "ada", "eve")
    seal(portal)
    heads = verification.heads(portal.house)
    assert list(heads) == ["AUDIT-4"]
    assert verification.lost(portal.house, list(heads.items())) == []
    with portal.unit() as unit:
        at_rest(unit.db, "DELETE FROM kernel_audit_seal WHERE id = 4")
        unit.db.execute(text("DELETE FROM kernel_audit WHERE id = 4"))
    assert findings(portal) == []
    assert [one.subject for one in verification.lost(portal.house, list(heads.items()))] == ["AUDIT-4"]


def test_only_well_formed_names_of_links_are_asked_for(portal: TestPortal) -> None:
    with portal.reading() as unit:
        assert links(unit.db, {"AUDIT-x", "AUDIT-", "SALES-1", f"AUDIT-{'9' * 30}"}) == {}
