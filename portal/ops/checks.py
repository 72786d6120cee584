"""What `portal verify` checks of operations."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.kernel.composition import Finding

_BATCH = 200


def documents_unchanged(session: Session) -> Iterator[Finding]:
    """The bytes of every rendered document still have the digest that was taken when they were rendered."""
    statement = text(
        "SELECT id, public_id, sha256, content FROM ops_document "
        "WHERE id > :after AND (content IS NOT NULL OR sha256 IS NOT NULL) ORDER BY id LIMIT :batch"
    )
    after = 0
    while rows := session.execute(statement, {"after": after, "batch": _BATCH}).all():
        for row in rows:
            if row.content is None or hashlib.sha256(row.content).hexdigest() != row.sha256:
                yield Finding(
                    "ops.documents", f"document {row.public_id}", "its bytes are not those that were issued"
                )
        after = rows[-1].id
