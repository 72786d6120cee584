"""Who employees are outside, and where grants come from.

Locks: a new table, and a column with a constant default on people_grant, which is not rewritten.
"""

from __future__ import annotations

import sqlalchemy as sa

import portal.kernel.db
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "people_grant", sa.Column("source", sa.String(length=10), server_default="hand", nullable=False)
    )
    op.create_table(
        "people_external",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("issuer", sa.String(length=300), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("user_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("created_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["people_user.id"], name="fk_people_external_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_people_external"),
        sa.UniqueConstraint("issuer", "subject", name="uq_people_external_issuer_subject"),
        sa.UniqueConstraint("user_id", "issuer", name="uq_people_external_user_id_issuer"),
    )


def downgrade() -> None:
    op.drop_table("people_external")
    op.drop_column("people_grant", "source")
