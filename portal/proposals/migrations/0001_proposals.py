"""Proposals: acts that wait for a second person.

Locks: a new table.
"""

from __future__ import annotations

import sqlalchemy as sa

import portal.kernel.db
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    op.create_table(
        "proposals_proposal",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("public_id", sa.String(26), nullable=False),
        sa.Column("act", sa.String(80), nullable=False),
        sa.Column("module", sa.String(40), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(80), nullable=False),
        sa.Column("document", sa.String(26), nullable=False),
        sa.Column("target", sa.String(120), nullable=False),
        sa.Column("amount", portal.kernel.db.BigInt),
        sa.Column("currency", sa.String(3)),
        sa.Column("base_amount", portal.kernel.db.BigInt),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("seen", sa.String(64), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("proposed_by", sa.String(200), nullable=False),
        sa.Column("proposed_user_id", portal.kernel.db.BigInt),
        sa.Column("proposed_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.Column("decided_by", sa.String(200)),
        sa.Column("decided_user_id", portal.kernel.db.BigInt),
        sa.Column("decided_at", portal.kernel.db.UtcDateTime()),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("outcome_kind", sa.String(80), nullable=False),
        sa.Column("outcome", sa.String(26), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'agreed', 'declined', 'withdrawn', 'lapsed')",
            name=op.f("ck_proposals_proposal_state"),
        ),
        sa.CheckConstraint(
            "(state = 'open') = (decided_at IS NULL)", name=op.f("ck_proposals_proposal_decided")
        ),
        sa.CheckConstraint(
            "state <> 'agreed' OR decided_user_id IS NOT NULL AND"
            " (proposed_user_id IS NULL OR proposed_user_id <> decided_user_id)",
            name=op.f("ck_proposals_proposal_second"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals_proposal")),
        sa.UniqueConstraint("public_id", name=op.f("uq_proposals_proposal_public_id")),
    )
    op.create_index("ix_proposals_proposal_state", "proposals_proposal", ["state", "id"])
    op.create_index("ix_proposals_proposal_document", "proposals_proposal", ["document", "kind"])
    op.create_index("ix_proposals_proposal_outcome", "proposals_proposal", ["outcome", "outcome_kind"])
    op.create_index(
        "ix_proposals_proposal_proposed_user_id", "proposals_proposal", ["proposed_user_id", "id"]
    )
    op.create_index(
        "uq_proposals_proposal_open",
        "proposals_proposal",
        ["act", "target"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )


def downgrade() -> None:
    op.drop_table("proposals_proposal")
