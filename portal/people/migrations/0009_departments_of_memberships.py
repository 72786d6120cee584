"""Memberships that are limited to departments of their account.

Locks: a nullable column on people_membership with a CHECK of its own; no row is rewritten.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # With its CHECK at once: SQLite cannot add one to a table afterwards.
    op.execute(
        "ALTER TABLE people_membership ADD COLUMN departments TEXT"
        " CONSTRAINT ck_people_membership_departments CHECK (departments <> '')"
    )


def downgrade() -> None:
    # Without the column they would see the whole account: they are invited again instead.
    op.execute("DELETE FROM people_membership WHERE departments IS NOT NULL")
    op.drop_column("people_membership", "departments")
