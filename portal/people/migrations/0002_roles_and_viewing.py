"""Composed roles, grants that end on a date, and looking as somebody else.

Locks: new tables, and a column without a default on people_grant.
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
    op.add_column("people_grant", sa.Column("ends_on", sa.Date(), nullable=True))
    op.create_table(
        "people_role",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("public_id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("permissions", sa.Text(), nullable=False),
        sa.Column("version", portal.kernel.db.BigInt, nullable=False),
        sa.Column("changed_by", sa.String(length=200), nullable=False),
        sa.Column("changed_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.Column("archived_at", portal.kernel.db.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_people_role"),
        sa.UniqueConstraint("name", name="uq_people_role_name"),
        sa.UniqueConstraint("public_id", name="uq_people_role_public_id"),
    )
    op.create_table(
        "people_viewing",
        sa.Column("session_id", portal.kernel.db.BigInt, autoincrement=False, nullable=False),
        sa.Column("user_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("began_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.Column("until", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["people_session.id"], name="fk_people_viewing_session_id"),
        sa.ForeignKeyConstraint(["user_id"], ["people_user.id"], name="fk_people_viewing_user_id"),
        sa.PrimaryKeyConstraint("session_id", name="pk_people_viewing"),
    )
    op.create_index("ix_people_viewing_user_id", "people_viewing", ["user_id"])


def downgrade() -> None:
    op.drop_table("people_viewing")
    op.drop_table("people_role")
    op.drop_column("people_grant", "ends_on")
