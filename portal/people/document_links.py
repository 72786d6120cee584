"""Document links: one quotation or invoice opened without an account, until the link ends or is revoked.

A link goes by mail as `/d/<token>`; only the token's SHA-256 is known. Looking at that page spends and shows nothing, for
mail scanners do that; its button sets a short-lived cookie for the one document, which then stands at an address without
the token. Whoever opened it is asked for on every request: the row decides, the cookie only says which.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, Select, String, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel import BASE_URL, SECRET
from portal.kernel.db import PUBLIC_ID_LENGTH, Base, Id, PublicId
from portal.kernel.errors import Invalid
from portal.kernel.i18n import _
from portal.kernel.mail import EMAIL_LENGTH, Address, is_email
from portal.kernel.unit import Unit
from portal.kernel.walls import STAFF
from portal.people.events import DocumentLinkCreated, DocumentLinkOpened, DocumentLinkRevoked
from portal.people.services.sessions import digest
from portal.people.settings import DOCUMENT_LINK_DAYS, DOCUMENT_LINKS

SEGMENT = "d"
_LONGEST_RECIPIENT = EMAIL_LENGTH


class DocumentLink(Base):
    """A link to one document of a customer; `document` is its public id, `sent_to` whose act an acceptance then is."""

    __tablename__ = "people_document_link"
    __wall__ = STAFF
    __table_args__ = (
        Index("ix_people_document_link_document", "kind", "document"),
        Index("ix_people_document_link_customer_id", "customer_id"),
        Index("ix_people_document_link_created_by_id", "created_by_id"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(60))
    document: Mapped[str] = mapped_column(String(PUBLIC_ID_LENGTH))
    customer_id: Mapped[int]
    customer_name: Mapped[str] = mapped_column(String(300))
    language: Mapped[str] = mapped_column(String(10))
    sent_to: Mapped[str] = mapped_column(String(_LONGEST_RECIPIENT))
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(200))
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("people_user.id"))
    expires_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Linked:
    """The document that a link opens: its kind as it is referred to, its public id, whose it is, and in what language."""

    kind: str
    document: str
    customer_id: int
    customer_name: str
    language: str


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """A link as the document's page lists it; `state` is active, expired or revoked."""

    public_id: str
    sent_to: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    opened_at: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A link that was just opened: how pages name it, and which document it is."""

    public_id: str
    kind: str
    document: str


def create(unit: Unit, linked: Linked, sent_to: str, days: int, operation: str) -> str:
    """Make a link for somebody and return its address, which is stored nowhere.

    It is derived from the one-time `operation` of the form: sent twice, the form makes one link. Raises Invalid for fields
    (sent_to, days).
    """
    sent_to = sent_to.strip()
    longest = unit.setting(DOCUMENT_LINK_DAYS)
    if not is_email(sent_to):
        raise Invalid({"sent_to": _("Enter an e-mail address such as name@example.com.")})
    if not 1 <= days <= longest:
        raise Invalid({"days": _("Between 1 and ${longest} days.", mapping={"longest": longest})})
    key = unit.setting(SECRET).encode()
    made = hmac.new(key, f"document-link:{linked.document}:{operation}".encode(), hashlib.sha256).digest()
    token = base64.urlsafe_b64encode(made).decode().rstrip("=")
    if unit.db.scalar(select(DocumentLink.id).where(DocumentLink.hash == digest(token))) is None:
        _store(unit, linked, sent_to, days, token)
    return _address(unit, token)


def for_mail(unit: Unit, linked: Linked, to: Sequence[Address]) -> str:
    """The address of a new link for the mail that sends a document; empty where the ini wants none."""
    if not unit.setting(DOCUMENT_LINKS):
        return ""
    token = secrets.token_urlsafe(32)
    sent_to = ", ".join(one.email for one in to)
    _store(unit, linked, sent_to[:_LONGEST_RECIPIENT], unit.setting(DOCUMENT_LINK_DAYS), token)
    return _address(unit, token)


def shown_for_mail(unit: Unit) -> str:
    """What stands in the place of the link where a mail is shown before it is sent."""
    return _address(unit, "…") if unit.setting(DOCUMENT_LINKS) else ""


def postscript(unit: Unit, link: str, language: str) -> str:
    """What a mail says of the link in it."""
    text = _("PS: This link opens the document without an account:\n\n${link}\n", mapping={"link": link})
    return unit.translate(text, language)


def links_of(unit: Unit, linked: Linked) -> list[LinkFacts]:
    """The links of a document, newest first."""
    rows = unit.db.scalars(_of(linked).order_by(DocumentLink.id.desc()))
    return [
        LinkFacts(
            row.public_id,
            row.sent_to,
            row.created_at,
            row.created_by,
            row.expires_at,
            row.opened_at,
            _state(row, unit.now()),
        )
        for row in rows
    ]


def revoke(unit: Unit, linked: Linked, public_id: str) -> None:
    """End a link at once, for whoever has it open too. LookupError when the document has none of that id."""
    row = unit.db.scalar(_of(linked).where(DocumentLink.public_id == public_id))
    if row is None:
        raise LookupError(f"no link {public_id}")
    if row.revoked_at is None:
        row.revoked_at = unit.now()
        unit.db.flush()
        unit.publish(DocumentLinkRevoked(row.kind, row.document, row.customer_id, row.sent_to))


def open_by(unit: Unit, token: str) -> Opened | None:
    """The link with that token, noted as opened; None when it never was, has ended or was revoked."""
    now = unit.now()
    row = unit.db.execute(
        update(DocumentLink)
        .where(
            DocumentLink.hash == digest(token),
            DocumentLink.revoked_at.is_(None),
            DocumentLink.expires_at > now,
        )
        .values(opened_at=now)
        .returning(
            DocumentLink.public_id,
            DocumentLink.kind,
            DocumentLink.document,
            DocumentLink.customer_id,
            DocumentLink.sent_to,
        )
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is None:
        return None
    unit.publish(DocumentLinkOpened(row.kind, row.document, row.customer_id, row.sent_to))
    return Opened(row.public_id, row.kind, row.document)


def _of(linked: Linked) -> Select[DocumentLink]:
    return select(DocumentLink).where(
        DocumentLink.kind == linked.kind,
        DocumentLink.document == linked.document,
        DocumentLink.customer_id == linked.customer_id,
    )


def _store(unit: Unit, linked: Linked, sent_to: str, days: int, token: str) -> None:
    row = DocumentLink(
        hash=digest(token),
        kind=linked.kind,
        document=linked.document,
        customer_id=linked.customer_id,
        customer_name=linked.customer_name,
        language=linked.language,
        sent_to=sent_to,
        created_at=unit.now(),
        created_by=unit.actor.name,
        created_by_id=unit.actor.user_id,
        expires_at=unit.now() + timedelta(days=days),
    )
    unit.db.add(row)
    unit.db.flush()
    unit.publish(
        DocumentLinkCreated(linked.kind, linked.document, linked.customer_id, sent_to, row.expires_at)
    )


def _address(unit: Unit, token: str) -> str:
    return f"{unit.setting(BASE_URL).rstrip('/')}/{SEGMENT}/{token}"


def _state(row: DocumentLink, now: datetime) -> str:
    if row.revoked_at is not None:
        return "revoked"
    return "active" if row.expires_at > now else "expired"
