"""Users, sessions, grants, memberships, one-time links and counted attempts.

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


def upgrade() -> None:
    op.create_table(
        "people_attempt",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("realm", sa.String(length=10), nullable=False),
        sa.Column("email_folded", sa.String(length=254), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_people_attempt"),
    )
    op.create_index("ix_people_attempt_address", "people_attempt", ["address", "at"])
    op.create_index("ix_people_attempt_at", "people_attempt", ["at"])
    op.create_index("ix_people_attempt_email", "people_attempt", ["email_folded", "at"])
    op.create_table(
        "people_user",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("public_id", sa.String(length=26), nullable=False),
        sa.Column("realm", sa.String(length=10), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_folded", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("search_text", sa.String(length=1000), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("password_version", portal.kernel.db.BigInt, nullable=False),
        sa.Column("password_changed_at", portal.kernel.db.UtcDateTime(), nullable=True),
        sa.Column("created_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("realm IN ('employees', 'customers')", name="ck_people_user_realm"),
        sa.PrimaryKeyConstraint("id", name="pk_people_user"),
        sa.UniqueConstraint("public_id", name="uq_people_user_public_id"),
        sa.UniqueConstraint("realm", "email_folded", name="uq_people_user_realm_email_folded"),
    )
    op.create_index("ix_people_user_created_at", "people_user", ["created_at", "id"])
    op.create_index("ix_people_user_name", "people_user", ["name", "id"])
    op.create_table(
        "people_grant",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("user_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("role", sa.String(length=80), nullable=False),
        sa.Column("granted_by", sa.String(length=200), nullable=False),
        sa.Column("granted_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["people_user.id"], name="fk_people_grant_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_people_grant"),
        sa.UniqueConstraint("user_id", "role", name="uq_people_grant_user_id_role"),
    )
    op.create_index("ix_people_grant_role", "people_grant", ["role"])
    op.create_table(
        "people_membership",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("user_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("customer_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("account", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("scopes", sa.String(length=80), nullable=False),
        sa.Column("invited_as", sa.String(length=200), nullable=True),
        sa.Column("created_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.Column("accepted_at", portal.kernel.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["people_user.id"], name="fk_people_membership_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_people_membership"),
        sa.UniqueConstraint("user_id", "customer_id", name="uq_people_membership_user_id_customer_id"),
    )
    op.create_index("ix_people_membership_customer_id", "people_membership", ["customer_id"])
    op.create_table(
        "people_session",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("public_id", sa.String(length=26), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("password_version", portal.kernel.db.BigInt, nullable=False),
        sa.Column("factors", sa.String(length=80), nullable=False),
        sa.Column("device", sa.String(length=300), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("created_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.Column("verified_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.Column("seen_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.Column("ended_at", portal.kernel.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["people_user.id"], name="fk_people_session_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_people_session"),
        sa.UniqueConstraint("public_id", name="uq_people_session_public_id"),
        sa.UniqueConstraint("token_hash", name="uq_people_session_token_hash"),
    )
    op.create_index("ix_people_session_user_id", "people_session", ["user_id"])
    op.create_table(
        "people_token",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("created_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.Column("expires_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.Column("used_at", portal.kernel.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["people_user.id"], name="fk_people_token_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_people_token"),
        sa.UniqueConstraint("hash", name="uq_people_token_hash"),
    )
    op.create_index("ix_people_token_user_id", "people_token", ["user_id"])


def downgrade() -> None:
    for name in ("token", "session", "membership", "grant", "user", "attempt"):
        op.drop_table(f"people_{name}")
