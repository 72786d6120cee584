"""Second factors, recovery codes, and the challenges that passkeys have answered.

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
        "people_factor",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("public_id", sa.String(length=26), nullable=False),
        sa.Column("user_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("counter", portal.kernel.db.BigInt, nullable=False),
        sa.Column("secret", sa.String(length=300), nullable=True),
        sa.Column("credential", sa.String(length=1400), nullable=True),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        sa.Column("handle", sa.String(length=100), nullable=True),
        sa.Column("created_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.Column("used_at", portal.kernel.db.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'totp' AND secret IS NOT NULL AND credential IS NULL) OR (kind = 'passkey' AND secret IS NULL AND"
            " credential IS NOT NULL AND public_key IS NOT NULL AND handle IS NOT NULL)",
            name="ck_people_factor_kind",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["people_user.id"], name="fk_people_factor_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_people_factor"),
        sa.UniqueConstraint("credential", name="uq_people_factor_credential"),
        sa.UniqueConstraint("public_id", name="uq_people_factor_public_id"),
    )
    op.create_index("ix_people_factor_user_id", "people_factor", ["user_id"])
    op.create_table(
        "people_recovery_code",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("user_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", portal.kernel.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["people_user.id"], name="fk_people_recovery_code_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_people_recovery_code"),
        sa.UniqueConstraint("hash", name="uq_people_recovery_code_hash"),
    )
    op.create_index("ix_people_recovery_code_user_id", "people_recovery_code", ["user_id"])
    op.create_table(
        "people_spent_challenge",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_people_spent_challenge"),
        sa.UniqueConstraint("hash", name="uq_people_spent_challenge_hash"),
    )
    op.create_index("ix_people_spent_challenge_expires_at", "people_spent_challenge", ["expires_at"])


def downgrade() -> None:
    for name in ("spent_challenge", "recovery_code", "factor"):
        op.drop_table(f"people_{name}")
