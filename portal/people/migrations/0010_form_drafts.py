"""What people are typing into forms.

Locks: a new table only.
"""

from __future__ import annotations

import sqlalchemy as sa

import portal.kernel.db
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "people_form_draft",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("user_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.Column("operation", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("saved_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["people_user.id"], name="fk_people_form_draft_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_people_form_draft"),
        sa.UniqueConstraint("user_id", "address", name="uq_people_form_draft_user_id_address"),
    )


def downgrade() -> None:
    op.drop_table("people_form_draft")
