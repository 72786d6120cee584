"""Orders, lines, sent revisions, deliveries, timelines, comments.

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


def upgrade() -> None:
    op.create_table(
        "orders_order",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("public_id", sa.String(length=26), nullable=False),
        sa.Column("number", sa.String(length=30), nullable=False),
        sa.Column("customer_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("delivery", sa.String(length=8), nullable=False),
        sa.Column("billing", sa.String(length=8), nullable=False),
        sa.Column("paid", sa.Boolean(), nullable=False),
        sa.Column("visible", sa.Boolean(), nullable=False),
        sa.Column("awaiting_answer", sa.Boolean(), nullable=False),
        sa.Column("revision", portal.kernel.db.BigInt, nullable=False),
        sa.Column("offered_revision", portal.kernel.db.BigInt, nullable=True),
        sa.Column("offered_gross", portal.kernel.db.BigInt, nullable=True),
        sa.Column("version", portal.kernel.db.BigInt, nullable=False),
        sa.Column("ordered_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("requested_on", sa.Date(), nullable=True),
        sa.Column("promised_on", sa.Date(), nullable=True),
        sa.Column("confirmed_on", sa.Date(), nullable=True),
        sa.Column("delivered_on", sa.Date(), nullable=True),
        sa.Column("customer_name", sa.String(length=200), nullable=False),
        sa.Column("customer_number", sa.String(length=40), nullable=False),
        sa.Column("customer_vat_id", sa.String(length=40), nullable=False),
        sa.Column("customer_email", sa.String(length=254), nullable=False),
        sa.Column("customer_reference", sa.String(length=100), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("billing_address", sa.Text(), nullable=True),
        sa.Column("delivery_address", sa.Text(), nullable=True),
        sa.Column("contact", sa.String(length=200), nullable=False),
        sa.Column("responsible", sa.String(length=200), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("reference_folded", sa.Text(), nullable=False),
        sa.Column("responsible_folded", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("policy", sa.String(length=40), nullable=False),
        sa.Column("payment_days", portal.kernel.db.BigInt, nullable=False),
        sa.Column("payment_terms", sa.String(length=500), nullable=False),
        sa.Column("bill_on", sa.String(length=12), nullable=False),
        sa.Column("tax_position", sa.String(length=20), nullable=False),
        sa.Column("taxes", sa.Text(), nullable=False),
        sa.Column("exchange_rate", portal.kernel.db.BigInt, nullable=False),
        sa.Column("net", portal.kernel.db.BigInt, nullable=False),
        sa.Column("tax", portal.kernel.db.BigInt, nullable=False),
        sa.Column("gross", portal.kernel.db.BigInt, nullable=False),
        sa.Column("base_gross", portal.kernel.db.BigInt, nullable=False),
        sa.Column("accepted_at", portal.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("accepted_by", sa.String(length=200), nullable=True),
        sa.Column("accepted_user_id", portal.kernel.db.BigInt, nullable=True),
        sa.Column("accepted_revision", portal.kernel.db.BigInt, nullable=True),
        sa.Column("created_at", portal.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_kind", sa.String(length=10), nullable=False),
        sa.Column("created_action", sa.String(length=20), nullable=False),
        sa.CheckConstraint(
            "bill_on IN ('confirmation', 'delivery', 'hand')", name=op.f("ck_orders_order_bill_on")
        ),
        sa.CheckConstraint(
            "billing IN ('none', 'partly', 'fully', 'settled')", name=op.f("ck_orders_order_billing")
        ),
        sa.CheckConstraint("delivery IN ('none', 'partly', 'fully')", name=op.f("ck_orders_order_delivery")),
        sa.CheckConstraint(
            "state IN ('requested', 'quotation', 'sent', 'accepted', 'declined', 'expired', 'withdrawn', 'confirmed', 'closed', 'cancelled')",
            name=op.f("ck_orders_order_state"),
        ),
        sa.CheckConstraint("exchange_rate > 0", name=op.f("ck_orders_order_exchange_rate")),
        sa.CheckConstraint("gross = net + tax", name=op.f("ck_orders_order_gross")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_orders_order_revision")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers_customer.id"], name=op.f("fk_orders_order_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders_order")),
        sa.UniqueConstraint("customer_id", "id", name=op.f("uq_orders_order_customer_id_id")),
        sa.UniqueConstraint("number", name=op.f("uq_orders_order_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_orders_order_public_id")),
    )
    op.create_index("ix_orders_order_billing", "orders_order", ["billing", "id"], unique=False)
    op.create_index("ix_orders_order_customer_name", "orders_order", ["customer_name", "id"], unique=False)
    op.create_index(
        "ix_orders_order_customer_reference",
        "orders_order",
        ["customer_id", "customer_reference"],
        unique=False,
    )
    op.create_index("ix_orders_order_delivery", "orders_order", ["delivery", "id"], unique=False)
    op.create_index("ix_orders_order_gross", "orders_order", ["gross", "id"], unique=False)
    op.create_index("ix_orders_order_ordered_on", "orders_order", ["ordered_on", "id"], unique=False)
    op.create_index("ix_orders_order_requested_on", "orders_order", ["requested_on", "id"], unique=False)
    op.create_index("ix_orders_order_promised_on", "orders_order", ["promised_on", "id"], unique=False)
    op.create_index("ix_orders_order_responsible", "orders_order", ["responsible", "id"], unique=False)
    op.create_index("ix_orders_order_state", "orders_order", ["state", "id"], unique=False)
    op.create_table(
        "orders_comment",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("order_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("customer_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("visible", sa.Boolean(), nullable=False),
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("user_id", portal.kernel.db.BigInt, nullable=True),
        sa.Column("at", portal.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id", "order_id"],
            ["orders_order.customer_id", "orders_order.id"],
            name=op.f("fk_orders_comment_customer_id_order_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders_comment")),
    )
    op.create_index("ix_orders_comment_order_id", "orders_comment", ["order_id"], unique=False)
    op.create_table(
        "orders_delivery",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("public_id", sa.String(length=26), nullable=False),
        sa.Column("number", sa.String(length=30), nullable=False),
        sa.Column("order_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("customer_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("delivered_on", sa.Date(), nullable=False),
        sa.Column("undoes_id", portal.kernel.db.BigInt, nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("document", sa.String(length=26), nullable=True),
        sa.Column("created_at", portal.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id", "order_id", "undoes_id"],
            ["orders_delivery.customer_id", "orders_delivery.order_id", "orders_delivery.id"],
            name=op.f("fk_orders_delivery_customer_id_order_id_undoes_id"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "order_id"],
            ["orders_order.customer_id", "orders_order.id"],
            name=op.f("fk_orders_delivery_customer_id_order_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders_delivery")),
        sa.UniqueConstraint(
            "customer_id", "order_id", "id", name=op.f("uq_orders_delivery_customer_id_order_id_id")
        ),
        sa.UniqueConstraint("number", name=op.f("uq_orders_delivery_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_orders_delivery_public_id")),
        sa.UniqueConstraint("undoes_id", name=op.f("uq_orders_delivery_undoes_id")),
    )
    op.create_index("ix_orders_delivery_order_id", "orders_delivery", ["order_id"], unique=False)
    op.create_table(
        "orders_event",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("order_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("customer_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("document", sa.String(length=26), nullable=True),
        sa.Column("visible", sa.Boolean(), nullable=False),
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("user_id", portal.kernel.db.BigInt, nullable=True),
        sa.Column("at", portal.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id", "order_id"],
            ["orders_order.customer_id", "orders_order.id"],
            name=op.f("fk_orders_event_customer_id_order_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders_event")),
    )
    op.create_index("ix_orders_event_order_id", "orders_event", ["order_id"], unique=False)
    op.create_table(
        "orders_line",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("order_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("customer_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("key", portal.kernel.db.BigInt, nullable=False),
        sa.Column("position", portal.kernel.db.BigInt, nullable=False),
        sa.Column("product_id", portal.kernel.db.BigInt, nullable=True),
        sa.Column("product_public_id", sa.String(length=26), nullable=False),
        sa.Column("sku", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("service", sa.Boolean(), nullable=False),
        sa.Column("quantity", portal.kernel.db.BigInt, nullable=False),
        sa.Column("unit_price", portal.kernel.db.BigInt, nullable=False),
        sa.Column("discount", portal.kernel.db.BigInt, nullable=False),
        sa.Column("price_source", sa.String(length=200), nullable=False),
        sa.Column("tax_class", sa.String(length=40), nullable=False),
        sa.Column("tax_category", sa.String(length=4), nullable=False),
        sa.Column("rates", sa.Text(), nullable=False),
        sa.Column("exemption", sa.Text(), nullable=False),
        sa.Column("net", portal.kernel.db.BigInt, nullable=False),
        sa.Column("tax", portal.kernel.db.BigInt, nullable=False),
        sa.Column("gross", portal.kernel.db.BigInt, nullable=False),
        sa.Column("delivered", portal.kernel.db.BigInt, nullable=False),
        sa.Column("invoiced", portal.kernel.db.BigInt, nullable=False),
        sa.Column("cancelled", portal.kernel.db.BigInt, nullable=False),
        sa.CheckConstraint("cancelled >= 0", name=op.f("ck_orders_line_cancelled")),
        sa.CheckConstraint(
            "delivered >= 0 AND delivered <= quantity - cancelled", name=op.f("ck_orders_line_delivered")
        ),
        sa.CheckConstraint("discount >= 0 AND discount <= 100000000", name=op.f("ck_orders_line_discount")),
        sa.CheckConstraint("gross = net + tax", name=op.f("ck_orders_line_gross")),
        sa.CheckConstraint(
            "invoiced >= 0 AND invoiced <= quantity - cancelled", name=op.f("ck_orders_line_invoiced")
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_orders_line_quantity")),
        sa.ForeignKeyConstraint(
            ["customer_id", "order_id"],
            ["orders_order.customer_id", "orders_order.id"],
            name=op.f("fk_orders_line_customer_id_order_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders_line")),
        sa.UniqueConstraint(
            "customer_id", "order_id", "id", name=op.f("uq_orders_line_customer_id_order_id_id")
        ),
        sa.UniqueConstraint("order_id", "key", name=op.f("uq_orders_line_order_id_key")),
        sa.UniqueConstraint("order_id", "position", name=op.f("uq_orders_line_order_id_position")),
    )
    op.create_table(
        "orders_revision",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("order_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("customer_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("revision", portal.kernel.db.BigInt, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("document", sa.String(length=26), nullable=False),
        sa.Column("sent_at", portal.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id", "order_id"],
            ["orders_order.customer_id", "orders_order.id"],
            name=op.f("fk_orders_revision_customer_id_order_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders_revision")),
        sa.UniqueConstraint("order_id", "revision", name=op.f("uq_orders_revision_order_id_revision")),
    )
    op.create_table(
        "orders_delivery_line",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("customer_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("order_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("delivery_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("line_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("quantity", portal.kernel.db.BigInt, nullable=False),
        sa.CheckConstraint("quantity <> 0", name=op.f("ck_orders_delivery_line_quantity")),
        sa.ForeignKeyConstraint(
            ["customer_id", "order_id", "delivery_id"],
            ["orders_delivery.customer_id", "orders_delivery.order_id", "orders_delivery.id"],
            name="fk_orders_delivery_line_delivery",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "order_id", "line_id"],
            ["orders_line.customer_id", "orders_line.order_id", "orders_line.id"],
            name="fk_orders_delivery_line_line",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders_delivery_line")),
        sa.UniqueConstraint(
            "delivery_id", "line_id", name=op.f("uq_orders_delivery_line_delivery_id_line_id")
        ),
    )
    op.create_index("ix_orders_delivery_line_line_id", "orders_delivery_line", ["line_id"], unique=False)
    op.create_index(
        "ix_orders_comment_customer_id", "orders_comment", ["customer_id", "order_id"], unique=False
    )
    op.create_index("ix_orders_event_customer_id", "orders_event", ["customer_id", "order_id"], unique=False)
    op.create_index(
        "ix_orders_revision_customer_id", "orders_revision", ["customer_id", "order_id"], unique=False
    )
    op.create_index(
        "ix_orders_delivery_line_customer_id",
        "orders_delivery_line",
        ["customer_id", "delivery_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_orders_delivery_line_customer_id", table_name="orders_delivery_line")
    op.drop_index("ix_orders_revision_customer_id", table_name="orders_revision")
    op.drop_index("ix_orders_event_customer_id", table_name="orders_event")
    op.drop_index("ix_orders_comment_customer_id", table_name="orders_comment")
    op.drop_index("ix_orders_delivery_line_line_id", table_name="orders_delivery_line")
    op.drop_table("orders_delivery_line")
    op.drop_table("orders_revision")
    op.drop_table("orders_line")
    op.drop_index("ix_orders_event_order_id", table_name="orders_event")
    op.drop_table("orders_event")
    op.drop_index("ix_orders_delivery_order_id", table_name="orders_delivery")
    op.drop_table("orders_delivery")
    op.drop_index("ix_orders_comment_order_id", table_name="orders_comment")
    op.drop_table("orders_comment")
    op.drop_index("ix_orders_order_state", table_name="orders_order")
    op.drop_index("ix_orders_order_responsible", table_name="orders_order")
    op.drop_index("ix_orders_order_requested_on", table_name="orders_order")
    op.drop_index("ix_orders_order_promised_on", table_name="orders_order")
    op.drop_index("ix_orders_order_ordered_on", table_name="orders_order")
    op.drop_index("ix_orders_order_gross", table_name="orders_order")
    op.drop_index("ix_orders_order_delivery", table_name="orders_order")
    op.drop_index("ix_orders_order_customer_reference", table_name="orders_order")
    op.drop_index("ix_orders_order_customer_name", table_name="orders_order")
    op.drop_index("ix_orders_order_billing", table_name="orders_order")
    op.drop_table("orders_order")
