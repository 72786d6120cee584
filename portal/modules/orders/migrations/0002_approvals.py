"""Acceptances that wait for an approver at the customer's.

Locks: a new table.
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
    op.create_table(
        "orders_approval",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("order_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("customer_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("revision", portal.kernel.db.BigInt, nullable=False),
        sa.Column("gross", portal.kernel.db.BigInt, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=False),
        sa.Column("asked_by", sa.String(length=200), nullable=False),
        sa.Column("asked_user_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("asked_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.Column("decided_user_id", portal.kernel.db.BigInt, nullable=True),
        sa.Column("decided_at", portal.kernel.db.UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('approved', 'rejected', 'withdrawn', 'void')",
            name=op.f("ck_orders_approval_outcome"),
        ),
        sa.CheckConstraint(
            "(outcome IS NULL) = (decided_at IS NULL)", name=op.f("ck_orders_approval_decided")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "order_id"],
            ["orders_order.customer_id", "orders_order.id"],
            name=op.f("fk_orders_approval_customer_id_order_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders_approval")),
    )
    op.create_index("ix_orders_approval_customer_id", "orders_approval", ["customer_id", "order_id"])
    op.create_index(
        "uq_orders_approval_waiting",
        "orders_approval",
        ["order_id"],
        unique=True,
        sqlite_where=sa.text("outcome IS NULL"),
        postgresql_where=sa.text("outcome IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("orders_approval")
