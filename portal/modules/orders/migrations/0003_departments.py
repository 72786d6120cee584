"""The customer's department of an order.

Locks: columns without a value of their own on orders_order, and a foreign key for which its rows are looked at once; an
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
    "fk_orders_order_department",
    "orders_order",
    ("customer_id", "department_id"),
    "customers_department",
    ("customer_id", "id"),
)


def upgrade() -> None:
    op.add_column("orders_order", sa.Column("department_id", portal.kernel.db.BigInt, nullable=True))
    op.add_column(
        "orders_order", sa.Column("department", sa.String(length=100), nullable=False, server_default="")
    )
    op.add_column(
        "orders_order", sa.Column("department_folded", sa.Text(), nullable=False, server_default="")
    )
    add_foreign_key(*_KEY)
    op.create_index(
        "ix_orders_order_department",
        "orders_order",
        ["customer_id", "department_id", "id"],
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_index("ix_orders_order_department", table_name="orders_order")
    drop_foreign_key(*_KEY)
    for column in ("department_folded", "department", "department_id"):
        op.drop_column("orders_order", column)
