"""ledger invoices and payments

Locks: new tables only. The rules of the ledger follow in the next migration.
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
        "finance_account",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=26), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('asset', 'liability', 'equity', 'income', 'expense')",
            name=op.f("ck_finance_account_kind"),
        ),
        sa.CheckConstraint(
            "purpose IN ('general', 'receivable', 'bank')", name=op.f("ck_finance_account_purpose")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finance_account")),
        sa.UniqueConstraint("number", name=op.f("uq_finance_account_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_finance_account_public_id")),
    )
    op.create_table(
        "finance_counter",
        sa.Column("series", sa.String(length=20), nullable=False),
        sa.Column(
            "year", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("last", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_date", sa.Date(), nullable=True),
        sa.Column("last_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("series", "year", name=op.f("pk_finance_counter")),
    )
    op.create_table(
        "finance_journal",
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_finance_journal")),
    )
    op.create_table(
        "finance_lock_date",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("set_at", portal.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finance_lock_date")),
    )
    op.create_table(
        "finance_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=26), nullable=False),
        sa.Column("journal", sa.String(length=10), nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("text", sa.String(length=300), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("document", sa.String(length=60), nullable=False),
        sa.Column("document_digest", sa.String(length=64), nullable=False),
        sa.Column("reverses_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("posted", sa.Boolean(), nullable=False),
        sa.Column("posted_at", portal.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("posted_by", sa.String(length=200), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["journal"], ["finance_journal.code"], name=op.f("fk_finance_entry_journal")),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["finance_entry.id"], name=op.f("fk_finance_entry_reverses_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finance_entry")),
        sa.UniqueConstraint("journal", "number", name=op.f("uq_finance_entry_journal_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_finance_entry_public_id")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_finance_entry_reverses_id")),
    )
    op.create_index("ix_finance_entry_day", "finance_entry", ["day", "id"], unique=False)
    op.create_index("ix_finance_entry_document", "finance_entry", ["document"], unique=False)
    op.create_table(
        "finance_posting_rule",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=26), nullable=False),
        sa.Column("tax_key", sa.String(length=30), nullable=False),
        sa.Column("tax_class", sa.String(length=30), nullable=False),
        sa.Column("position", sa.String(length=20), nullable=False),
        sa.Column("revenue_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tax_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("receivable_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["receivable_id"], ["finance_account.id"], name=op.f("fk_finance_posting_rule_receivable_id")
        ),
        sa.ForeignKeyConstraint(
            ["revenue_id"], ["finance_account.id"], name=op.f("fk_finance_posting_rule_revenue_id")
        ),
        sa.ForeignKeyConstraint(
            ["tax_id"], ["finance_account.id"], name=op.f("fk_finance_posting_rule_tax_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finance_posting_rule")),
        sa.UniqueConstraint("public_id", name=op.f("uq_finance_posting_rule_public_id")),
        sa.UniqueConstraint(
            "tax_key",
            "tax_class",
            "position",
            name=op.f("uq_finance_posting_rule_tax_key_tax_class_position"),
        ),
    )
    op.create_table(
        "finance_entry_line",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("base_amount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("tax_key", sa.String(length=30), nullable=False),
        sa.Column("text", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["finance_account.id"], name=op.f("fk_finance_entry_line_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers_customer.id"], name=op.f("fk_finance_entry_line_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["finance_entry.id"], name=op.f("fk_finance_entry_line_entry_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finance_entry_line")),
        sa.UniqueConstraint("entry_id", "position", name=op.f("uq_finance_entry_line_entry_id_position")),
    )
    op.create_index(
        "ix_finance_entry_line_account_id", "finance_entry_line", ["account_id", "entry_id"], unique=False
    )
    op.create_index(
        "ix_finance_entry_line_customer_id", "finance_entry_line", ["customer_id", "account_id"], unique=False
    )
    op.create_table(
        "finance_invoice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=True),
        sa.Column("series", sa.String(length=20), nullable=True),
        sa.Column("year", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("order_public_id", sa.String(length=26), nullable=False),
        sa.Column("order_number", sa.String(length=40), nullable=False),
        sa.Column("corrects_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("receivable_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("document", sa.String(length=26), nullable=False),
        sa.Column("customer_name", sa.String(length=200), nullable=False),
        sa.Column("customer_number", sa.String(length=40), nullable=False),
        sa.Column("customer_vat_id", sa.String(length=40), nullable=False),
        sa.Column("customer_reference", sa.String(length=100), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("billing_address", sa.Text(), nullable=True),
        sa.Column("delivery_address", sa.Text(), nullable=True),
        sa.Column("contact", sa.String(length=200), nullable=False),
        sa.Column("responsible", sa.String(length=200), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("search_text", sa.String(length=800), nullable=False),
        sa.Column("invoice_date", sa.Date(), nullable=True),
        sa.Column("delivery_date", sa.Date(), nullable=True),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("tax_date", sa.Date(), nullable=False),
        sa.Column("reported_on", sa.Date(), nullable=True),
        sa.Column("payment_days", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("payment_terms", sa.String(length=500), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("exchange_rate", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("policy", sa.String(length=40), nullable=False),
        sa.Column("tax_position", sa.String(length=20), nullable=False),
        sa.Column("net", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tax", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("gross", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("base_net", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("base_tax", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("base_gross", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("open", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("base_open", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", portal.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("posted_at", portal.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("posted_by", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "(kind = 'credit_note') = (corrects_id IS NOT NULL)", name=op.f("ck_finance_invoice_corrects")
        ),
        sa.CheckConstraint(
            "(state = 'posted') = (number IS NOT NULL) AND (state = 'posted') = (posted_at IS NOT NULL) AND (state = 'draft') = (invoice_date IS NULL)",
            name=op.f("ck_finance_invoice_posted"),
        ),
        sa.CheckConstraint(
            "kind IN ('invoice', 'credit_note', 'opening')", name=op.f("ck_finance_invoice_kind")
        ),
        sa.CheckConstraint("state = 'draft' OR entry_id IS NOT NULL", name=op.f("ck_finance_invoice_entry")),
        sa.CheckConstraint("state IN ('draft', 'posted')", name=op.f("ck_finance_invoice_state")),
        sa.CheckConstraint("base_gross = base_net + base_tax", name=op.f("ck_finance_invoice_base_gross")),
        sa.CheckConstraint(
            "base_open >= 0 AND base_open <= base_gross", name=op.f("ck_finance_invoice_base_open")
        ),
        sa.CheckConstraint("exchange_rate > 0", name=op.f("ck_finance_invoice_exchange_rate")),
        sa.CheckConstraint(
            "gross = net + tax AND net >= 0 AND tax >= 0", name=op.f("ck_finance_invoice_gross")
        ),
        sa.CheckConstraint("open <> 0 OR base_open = 0", name=op.f("ck_finance_invoice_settled")),
        sa.CheckConstraint("open >= 0 AND open <= gross", name=op.f("ck_finance_invoice_open")),
        sa.ForeignKeyConstraint(
            ["customer_id", "corrects_id", "currency"],
            ["finance_invoice.customer_id", "finance_invoice.id", "finance_invoice.currency"],
            name="fk_finance_invoice_corrects",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers_customer.id"], name=op.f("fk_finance_invoice_customer_id")
        ),
        sa.ForeignKeyConstraint(["entry_id"], ["finance_entry.id"], name=op.f("fk_finance_invoice_entry_id")),
        sa.ForeignKeyConstraint(
            ["receivable_id"], ["finance_account.id"], name=op.f("fk_finance_invoice_receivable_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finance_invoice")),
        sa.UniqueConstraint("customer_id", "id", "currency", name="uq_finance_invoice_currency"),
        sa.UniqueConstraint("customer_id", "id", name=op.f("uq_finance_invoice_customer_id_id")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_finance_invoice_entry_id")),
        sa.UniqueConstraint("number", name=op.f("uq_finance_invoice_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_finance_invoice_public_id")),
        sa.UniqueConstraint(
            "series", "year", "sequence", name=op.f("uq_finance_invoice_series_year_sequence")
        ),
    )
    op.create_index("ix_finance_invoice_created_at", "finance_invoice", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_finance_invoice_customer_id",
        "finance_invoice",
        ["customer_id", "invoice_date", "id"],
        unique=False,
    )
    op.create_index(
        "ix_finance_invoice_customer_name", "finance_invoice", ["customer_name", "id"], unique=False
    )
    op.create_index("ix_finance_invoice_due_date", "finance_invoice", ["due_date", "id"], unique=False)
    op.create_index("ix_finance_invoice_gross", "finance_invoice", ["gross", "id"], unique=False)
    op.create_index(
        "ix_finance_invoice_invoice_date", "finance_invoice", ["invoice_date", "id"], unique=False
    )
    op.create_index(
        "ix_finance_invoice_open",
        "finance_invoice",
        ["due_date", "id"],
        unique=False,
        sqlite_where=sa.text("open > 0"),
        postgresql_where=sa.text("open > 0"),
    )
    op.create_index("ix_finance_invoice_order_id", "finance_invoice", ["order_id"], unique=False)
    op.create_index("ix_finance_invoice_state", "finance_invoice", ["state", "id"], unique=False)
    op.create_table(
        "finance_payment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=26), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_name", sa.String(length=200), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reference", sa.String(length=140), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("exchange_rate", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("base_amount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("open", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("base_open", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("receivable_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("search_text", sa.String(length=500), nullable=False),
        sa.Column("created_at", portal.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.CheckConstraint("amount > 0 AND base_amount >= 0", name=op.f("ck_finance_payment_amount")),
        sa.CheckConstraint(
            "base_open >= 0 AND base_open <= base_amount", name=op.f("ck_finance_payment_base_open")
        ),
        sa.CheckConstraint("exchange_rate > 0", name=op.f("ck_finance_payment_exchange_rate")),
        sa.CheckConstraint("open <> 0 OR base_open = 0", name=op.f("ck_finance_payment_used")),
        sa.CheckConstraint("open >= 0 AND open <= amount", name=op.f("ck_finance_payment_open")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["finance_account.id"], name=op.f("fk_finance_payment_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers_customer.id"], name=op.f("fk_finance_payment_customer_id")
        ),
        sa.ForeignKeyConstraint(["entry_id"], ["finance_entry.id"], name=op.f("fk_finance_payment_entry_id")),
        sa.ForeignKeyConstraint(
            ["receivable_id"], ["finance_account.id"], name=op.f("fk_finance_payment_receivable_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finance_payment")),
        sa.UniqueConstraint("customer_id", "id", "currency", name="uq_finance_payment_currency"),
        sa.UniqueConstraint("customer_id", "id", name=op.f("uq_finance_payment_customer_id_id")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_finance_payment_entry_id")),
        sa.UniqueConstraint("number", name=op.f("uq_finance_payment_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_finance_payment_public_id")),
    )
    op.create_index("ix_finance_payment_amount", "finance_payment", ["amount", "id"], unique=False)
    op.create_index(
        "ix_finance_payment_customer_id", "finance_payment", ["customer_id", "day", "id"], unique=False
    )
    op.create_index(
        "ix_finance_payment_customer_name", "finance_payment", ["customer_name", "id"], unique=False
    )
    op.create_index("ix_finance_payment_day", "finance_payment", ["day", "id"], unique=False)
    op.create_table(
        "finance_allocation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=26), nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("invoice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("credit_note_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("base_amount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("base_other", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("undoes_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", portal.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "(amount > 0) = (undoes_id IS NULL) AND amount <> 0", name=op.f("ck_finance_allocation_amount")
        ),
        sa.CheckConstraint(
            "(payment_id IS NULL) <> (credit_note_id IS NULL)", name=op.f("ck_finance_allocation_other")
        ),
        sa.CheckConstraint(
            "base_amount = base_other OR entry_id IS NOT NULL", name=op.f("ck_finance_allocation_difference")
        ),
        sa.CheckConstraint(
            "undoes_id IS NOT NULL OR (base_amount >= 0 AND base_other >= 0)",
            name=op.f("ck_finance_allocation_base_amount"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "credit_note_id", "currency"],
            ["finance_invoice.customer_id", "finance_invoice.id", "finance_invoice.currency"],
            name="fk_finance_allocation_credit_note",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "invoice_id", "currency"],
            ["finance_invoice.customer_id", "finance_invoice.id", "finance_invoice.currency"],
            name="fk_finance_allocation_invoice",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "payment_id", "currency"],
            ["finance_payment.customer_id", "finance_payment.id", "finance_payment.currency"],
            name="fk_finance_allocation_payment",
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["finance_entry.id"], name=op.f("fk_finance_allocation_entry_id")
        ),
        sa.ForeignKeyConstraint(
            ["undoes_id"], ["finance_allocation.id"], name=op.f("fk_finance_allocation_undoes_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finance_allocation")),
        sa.UniqueConstraint("number", name=op.f("uq_finance_allocation_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_finance_allocation_public_id")),
        sa.UniqueConstraint("undoes_id", name=op.f("uq_finance_allocation_undoes_id")),
    )
    op.create_index(
        "ix_finance_allocation_credit_note_id", "finance_allocation", ["credit_note_id", "day"], unique=False
    )
    op.create_index(
        "ix_finance_allocation_customer_id", "finance_allocation", ["customer_id", "day"], unique=False
    )
    op.create_index("ix_finance_allocation_entry_id", "finance_allocation", ["entry_id"], unique=False)
    op.create_index(
        "ix_finance_allocation_invoice_id", "finance_allocation", ["invoice_id", "day"], unique=False
    )
    op.create_index(
        "ix_finance_allocation_payment_id", "finance_allocation", ["payment_id", "day"], unique=False
    )
    op.create_table(
        "finance_invoice_line",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("invoice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("corrects_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("sku", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("quantity", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_price", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("discount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tax_class", sa.String(length=30), nullable=False),
        sa.Column("tax_category", sa.String(length=4), nullable=False),
        sa.Column("rates", sa.Text(), nullable=False),
        sa.Column("exemption", sa.Text(), nullable=False),
        sa.Column("net", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tax", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("gross", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("credited", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "credited >= 0 AND credited <= quantity", name=op.f("ck_finance_invoice_line_credited")
        ),
        sa.CheckConstraint("gross = net + tax", name=op.f("ck_finance_invoice_line_gross")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_finance_invoice_line_quantity")),
        sa.ForeignKeyConstraint(
            ["customer_id", "corrects_id"],
            ["finance_invoice_line.customer_id", "finance_invoice_line.id"],
            name="fk_finance_invoice_line_corrects",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "invoice_id"],
            ["finance_invoice.customer_id", "finance_invoice.id"],
            name=op.f("fk_finance_invoice_line_customer_id_invoice_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finance_invoice_line")),
        sa.UniqueConstraint("customer_id", "id", name=op.f("uq_finance_invoice_line_customer_id_id")),
        sa.UniqueConstraint(
            "invoice_id", "position", name=op.f("uq_finance_invoice_line_invoice_id_position")
        ),
    )
    op.create_index(
        "ix_finance_invoice_line_corrects_id", "finance_invoice_line", ["corrects_id"], unique=False
    )
    op.create_index(
        "ix_finance_invoice_line_order_line_id", "finance_invoice_line", ["order_line_id"], unique=False
    )
    op.create_table(
        "finance_invoice_tax",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("invoice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=30), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("category", sa.String(length=4), nullable=False),
        sa.Column("exemption", sa.Text(), nullable=False),
        sa.Column("percent", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("base", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("base_base", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("base_amount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id", "invoice_id"],
            ["finance_invoice.customer_id", "finance_invoice.id"],
            name=op.f("fk_finance_invoice_tax_customer_id_invoice_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finance_invoice_tax")),
        sa.UniqueConstraint("invoice_id", "key", name=op.f("uq_finance_invoice_tax_invoice_id_key")),
    )
    op.create_table(
        "finance_payment_reversal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", portal.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["finance_entry.id"], name=op.f("fk_finance_payment_reversal_entry_id")
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["finance_payment.id"], name=op.f("fk_finance_payment_reversal_payment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finance_payment_reversal")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_finance_payment_reversal_entry_id")),
        sa.UniqueConstraint("payment_id", name=op.f("uq_finance_payment_reversal_payment_id")),
    )
    op.bulk_insert(
        sa.table("finance_journal", sa.column("code", sa.String), sa.column("name", sa.String)),
        [
            {"code": "sales", "name": "Sales"},
            {"code": "bank", "name": "Bank"},
            {"code": "general", "name": "General"},
            {"code": "opening", "name": "Opening balances"},
        ],
    )
    op.create_index(
        "ix_finance_invoice_tax_customer_id",
        "finance_invoice_tax",
        ["customer_id", "invoice_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_finance_invoice_tax_customer_id", table_name="finance_invoice_tax")
    op.drop_table("finance_payment_reversal")
    op.drop_table("finance_invoice_tax")
    op.drop_index("ix_finance_invoice_line_order_line_id", table_name="finance_invoice_line")
    op.drop_index("ix_finance_invoice_line_corrects_id", table_name="finance_invoice_line")
    op.drop_table("finance_invoice_line")
    op.drop_index("ix_finance_allocation_payment_id", table_name="finance_allocation")
    op.drop_index("ix_finance_allocation_invoice_id", table_name="finance_allocation")
    op.drop_index("ix_finance_allocation_entry_id", table_name="finance_allocation")
    op.drop_index("ix_finance_allocation_customer_id", table_name="finance_allocation")
    op.drop_index("ix_finance_allocation_credit_note_id", table_name="finance_allocation")
    op.drop_table("finance_allocation")
    op.drop_index("ix_finance_payment_day", table_name="finance_payment")
    op.drop_index("ix_finance_payment_customer_name", table_name="finance_payment")
    op.drop_index("ix_finance_payment_customer_id", table_name="finance_payment")
    op.drop_index("ix_finance_payment_amount", table_name="finance_payment")
    op.drop_table("finance_payment")
    op.drop_index("ix_finance_invoice_state", table_name="finance_invoice")
    op.drop_index("ix_finance_invoice_order_id", table_name="finance_invoice")
    op.drop_index(
        "ix_finance_invoice_open",
        table_name="finance_invoice",
        sqlite_where=sa.text("open > 0"),
        postgresql_where=sa.text("open > 0"),
    )
    op.drop_index("ix_finance_invoice_invoice_date", table_name="finance_invoice")
    op.drop_index("ix_finance_invoice_gross", table_name="finance_invoice")
    op.drop_index("ix_finance_invoice_due_date", table_name="finance_invoice")
    op.drop_index("ix_finance_invoice_customer_name", table_name="finance_invoice")
    op.drop_index("ix_finance_invoice_customer_id", table_name="finance_invoice")
    op.drop_index("ix_finance_invoice_created_at", table_name="finance_invoice")
    op.drop_table("finance_invoice")
    op.drop_index("ix_finance_entry_line_customer_id", table_name="finance_entry_line")
    op.drop_index("ix_finance_entry_line_account_id", table_name="finance_entry_line")
    op.drop_table("finance_entry_line")
    op.drop_table("finance_posting_rule")
    op.drop_index("ix_finance_entry_document", table_name="finance_entry")
    op.drop_index("ix_finance_entry_day", table_name="finance_entry")
    op.drop_table("finance_entry")
    op.drop_table("finance_lock_date")
    op.drop_table("finance_journal")
    op.drop_table("finance_counter")
    op.drop_table("finance_account")
