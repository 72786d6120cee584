"""The tables of operations: mail on its way out, issued documents, and whether the demo was made."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.db import Base, Id, PublicId
from portal.kernel.walls import BY_DEPARTMENT, STAFF, Wall, of_customer

QUEUED, SENT, FAILED = "queued", "sent", "failed"


class Mail(Base):
    """One mail: queued → sent, or failed until somebody retries it.

    `recipient` is the To header: one address or several, with names. `error` beside a sent mail names recipients that
    were refused. `message_id` is the mail's Message-ID, the same in every attempt. `attachments` is a JSON list of objects with
    `document` (a public id of `ops_document`) and `name` (of the file). `about` says what the mail is about. Of a
    `secret` mail `text` and `html` are emptied once it is sent: they let their reader in.
    """

    __tablename__ = "ops_mail"
    __wall__ = Wall(insert=True)
    __table_args__ = (Index("ix_ops_mail_state", "state", "id"), {"info": {"audit": False}})

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    message_id: Mapped[str] = mapped_column(String(255), unique=True)
    recipient: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(String(500))
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str | None] = mapped_column(Text)
    secret: Mapped[bool] = mapped_column(default=False)
    language: Mapped[str] = mapped_column(String(10))
    about: Mapped[str | None] = mapped_column(String(200))
    attachments: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default=QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class Document(Base):
    """A document as it was issued: its facts, frozen, and once rendered its bytes.

    Triggers on both databases keep the facts unchangeable, let the bytes be set once, and forbid deletion.
    `payload` is the JSON of what is printed (see portal.ops.payload), `sha256` the digest of `content`, a PDF.
    `department_id` refers softly to the customer's department whose it is; it may change with what it is about.
    """

    __tablename__ = "ops_document"
    __wall__ = of_customer(departments=BY_DEPARTMENT)
    __table_args__ = (
        Index("ix_ops_document_about", "about_kind", "about_public_id"),
        Index("ix_ops_document_customer_id", "customer_id"),
        {"info": {"audit": False}},
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    kind: Mapped[str] = mapped_column(String(40))
    about_kind: Mapped[str] = mapped_column(String(80))
    about_public_id: Mapped[str] = mapped_column(String(26))
    number: Mapped[str | None] = mapped_column(String(60))
    customer_id: Mapped[int | None]
    department_id: Mapped[int | None]
    language: Mapped[str] = mapped_column(String(10))
    payload: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str | None] = mapped_column(String(64))
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    created_at: Mapped[datetime]
    rendered_at: Mapped[datetime | None]


class DemoRun(Base):
    """A making of the demo; without `finished_at` it goes on, or was stopped halfway."""

    __tablename__ = "ops_demo"
    __wall__ = STAFF

    id: Mapped[Id]
    begun_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
