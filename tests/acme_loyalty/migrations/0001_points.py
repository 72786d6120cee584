"""Points

Locks: nothing but the new table, which nobody uses yet.
"""

from __future__ import annotations

import sqlalchemy as sa

import portal.kernel.db
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of points."""
    op.create_table(
        "acme_loyalty_points",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_public_id", sa.String(length=26), nullable=False),
        sa.Column("points", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("at", portal.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("points <> 0", name=op.f("ck_acme_loyalty_points_points_not_zero")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers_customer.id"], name=op.f("fk_acme_loyalty_points_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acme_loyalty_points")),
    )
    op.create_index(
        "ix_acme_loyalty_points_customer_id", "acme_loyalty_points", ["customer_id", "id"], unique=False
    )
    op.create_index(
        "ix_acme_loyalty_points_order_public_id", "acme_loyalty_points", ["order_public_id"], unique=False
    )


def downgrade() -> None:
    """Take the table away."""
    op.drop_table("acme_loyalty_points")
