"""Document links.

Locks: a new table.
"""

from __future__ import annotations

import sqlalchemy as sa

import portal.kernel.db
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "people_document_link",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("public_id", sa.String(length=26), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("document", sa.String(length=26), nullable=False),
        sa.Column("customer_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("customer_name", sa.String(length=300), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("sent_to", sa.String(length=254), nullable=False),
        sa.Column("created_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_by_id", portal.kernel.db.BigInt, nullable=True),
        sa.Column("expires_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.Column("opened_at", portal.kernel.db.UtcDateTime(), nullable=True),
        sa.Column("revoked_at", portal.kernel.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["people_user.id"], name="fk_people_document_link_created_by_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_people_document_link"),
        sa.UniqueConstraint("hash", name="uq_people_document_link_hash"),
        sa.UniqueConstraint("public_id", name="uq_people_document_link_public_id"),
    )
    op.create_index("ix_people_document_link_document", "people_document_link", ["kind", "document"])
    op.create_index("ix_people_document_link_customer_id", "people_document_link", ["customer_id"])
    op.create_index("ix_people_document_link_created_by_id", "people_document_link", ["created_by_id"])


def downgrade() -> None:
    op.drop_table("people_document_link")
