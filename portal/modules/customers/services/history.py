"""Notes of employees, and the timeline of what happened to an account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from portal.kernel.i18n import Text, TranslationString
from portal.kernel.unit import Unit
from portal.modules.customers.models import Happening, Note

#: How many entries a page shows.
RECENT = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened: `kind` and `document` refer to a document by type and public id, "" where there is none."""

    at: datetime
    actor: str
    text: Text
    kind: str
    document: str


def record(unit: Unit, customer_id: int, text: Text, *, kind: str = "", public_id: str = "") -> None:
    """Add an entry to the timeline; a marked text is stored with its values and translated when it is read."""
    mapping = text.mapping if isinstance(text, TranslationString) else None
    unit.db.execute(
        insert(Happening).values(
            customer_id=customer_id,
            happened_at=unit.now(),
            actor=unit.actor.name,
            text=str(text),
            values={name: unit.translate(value, "en") for name, value in (mapping or {}).items()},
            kind=kind,
            document=public_id,
        )
    )


def timeline(unit: Unit, customer_id: int) -> list[Entry]:
    """The newest entries of an account, newest first, in one statement."""
    rows = unit.db.scalars(
        select(Happening)
        .where(Happening.customer_id == customer_id)
        .order_by(Happening.id.desc())
        .limit(RECENT)
    )
    return [
        Entry(
            row.happened_at,
            row.actor,
            TranslationString(row.text, domain="portal", mapping=row.values),
            row.kind,
            row.document,
        )
        for row in rows
    ]


def notes(unit: Unit, customer_id: int) -> Sequence[Note]:
    """The notes about an account, newest first."""
    return unit.db.scalars(
        select(Note).where(Note.customer_id == customer_id).order_by(Note.id.desc()).limit(RECENT)
    ).all()


def add_note(unit: Unit, customer_id: int, text: str) -> None:
    """Write a note about an account."""
    unit.db.add(Note(customer_id=customer_id, text=text, author=unit.actor.name, written_at=unit.now()))


def remove_note(unit: Unit, customer_id: int, public_id: str) -> None:
    """Remove a note; one that is gone already stays gone."""
    note = unit.db.scalar(select(Note).where(Note.customer_id == customer_id, Note.public_id == public_id))
    if note is not None:
        unit.db.delete(note)
