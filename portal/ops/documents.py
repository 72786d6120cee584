"""Issued documents: the facts are frozen when a document is issued, rendered once, and served from there ever after."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pyramid.response import Response
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from portal.kernel.db import new_public_id
from portal.kernel.people import Scope
from portal.kernel.scoping import within
from portal.kernel.unit import Unit
from portal.ops.models import Document
from portal.ops.payload import Printable, dump, load
from portal.ops.pdf import PrintDocument, render

RENDER = "ops.render"


@dataclass(frozen=True, slots=True)
class Issued:
    """An issued document as others list it."""

    public_id: str
    kind: str
    number: str | None
    language: str
    created_at: datetime
    file_name: str


def issue(
    unit: Unit,
    document: Printable,
    about_kind: str,
    about_public_id: str,
    customer_id: int | None = None,
    department_id: int | None = None,
) -> str:
    """Freeze a document's facts and have it rendered; returns the document's public id.

    `about_kind` and `about_public_id` say what it is a document of; `customer_id` and `department_id` whose it is, for
    those who serve it to customers. Raises ValueError for a draft, which is never issued.
    """
    if isinstance(document, PrintDocument) and document.draft:
        raise ValueError("a draft is printed, never issued")
    public_id = new_public_id()
    unit.db.execute(
        insert(Document.__table__),  # type: ignore[arg-type]
        {
            "public_id": public_id,
            "kind": _kind(document),
            "about_kind": about_kind,
            "about_public_id": about_public_id,
            "number": _number(document),
            "customer_id": customer_id,
            "department_id": department_id,
            "language": document.language,
            "payload": dump(document),
            "created_at": unit.now(),
        },
    )
    unit.enqueue(RENDER, {"document": public_id})
    return public_id


def move(unit: Unit, about_kind: str, about_public_id: str, department_id: int | None) -> None:
    """Give what was issued about something to another department of its customer, None for the whole account."""
    unit.db.execute(
        update(Document)
        .where(Document.about_kind == about_kind, Document.about_public_id == about_public_id)
        .values(department_id=department_id)
        .execution_options(synchronize_session=False)
    )


def draft(document: PrintDocument) -> bytes:
    """The document as a PDF with a watermark; nothing is stored."""
    return render(replace(document, draft=True))


def content(session: Session, public_id: str) -> bytes:
    """The bytes of an issued document. Raises LookupError when there is none of that id.

    Before the rendering job has run they are rendered from the frozen facts, which gives the same bytes, and nothing
    is written.
    """
    row = session.execute(
        select(Document.content, Document.payload).where(Document.public_id == public_id)
    ).one_or_none()
    if row is None:
        raise LookupError(f"no document {public_id}")
    return row.content if row.content is not None else render(load(row.payload))


def of(session: Session, about_kind: str, about_public_id: str) -> Sequence[Issued]:
    """What was issued about something, oldest first."""
    rows = session.execute(
        _listed().where(Document.about_kind == about_kind, Document.about_public_id == about_public_id)
    )
    return [_issued(row) for row in rows]


def find(session: Session, public_id: str, scope: Scope | None = None) -> Issued | None:
    """The document of that id, or None; with a `scope` only if it may be seen there."""
    statement = _listed().where(Document.public_id == public_id)
    if scope is not None:
        statement = statement.where(within(scope, Document))
    row = session.execute(statement).one_or_none()
    return None if row is None else _issued(row)


def response(session: Session, issued: Issued) -> Response:
    """The answer that downloads a document. Who may have it was decided by whoever found it."""
    return pdf_response(content(session, issued.public_id), issued.file_name)


def pdf_response(body: bytes, file_name: str) -> Response:
    """The answer that saves these bytes as a file: never shown inside the portal's own pages."""
    answer = Response(body=body, content_type="application/pdf")
    answer.content_disposition = f'attachment; filename="{safe_name(file_name)}"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def safe_name(name: str) -> str:
    """A file name of letters, digits, dots and dashes."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "document"


def render_job(unit: Unit, payload: Mapping[str, Any]) -> None:
    """Render a document once and keep the bytes with their digest."""
    public_id = payload["document"]
    lacking = select(Document.payload).where(Document.public_id == public_id, Document.content.is_(None))
    facts = unit.db.scalar(lacking)
    unit.db.rollback()  # rendering takes a while, and needs nothing of the database
    if facts is None:
        return
    body = render(load(facts))
    unit.db.execute(
        update(Document)
        .where(Document.public_id == public_id, Document.content.is_(None))
        .values(content=body, sha256=hashlib.sha256(body).hexdigest(), rendered_at=unit.now())
        .execution_options(synchronize_session=False)
    )


def _kind(document: Printable) -> str:
    return document.kind if isinstance(document, PrintDocument) else "statement"


def _number(document: Printable) -> str | None:
    return document.number if isinstance(document, PrintDocument) else None


def _listed() -> Any:
    columns = (Document.public_id, Document.kind, Document.number, Document.language, Document.created_at)
    return select(*columns).order_by(Document.id)


def _issued(row: Any) -> Issued:
    name = f"{row.kind.replace('_', '-')}-{row.number or row.created_at.date().isoformat()}.pdf"
    return Issued(*row, file_name=safe_name(name))
