"""What `portal verify` recomputes of the audit log; its own SQL and serialisation, sharing nothing with the sealing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, timedelta

from sqlalchemy import Date, RowMapping, bindparam, text
from sqlalchemy.orm import Session

from portal.kernel.composition import Finding
from portal.kernel.db import UtcDateTime

_CHECK = "ops.audit"
_BATCH = 1000
_PATIENCE = timedelta(minutes=5)

_COLUMNS = (
    "id", "at", "day", "actor_kind", "actor_name", "actor_user_id", "session_id", "token_id", "viewed_by", "realm",
    "address", "request_id", "action", "module", "subject", "subject_id", "subject_public_id", "subject_label",
    "customer_id", "detail", "search_text",
)  # fmt: skip
_LINKS = text(
    "SELECT s.id AS link, s.audit_id, s.previous_hash, s.hash, "  # noqa: S608 - names of this file
    + ", ".join(f"a.{name}" for name in _COLUMNS)
    + " FROM kernel_audit_seal s LEFT JOIN kernel_audit a ON a.id = s.audit_id"
    " WHERE s.id > :after ORDER BY s.id LIMIT :batch"
).columns(at=UtcDateTime, day=Date)
_SEALED_UNTIL = text(
    "SELECT max(at) AS at FROM (SELECT max(sealed_at) AS at FROM kernel_audit_seal UNION ALL"
    " SELECT max(finished_at) FROM kernel_job WHERE kind = 'ops.audit.seal' AND state = 'done') AS sealings"
).columns(at=UtcDateTime)
_UNSEALED = text(
    "SELECT a.id FROM kernel_audit a WHERE a.at < :until"
    " AND NOT EXISTS (SELECT 1 FROM kernel_audit_seal s WHERE s.audit_id = a.id) ORDER BY a.id LIMIT 1000"
).bindparams(bindparam("until", type_=UtcDateTime))


def audit_is_chained(session: Session) -> Iterator[Finding]:
    """Every sealed row is as it was sealed, none is missing, exchanged or put in between, and none waits for long."""
    after, previous = 0, ""
    while links := session.execute(_LINKS, {"after": after, "batch": _BATCH}).mappings().all():
        for link in links:
            name = f"audit {link['audit_id']}"
            if link["link"] != after + 1:
                yield Finding(_CHECK, f"seals {after + 1} to {link['link'] - 1}", "are missing")
            elif link["previous_hash"] != previous:
                yield Finding(_CHECK, name, "does not carry the hash of the row sealed before it")
            if link["id"] is None:
                yield Finding(_CHECK, name, "is sealed and not there any more")
            elif link["hash"] != _hash(link):
                yield Finding(_CHECK, name, "is not what was sealed")
            after, previous = link["link"], link["hash"]
    until = session.scalar(_SEALED_UNTIL)
    if until is not None:
        for (row,) in session.execute(_UNSEALED, {"until": until - _PATIENCE}):
            yield Finding(_CHECK, f"audit {row}", "has no seal, though later ones have been sealed")


def _hash(link: RowMapping) -> str:
    row = {name: link[name] for name in _COLUMNS}
    row["at"] = link["at"].astimezone(UTC).isoformat(timespec="microseconds")
    row["day"] = link["day"].isoformat()
    row["seal"] = link["link"]
    content = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{link['previous_hash']}\n{content}".encode()).hexdigest()


_LAST = "SELECT id, hash FROM kernel_audit_seal ORDER BY id DESC LIMIT 1"
_NAMED = "SELECT id, hash FROM kernel_audit_seal WHERE id = :number"


def links(session: Session, names: Collection[str] | None) -> Mapping[str, str]:
    """The hashes of these links (`AUDIT-12`); without names, that of the last one."""
    if names is None:
        return {f"AUDIT-{row.id}": row.hash for row in session.execute(text(_LAST))}
    found: dict[str, str] = {}
    for name in names:
        series, _dash, number = name.lower().rpartition("-")
        if series == "audit" and number.isascii() and number.isdecimal() and len(number) < 19:
            for row in session.execute(text(_NAMED), {"number": int(number)}):
                found[name] = row.hash
    return found
