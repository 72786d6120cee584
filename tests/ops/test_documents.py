"""Issued documents: the same bytes for ever, whatever happens to settings, rows or the renderer's inputs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from portal.kernel.jobs import JobRow
from portal.kernel.money import Money
from portal.kernel.people import Scope
from portal.kernel.unit import Unit
from portal.ops import documents
from portal.ops.models import Document
from portal.ops.payload import Printable, dump, load
from portal.ops.pdf import (
    AgeingBucket,
    Party,
    PrintDocument,
    PrintLine,
    PrintTax,
    Seller,
    Statement,
    StatementRow,
    render,
)
from portal.ops.verification import verify
from portal.testing import TestPortal

ABOUT = ("invoice", "1" * 26)


def invoice(unit: Unit) -> PrintDocument:
    line = PrintLine(
        1,
        "A-1",
        "Chai",
        "spiced\ntea",
        Decimal("2.500000"),
        "kg",
        Decimal("9.123456"),
        Decimal(5),
        2167,
        "19%",
    )
    return PrintDocument(
        kind="invoice",
        number="INV 2026/1",
        issue_date=date(2026, 11, 2),
        language="de",
        currency="USD",
        seller=replace(Seller.of(unit.company), logo=b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        buyer=Party("Kunde AG", ("Weg 1", "10115 Berlin"), "", "DE"),
        delivery=Party("Lager", ("Tor 2",)),
        lines=(line,),
        net_minor=2167,
        tax_minor=412,
        gross_minor=2579,
        taxes=(PrintTax("19%", Decimal(19), 2167, 412),),
        base_tax=Money(380, "EUR"),
        exemptions=("Art. 138",),
        due_date=date(2026, 12, 2),
    )


def statement(unit: Unit) -> Statement:
    return Statement(
        issue_date=date(2026, 11, 2),
        language="en",
        currency="EUR",
        seller=Seller.of(unit.company),
        customer=Party("Customer Ltd", ("Road 1",), "", "GB"),
        account_number="C-1",
        start=date(2026, 1, 1),
        end=date(2026, 10, 31),
        opening_minor=0,
        rows=(StatementRow(date(2026, 2, 1), "invoice", "INV-1", "", 100, 0, 100),),
        closing_minor=100,
        ageing=(AgeingBucket(None, None, 0), AgeingBucket(1, 30, 100)),
    )


@pytest.fixture
def portal(portals: Callable[..., TestPortal]) -> TestPortal:
    return portals()


def issue(
    portal: TestPortal, make: Callable[[Unit], Printable] = invoice, customer_id: int | None = 7
) -> str:
    with portal.unit() as unit:
        return documents.issue(unit, make(unit), *ABOUT, customer_id)


def row(portal: TestPortal) -> Document:
    with portal.reading() as unit:
        found = unit.db.scalars(select(Document)).one()
        assert found.content is None or found.content
        return found


@pytest.mark.parametrize("make", [invoice, statement])
def test_facts_survive_as_text(portal: TestPortal, make: Callable[[Unit], Printable]) -> None:
    with portal.reading() as unit:
        document = make(unit)
    assert load(dump(document)) == document
    assert dump(load(dump(document))) == dump(document)


@pytest.mark.parametrize("make", [invoice, statement])
def test_rendered_once_and_the_same_before_and_after(
    portal: TestPortal, make: Callable[[Unit], Printable]
) -> None:
    public_id = issue(portal, make)
    with portal.reading() as unit:
        before = documents.content(unit.db, public_id)
        assert before == render(make(unit))
    assert row(portal).content is None
    assert portal.work() == 1
    stored = row(portal)
    assert stored.content == before
    assert stored.sha256 == hashlib.sha256(before).hexdigest()
    assert stored.rendered_at == portal.clock()
    portal.clock.advance(days=1)
    with portal.unit() as unit:
        documents.render_job(unit, {"document": public_id})
        unit.db.commit()
    assert row(portal).rendered_at == stored.rendered_at


def test_a_document_does_not_follow_the_settings(
    portals: Callable[..., TestPortal], portal: TestPortal
) -> None:
    public_id = issue(portal)
    portal.work()
    with portal.reading() as unit:
        before = documents.content(unit.db, public_id)
    renamed = TestPortal({**portal.raw, "portal.company.name": "Another Company Ltd"})
    with renamed.reading() as unit:
        assert documents.content(unit.db, public_id) == before
        assert render(invoice(unit)) != before
    renamed.close()


@pytest.mark.parametrize("rendered", [False, True])
@pytest.mark.parametrize(
    "change", [{"payload": "{}"}, {"number": "X"}, {"customer_id": 8}, {"about_kind": "x"}]
)
def test_the_facts_are_unchangeable(portal: TestPortal, change: dict[str, object], rendered: bool) -> None:
    issue(portal)
    if rendered:
        portal.work()
    before = row(portal)
    with pytest.raises(DBAPIError, match="cannot be changed"), portal.unit() as unit:
        unit.db.execute(update(Document).values(**change))
    after = row(portal)
    assert (after.payload, after.number, after.customer_id, after.about_kind) == (
        before.payload, before.number, before.customer_id, before.about_kind,
    )  # fmt: skip


@pytest.mark.parametrize("change", [{"content": b"other"}, {"content": None}, {"sha256": "0" * 64}])
def test_the_bytes_are_set_once(portal: TestPortal, change: dict[str, object]) -> None:
    issue(portal)
    portal.work()
    before = row(portal)
    with pytest.raises(DBAPIError, match="cannot be changed"), portal.unit() as unit:
        unit.db.execute(update(Document).values(**change))
    assert (row(portal).content, row(portal).sha256) == (before.content, before.sha256)


def test_a_document_cannot_be_deleted(portal: TestPortal) -> None:
    issue(portal)
    with pytest.raises(DBAPIError, match="cannot be changed or deleted"), portal.unit() as unit:
        unit.db.execute(delete(Document))
    assert row(portal).number == "INV 2026/1"


def test_what_was_issued_about_something(portal: TestPortal) -> None:
    first, second = issue(portal), issue(portal, statement, None)
    with portal.reading() as unit:
        found = documents.of(unit.db, *ABOUT)
        assert [(one.public_id, one.kind, one.number) for one in found] == [
            (first, "invoice", "INV 2026/1"),
            (second, "statement", None),
        ]
        assert [one.file_name for one in found] == ["invoice-INV-2026-1.pdf", "statement-2026-11-02.pdf"]
        assert documents.of(unit.db, "invoice", "2" * 26) == []
        assert documents.find(unit.db, first, Scope.whole(7)) == found[0]
        assert documents.find(unit.db, first, Scope.whole(8)) is None
        assert documents.find(unit.db, second, Scope.whole(7)) is None
        with pytest.raises(LookupError):
            documents.content(unit.db, "2" * 26)


def test_the_answer_is_a_download(portal: TestPortal) -> None:
    issue(portal)
    with portal.reading() as unit:
        (found,) = documents.of(unit.db, *ABOUT)
        answer = documents.response(unit.db, found)
        assert answer.body == documents.content(unit.db, found.public_id)
    assert answer.content_type == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="invoice-INV-2026-1.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_drafts_are_marked_and_never_issued(portal: TestPortal) -> None:
    with portal.reading() as unit:
        document = invoice(unit)
    assert documents.draft(document) == render(replace(document, draft=True)) != render(document)
    with pytest.raises(ValueError, match="draft"), portal.unit() as unit:
        documents.issue(unit, replace(document, draft=True), *ABOUT)
    with portal.reading() as unit:
        assert unit.db.scalars(select(Document)).all() == []
        assert unit.db.scalars(select(JobRow)).all() == []


def test_verify_names_a_document_whose_bytes_are_others(portal: TestPortal) -> None:
    public_id = issue(portal)
    portal.work()
    assert findings(portal) == []
    with portal.unit() as unit:
        if portal.backend == "sqlite":
            unit.db.connection().exec_driver_sql("DROP TRIGGER ops_document_frozen")
        else:
            unit.db.connection().exec_driver_sql("ALTER TABLE ops_document DISABLE TRIGGER USER")
        unit.db.execute(update(Document).values(content=b"tampered"))
    assert findings(portal) == [f"document {public_id}"]


def findings(portal: TestPortal) -> list[str]:
    results = {result.check.name: result for result in verify(portal.house)}
    return [finding.subject for finding in results["ops.documents"].findings]
