"""Mail, issued documents, and the making of the demo.

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

FROZEN = (
    "id", "public_id", "kind", "about_kind", "about_public_id", "number", "customer_id", "language", "payload",
    "created_at",
)  # fmt: skip
RENDERED = ("sha256", "content", "rendered_at")
MESSAGE = "an issued document cannot be changed or deleted"


def upgrade() -> None:
    op.create_table(
        "ops_mail",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("public_id", sa.String(26), nullable=False),
        sa.Column("message_id", sa.String(255), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.String(500), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text()),
        sa.Column("secret", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(10), nullable=False),
        sa.Column("about", sa.String(200)),
        sa.Column("attachments", sa.Text(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("attempts", portal.kernel.db.BigInt, nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("created_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.Column("sent_at", portal.kernel.db.UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_ops_mail"),
        sa.UniqueConstraint("public_id", name="uq_ops_mail_public_id"),
        sa.UniqueConstraint("message_id", name="uq_ops_mail_message_id"),
    )
    op.create_index("ix_ops_mail_state", "ops_mail", ["state", "id"])
    op.create_table(
        "ops_document",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("public_id", sa.String(26), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("about_kind", sa.String(80), nullable=False),
        sa.Column("about_public_id", sa.String(26), nullable=False),
        sa.Column("number", sa.String(60)),
        sa.Column("customer_id", portal.kernel.db.BigInt),
        sa.Column("language", sa.String(10), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64)),
        sa.Column("content", sa.LargeBinary()),
        sa.Column("created_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.Column("rendered_at", portal.kernel.db.UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_ops_document"),
        sa.UniqueConstraint("public_id", name="uq_ops_document_public_id"),
    )
    op.create_index("ix_ops_document_about", "ops_document", ["about_kind", "about_public_id"])
    op.create_index("ix_ops_document_customer_id", "ops_document", ["customer_id"])
    op.create_table(
        "ops_demo",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("begun_at", portal.kernel.db.UtcDateTime(), nullable=False),
        sa.Column("finished_at", portal.kernel.db.UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_ops_demo"),
    )
    if op.get_bind().dialect.name == "sqlite":
        _sqlite_triggers()
    else:
        _postgresql_triggers()


def _sqlite_triggers() -> None:
    changed = " OR ".join(
        [f"NEW.{name} IS NOT OLD.{name}" for name in FROZEN]
        + [f"(OLD.content IS NOT NULL AND NEW.{name} IS NOT OLD.{name})" for name in RENDERED]
    )
    op.execute(
        f"CREATE TRIGGER ops_document_frozen BEFORE UPDATE ON ops_document WHEN {changed} "
        f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
    )
    op.execute(
        "CREATE TRIGGER ops_document_kept BEFORE DELETE ON ops_document "
        f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
    )


def _postgresql_triggers() -> None:
    changed = " OR ".join(
        [f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in FROZEN]
        + [f"(OLD.content IS NOT NULL AND NEW.{name} IS DISTINCT FROM OLD.{name})" for name in RENDERED]
    )
    op.execute(
        "CREATE FUNCTION ops_document_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER ops_document_frozen BEFORE UPDATE ON ops_document FOR EACH ROW "
        f"WHEN ({changed}) EXECUTE FUNCTION ops_document_refuse()"
    )
    op.execute(
        "CREATE TRIGGER ops_document_kept BEFORE DELETE ON ops_document FOR EACH ROW "
        "EXECUTE FUNCTION ops_document_refuse()"
    )
    op.execute(
        "CREATE TRIGGER ops_document_whole BEFORE TRUNCATE ON ops_document FOR EACH STATEMENT "
        "EXECUTE FUNCTION ops_document_refuse()"
    )


def downgrade() -> None:
    op.drop_table("ops_demo")
    op.drop_table("ops_document")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION ops_document_refuse()")
    op.drop_table("ops_mail")
