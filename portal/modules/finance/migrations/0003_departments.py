"""The customer's department of an invoice, which a posted document keeps like all that it says.

Locks: columns without a value of their own on finance_invoice, and a foreign key for which its rows are looked at once; an
index over them. On a big table build the index beforehand, concurrently and under the same name.
"""

from __future__ import annotations

import sqlalchemy as sa

import portal.kernel.db
from alembic import op
from portal.kernel.schema import add_foreign_key, drop_foreign_key

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_KEY = (
    "fk_finance_invoice_department",
    "finance_invoice",
    ("customer_id", "department_id"),
    "customers_department",
    ("customer_id", "id"),
)
_WHEN = "BEFORE UPDATE OF department_id, department ON finance_invoice"


def upgrade() -> None:
    op.add_column("finance_invoice", sa.Column("department_id", portal.kernel.db.BigInt, nullable=True))
    op.add_column(
        "finance_invoice", sa.Column("department", sa.String(length=100), nullable=False, server_default="")
    )
    add_foreign_key(*_KEY)
    op.create_index(
        "ix_finance_invoice_department",
        "finance_invoice",
        ["customer_id", "department_id", "invoice_date", "id"],
        if_not_exists=True,
    )
    # The function, or the refusal, of the trigger that keeps the other columns (see the migration before).
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER finance_invoice_department {_WHEN} WHEN OLD.state = 'posted'"
            " BEGIN SELECT RAISE(ABORT, 'finance: a posted document is not changed'); END"
        )
    else:
        op.execute(
            f"CREATE TRIGGER finance_invoice_department {_WHEN} FOR EACH ROW"
            " EXECUTE FUNCTION finance_invoice_fixed()"
        )


def downgrade() -> None:
    on = "" if op.get_bind().dialect.name == "sqlite" else " ON finance_invoice"
    op.execute(f"DROP TRIGGER finance_invoice_department{on}")
    op.drop_index("ix_finance_invoice_department", table_name="finance_invoice")
    drop_foreign_key(*_KEY)
    for column in ("department", "department_id"):
        op.drop_column("finance_invoice", column)
