"""Jobs and one-time operations.

Locks: new tables only.
"""

from __future__ import annotations

import sqlalchemy as sa

import portal.kernel.db
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

OPEN = sa.text("dedupe IS NOT NULL AND state IN ('waiting', 'running')")


def upgrade() -> None:
    op.create_table(
        "kernel_job",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("kind", sa.String(80), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("attempts", portal.kernel.db.BigInt, nullable=False),
        sa.Column("dedupe", sa.String(120)),
        sa.Column("created_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.Column("run_after", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.Column("heartbeat_at", portal.kernel.db.UtcDateTime()),
        sa.Column("finished_at", portal.kernel.db.UtcDateTime()),
        sa.Column("worker", sa.String(80)),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_kernel_job"),
    )
    op.create_index("ix_kernel_job_due", "kernel_job", ["state", "run_after"])
    op.create_index(
        "uq_kernel_job_dedupe",
        "kernel_job",
        ["kind", "dedupe"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_table(
        "kernel_operation",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("principal", sa.String(80), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("body", sa.String(64), nullable=False),
        sa.Column("location", sa.String(2000), nullable=False),
        sa.Column("created_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_kernel_operation"),
        sa.UniqueConstraint("principal", "key", name="uq_kernel_operation_principal_key"),
    )


def downgrade() -> None:
    op.drop_table("kernel_operation")
    op.drop_table("kernel_job")
