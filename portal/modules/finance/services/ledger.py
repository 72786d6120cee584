"""The only writer of the ledger: entries are numbered, chained by hashes, and posted by flipping one flag.

The counter of the journal is locked before the entry is written and until the transaction ends, so that parallel
postings queue there: each sees the hash that the one before left in the counter. The database checks balance, chain and
lock date when the flag is flipped, and then lets nobody change the entry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import DBAPIError

from portal.kernel.db import new_public_id
from portal.kernel.effects import tell
from portal.kernel.errors import Invalid, Refused
from portal.kernel.i18n import _
from portal.kernel.unit import Unit
from portal.modules.finance.models import Entry, EntryLine
from portal.modules.finance.services import digests, numbers
from portal.modules.finance.services.numbers import Taken

#: What the triggers say when an entry or allocation falls into a closed period.
_LOCKED = "finance: the books are closed"


@dataclass(frozen=True, slots=True)
class Line:
    """A line to post: debits positive, credits negative, in base and in the currency of the document."""

    account_id: int
    base_amount: int
    currency: str
    amount: int
    customer_id: int | None = None
    tax_key: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry to post. `document` is `kind:public_id` of what it posts, `document_digest` what that says (see
    `digests`), `reverses_id` the entry it takes back; `of_nothing` says that all amounts are zero, as in the entry of a
    sample given away."""

    journal: str
    day: date
    text: str
    lines: Sequence[Line]
    document: str = ""
    document_digest: str = ""
    reverses_id: int | None = None
    of_nothing: bool = False


@dataclass(frozen=True, slots=True)
class PostedEntry:
    """A posted entry; `label` is how it is called, such as BANK-12."""

    id: int
    public_id: str
    number: int
    label: str


@dataclass(frozen=True, slots=True)
class EntryWritten:
    """An effect: an entry was posted (see `portal.kernel.effects`)."""

    label: str
    day: date
    text: str
    lines: tuple[Line, ...]


def label(journal: str, number: int) -> str:
    """How an entry is called."""
    return f"{journal.upper()}-{number}"


def post(unit: Unit, new: NewEntry) -> PostedEntry:
    """Number and post an entry. Raises as `write`."""
    (taken,) = numbers.take(unit, numbers.journal_series(new.journal))
    return write(unit, new, taken)


def write(unit: Unit, new: NewEntry, taken: Taken) -> PostedEntry:
    """Write and post an entry under a number of its journal that was taken.

    Raises Invalid for an entry that does not balance or has less than two lines, Refused in a closed period.
    """
    lines = balanced(new)
    head = _head(unit, new, taken)
    rows = [_row(position, line) for position, line in enumerate(lines, start=1)]
    head["hash"] = chained(taken.last_hash, head, rows)
    entry_id = unit.db.scalars(insert(Entry).values(**head, posted=False).returning(Entry.id)).one()
    # The table, for the mapper would send rows with a customer apart from those without.
    table: Any = EntryLine.__table__
    unit.db.execute(insert(table), [{**row, "entry_id": entry_id} for row in rows])
    _flip(unit, entry_id)
    tell(unit, EntryWritten(label(new.journal, taken.number), new.day, new.text, tuple(lines)))
    return PostedEntry(entry_id, head["public_id"], taken.number, label(new.journal, taken.number))


def balanced(new: NewEntry) -> list[Line]:
    """The lines of an entry that say something. Raises Invalid as `write`."""
    lines = [line for line in new.lines if line.base_amount or line.amount]
    if not lines and new.of_nothing:
        lines = list(new.lines)
    if len(lines) < 2 or sum(line.base_amount for line in lines) != 0:
        raise Invalid(
            {"lines": _("Debits and credits of an entry are equal, and it has at least two lines.")}
        )
    return lines


def _head(unit: Unit, new: NewEntry, taken: Taken) -> dict[str, Any]:
    return {
        "public_id": new_public_id(),
        "journal": new.journal,
        "number": taken.number,
        "day": new.day,
        "text": new.text[:300],
        "currency": unit.company.currency,
        "document": new.document,
        "document_digest": new.document_digest,
        "reverses_id": new.reverses_id,
        "posted_at": unit.now(),
        "posted_by": unit.actor.name[:200],
        "previous_hash": taken.last_hash,
    }


def _row(position: int, line: Line) -> dict[str, Any]:
    return {
        "position": position,
        "account_id": line.account_id,
        "base_amount": line.base_amount,
        "currency": line.currency,
        "amount": line.amount,
        "customer_id": line.customer_id,
        "tax_key": line.tax_key,
        "text": line.text[:300],
    }


def chained(previous: str, head: dict[str, Any], rows: Sequence[dict[str, Any]]) -> str:
    """SHA-256, in hexadecimal, over the hash before, a line feed, and the entry's content as canonical JSON."""
    moment: datetime = head["posted_at"]
    content = {
        "public_id": head["public_id"],
        "journal": head["journal"],
        "number": head["number"],
        "day": head["day"].isoformat(),
        "text": head["text"],
        "currency": head["currency"],
        "document": head["document"],
        "document_digest": head["document_digest"],
        "reverses": head["reverses_id"],
        "posted_at": moment.astimezone(UTC).isoformat(timespec="microseconds"),
        "posted_by": head["posted_by"],
        "lines": [
            [
                row["position"],
                row["account_id"],
                row["base_amount"],
                row["currency"],
                row["amount"],
                row["customer_id"],
                row["tax_key"],
                row["text"],
            ]
            for row in rows
        ],
    }
    return hashlib.sha256(f"{previous}\n{digests.canonical(content)}".encode()).hexdigest()


def _flip(unit: Unit, entry_id: int) -> None:
    with refusing_closed():
        unit.db.execute(
            update(Entry)
            .where(Entry.id == entry_id)
            .values(posted=True)
            .execution_options(synchronize_session=False)
        )


@contextmanager
def refusing_closed() -> Generator[None]:
    """Raises Refused where the database finds a period closed: somebody moved the lock date since it was read."""
    try:
        yield
    except DBAPIError as error:
        if _LOCKED in str(error.orig):
            raise Refused(_("The books are closed for that day.")) from error
        raise


def lines_of(unit: Unit, entry_id: int) -> list[Line]:
    """The lines of an entry, in order: one statement."""
    rows = unit.db.execute(
        select(
            EntryLine.account_id,
            EntryLine.base_amount,
            EntryLine.currency,
            EntryLine.amount,
            EntryLine.customer_id,
            EntryLine.tax_key,
            EntryLine.text,
        )
        .where(EntryLine.entry_id == entry_id)
        .order_by(EntryLine.position)
    )
    return [Line(*row) for row in rows]


def negated(lines: Sequence[Line]) -> list[Line]:
    """The same lines the other way round."""
    return [
        Line(
            line.account_id,
            -line.base_amount,
            line.currency,
            -line.amount,
            line.customer_id,
            line.tax_key,
            line.text,
        )
        for line in lines
    ]
