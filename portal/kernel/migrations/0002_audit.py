"""The audit log and its chain: rows are only added, whoever writes.

SQLite's REPLACE deletes rows without asking the triggers of DELETE, unless a connection says so: a row that would take
the place of another one is refused.

Locks: new tables only.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

import portal.kernel.db
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = ("kernel_audit", "kernel_audit_seal")
MESSAGE = "audit: rows are only added"
INDEXED = (
    ("day", ["day", "id"]),
    ("actor_user_id", ["actor_user_id", "id"]),
    ("actor_name", ["actor_name", "id"]),
    ("action", ["action", "id"]),
    ("module", ["module", "id"]),
    ("subject", ["subject", "subject_id", "id"]),
    ("subject_public_id", ["subject_public_id", "id"]),
    ("customer_id", ["customer_id", "id"]),
    ("address", ["address", "id"]),
)


def upgrade() -> None:
    op.create_table(
        "kernel_audit",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("actor_kind", sa.String(10), nullable=False),
        sa.Column("actor_name", sa.String(200), nullable=False),
        sa.Column("actor_user_id", portal.kernel.db.BigInt),
        sa.Column("session_id", portal.kernel.db.BigInt),
        sa.Column("token_id", portal.kernel.db.BigInt),
        sa.Column("viewed_by", sa.String(200)),
        sa.Column("realm", sa.String(10)),
        sa.Column("address", sa.String(64)),
        sa.Column("request_id", sa.String(64)),
        sa.Column("action", sa.String(60), nullable=False),
        sa.Column("module", sa.String(60), nullable=False),
        sa.Column("subject", sa.String(80)),
        sa.Column("subject_id", portal.kernel.db.BigInt),
        sa.Column("subject_public_id", sa.String(26)),
        sa.Column("subject_label", sa.String(200)),
        sa.Column("customer_id", portal.kernel.db.BigInt),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_kernel_audit"),
    )
    for name, columns in INDEXED:
        op.create_index(f"ix_kernel_audit_{name}", "kernel_audit", columns)
    op.create_table(
        "kernel_audit_seal",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("audit_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("sealed_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_kernel_audit_seal"),
        sa.UniqueConstraint("audit_id", name="uq_kernel_audit_seal_audit_id"),
    )
    statements = _sqlite() if op.get_bind().dialect.name == "sqlite" else _postgresql()
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)


def _sqlite() -> Iterator[str]:
    for table in TABLES:
        for event in ("UPDATE", "DELETE"):
            yield (
                f"CREATE TRIGGER {table}_{event.lower()} BEFORE {event} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
            )
        same = f"SELECT 1 FROM {table} WHERE id = NEW.id"  # noqa: S608 - names of this file
        if table == "kernel_audit_seal":
            same += " OR audit_id = NEW.audit_id"
        yield (
            f"CREATE TRIGGER {table}_replace BEFORE INSERT ON {table} WHEN EXISTS ({same})"
            f" BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
        )


def _postgresql() -> Iterator[str]:
    yield (
        "CREATE FUNCTION kernel_audit_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'check_violation'; END $$"
    )
    for table in TABLES:
        yield (
            f"CREATE TRIGGER {table}_fixed BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW"
            " EXECUTE FUNCTION kernel_audit_fixed()"
        )
        yield (
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
            " EXECUTE FUNCTION kernel_audit_fixed()"
        )


def downgrade() -> None:
    op.drop_table("kernel_audit_seal")
    op.drop_table("kernel_audit")
    if op.get_bind().dialect.name != "sqlite":
        op.get_bind().exec_driver_sql("DROP FUNCTION kernel_audit_fixed()")
