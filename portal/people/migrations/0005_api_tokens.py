"""API tokens.

Locks: a new table.
"""

from __future__ import annotations

import sqlalchemy as sa

import portal.kernel.db
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "people_api_token",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("public_id", sa.String(length=26), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("prefix", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("user_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("password_version", portal.kernel.db.BigInt, nullable=False),
        sa.Column("permissions", sa.Text(), nullable=False),
        sa.Column("customer_id", portal.kernel.db.BigInt, nullable=True),
        sa.Column("created_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.Column("expires_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.Column("used_at", portal.kernel.db.UtcDateTime(), nullable=True),
        sa.Column("used_from", sa.String(length=64), nullable=True),
        sa.Column("revoked_at", portal.kernel.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["people_user.id"], name="fk_people_api_token_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_people_api_token"),
        sa.UniqueConstraint("hash", name="uq_people_api_token_hash"),
        sa.UniqueConstraint("public_id", name="uq_people_api_token_public_id"),
    )
    op.create_index("ix_people_api_token_user_id", "people_api_token", ["user_id"])
    op.create_index("ix_people_api_token_customer_id", "people_api_token", ["customer_id"])


def downgrade() -> None:
    op.drop_table("people_api_token")
