"""Sealing the audit log: a chain of hashes over its rows, made after them so that no act waits for another.

A row is chained within a minute or two of its act. Whoever may write to the database can forge a row before that, or
add one; a row that is sealed cannot be changed, removed or exchanged without `portal verify` telling, unless the whole
chain from there on is made anew: a head that was noted elsewhere (`--head`) tells that too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select

from portal.kernel.audit import AuditRow, AuditSeal
from portal.kernel.unit import Unit

SEAL = "ops.audit.seal"
EVERY = timedelta(minutes=1)

_BATCH = 1000
#: How far back rows may turn up that got their number before others that are sealed already, and were written later.
_LATE = 10_000


def seal_job(unit: Unit, payload: Mapping[str, Any]) -> None:
    """Seal what was written since the last time."""
    newest = unit.db.scalar(select(func.max(AuditSeal.audit_id))) or 0
    seal(unit, after=max(newest - _LATE, 0))


def seal(unit: Unit, after: int = 0) -> int:
    """Seal every row after that one which has no seal, in the order of their numbers; returns how many.

    Two that seal at once take the same number, of which one is refused and its work tried again.
    """
    last = unit.db.execute(
        select(AuditSeal.id, AuditSeal.hash).order_by(AuditSeal.id.desc()).limit(1)
    ).first()
    number, previous = (0, "") if last is None else (last.id, last.hash)
    table = AuditRow.__table__
    sealed = 0
    while True:
        found = (
            unit.db.execute(
                select(table)
                .where(
                    table.c.id > after, ~select(AuditSeal.id).where(AuditSeal.audit_id == table.c.id).exists()
                )
                .order_by(table.c.id)
                .limit(_BATCH)
            )
            .mappings()
            .all()
        )
        if not found:
            return sealed
        links: list[dict[str, Any]] = []
        for row in found:
            number += 1
            hash_ = digest(previous, number, dict(row))
            links.append({"id": number, "audit_id": row["id"], "previous_hash": previous, "hash": hash_})
            previous = hash_
        unit.db.execute(insert(AuditSeal), [{**link, "sealed_at": unit.now()} for link in links])
        after, sealed = found[-1]["id"], sealed + len(links)


def digest(previous: str, number: int, row: Mapping[str, Any]) -> str:
    """The hash over the one before it, the number of the link, and every column of the row."""
    content = {name: _said(value) for name, value in row.items()}
    written = json.dumps(
        {**content, "seal": number}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(f"{previous}\n{written}".encode()).hexdigest()


def _said(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, date) else value
