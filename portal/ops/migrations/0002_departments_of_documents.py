"""The customer's department that an issued document belongs to.

It is no fact that the document states, but who may see it: it moves with what the document is about, so the triggers that
freeze the facts leave it alone.

Locks: a nullable column on ops_document; no row is rewritten.
"""

from __future__ import annotations

import sqlalchemy as sa

import portal.kernel.db
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ops_document", sa.Column("department_id", portal.kernel.db.BigInt, nullable=True))


def downgrade() -> None:
    op.drop_column("ops_document", "department_id")
