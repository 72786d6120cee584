"""Spending limits of memberships; what "view" allowed is split into "view", "pay" and "statements".

Locks: two columns without a default on people_membership, whose rows are all rewritten (one for each person and account).
"""

from __future__ import annotations

import sqlalchemy as sa

import portal.kernel.db
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("people_membership", sa.Column("limit_amount", portal.kernel.db.BigInt, nullable=True))
    op.add_column("people_membership", sa.Column("limit_currency", sa.String(length=3), nullable=True))
    # Words stand in alphabetical order, and every membership has "view": everybody keeps what they could see.
    op.execute("UPDATE people_membership SET scopes = replace(scopes, 'view', 'pay statements view')")


def downgrade() -> None:
    op.execute(
        "UPDATE people_membership SET scopes = "
        "replace(replace(replace(scopes, 'approve ', ''), 'pay ', ''), 'statements ', '')"
    )
    op.drop_column("people_membership", "limit_currency")
    op.drop_column("people_membership", "limit_amount")
