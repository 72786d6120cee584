"""Forms that were sent after their session had ended.

Locks: a new table only.
"""

from __future__ import annotations

import sqlalchemy as sa

import portal.kernel.db
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "people_kept_form",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("public_id", sa.String(length=26), nullable=False),
        sa.Column("user_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("operation", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("created_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["people_user.id"], name="fk_people_kept_form_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_people_kept_form"),
        sa.UniqueConstraint("public_id", name="uq_people_kept_form_public_id"),
    )
    op.create_index("ix_people_kept_form_user_id", "people_kept_form", ["user_id"])


def downgrade() -> None:
    op.drop_table("people_kept_form")
