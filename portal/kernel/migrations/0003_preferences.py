"""How people have arranged the portal for themselves.

Locks: new tables only.
"""

from __future__ import annotations

import sqlalchemy as sa

import portal.kernel.db
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kernel_preference",
        sa.Column("user_id", portal.kernel.db.BigInt, autoincrement=False, nullable=False),
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("changed_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "key", name="pk_kernel_preference"),
    )


def downgrade() -> None:
    op.drop_table("kernel_preference")
