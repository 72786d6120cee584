"""What the database itself keeps of the books, by triggers.

- An entry is written, then posted by flipping its flag: only if it balances in base, has two lines, follows the hash of
  the entry before it, and lies in no closed period. From then on neither it nor its lines can be changed or deleted.
- A posted document, its lines and its taxes keep what they say. Payments, allocations, reversals and lock dates are
  only added.
- An allocation is taken off both of its ends, whose CHECKs refuse more than is open.

Locks: the new tables of the migration before; no rows yet.
"""

from __future__ import annotations

from collections.abc import Iterator

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

#: What may still change in rows that are fixed otherwise.
CHANGEABLE = {
    "finance_invoice": {"open", "base_open"},
    "finance_invoice_line": {"credited"},
    "finance_payment": {"open", "base_open"},
}
APPEND_ONLY = ("finance_allocation", "finance_payment_reversal", "finance_lock_date")
GUARDED = (
    "finance_entry",
    "finance_entry_line",
    "finance_invoice",
    "finance_invoice_line",
    "finance_invoice_tax",
    "finance_payment",
    "finance_counter",
    *APPEND_ONLY,
)

#: (name, table, event, condition under which the statement is refused, reason). `{fixed}` are the columns that stay.
REFUSALS = (
    ("entry_born", "finance_entry", "INSERT", "NEW.posted", "an entry is posted after its lines"),
    ("entry_fixed", "finance_entry", "UPDATE", "OLD.posted", "a posted entry is not changed"),
    ("entry_kept", "finance_entry", "DELETE", "OLD.posted", "a posted entry is not deleted"),
    (
        "entry_balanced",
        "finance_entry",
        "UPDATE",
        (
            "NEW.posted AND NOT OLD.posted AND (SELECT COUNT(*) < 2 OR SUM(base_amount) <> 0 FROM finance_entry_line"
            " WHERE entry_id = NEW.id)"
        ),
        "an entry balances and has two lines",
    ),
    (
        "entry_open",
        "finance_entry",
        "UPDATE",
        (
            "NEW.posted AND NOT OLD.posted AND NEW.day <="
            " (SELECT day FROM finance_lock_date ORDER BY id DESC LIMIT 1)"
        ),
        "the books are closed",
    ),
    (
        "entry_chained",
        "finance_entry",
        "UPDATE",
        (
            "NEW.posted AND NOT OLD.posted AND NOT EXISTS (SELECT 1 WHERE NEW.number = 1 AND NEW.previous_hash = '')"
            " AND NOT EXISTS (SELECT 1 FROM finance_entry AS earlier WHERE earlier.journal = NEW.journal"
            " AND earlier.number = NEW.number - 1 AND earlier.hash = NEW.previous_hash)"
        ),
        "an entry follows the one before it",
    ),
    (
        "entry_owned",
        "finance_entry",
        "UPDATE",
        (
            "NEW.posted AND NOT OLD.posted AND EXISTS (SELECT 1 FROM finance_entry_line AS line"
            " JOIN finance_account AS account ON account.id = line.account_id WHERE line.entry_id = NEW.id"
            " AND account.purpose = 'receivable' AND line.customer_id IS NULL)"
        ),
        "a line on receivables names its customer",
    ),
    *(
        (
            f"entry_line_{event.lower()}",
            "finance_entry_line",
            event,
            f"EXISTS (SELECT 1 FROM finance_entry WHERE id = {row}.entry_id AND posted)",  # noqa: S608 - NEW or OLD
            "the lines of a posted entry stay",
        )
        for event, row in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("DELETE", "OLD"))
    ),
    (
        "invoice_fixed",
        "finance_invoice",
        "UPDATE OF {fixed}",
        "OLD.state = 'posted'",
        "a posted document is not changed",
    ),
    ("invoice_kept", "finance_invoice", "DELETE", "OLD.state = 'posted'", "a posted document is not deleted"),
    *(
        (
            f"{table}_{event.partition(' ')[0].lower()}",
            f"finance_{table}",
            event,
            f"EXISTS (SELECT 1 FROM finance_invoice WHERE id = {row}.invoice_id AND state = 'posted')",  # noqa: S608
            "the lines of a posted document stay",
        )
        for table, change in (("invoice_line", "UPDATE OF {fixed}"), ("invoice_tax", "UPDATE"))
        for event, row in (("INSERT", "NEW"), (change, "OLD"), ("DELETE", "OLD"))
    ),
    ("payment_fixed", "finance_payment", "UPDATE OF {fixed}", "1 = 1", "a payment is not changed"),
    ("payment_kept", "finance_payment", "DELETE", "1 = 1", "a payment is not deleted"),
    (
        "payment_free",
        "finance_payment_reversal",
        "INSERT",
        "NOT EXISTS (SELECT 1 FROM finance_payment WHERE id = NEW.payment_id AND open = amount)",
        "a payment is reversed when nothing of it is allocated",
    ),
    (
        "allocation_counter",
        "finance_allocation",
        "INSERT",
        (
            "NEW.undoes_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM finance_allocation AS one"
            " WHERE one.id = NEW.undoes_id AND one.undoes_id IS NULL AND one.invoice_id = NEW.invoice_id"
            " AND COALESCE(one.payment_id, 0) = COALESCE(NEW.payment_id, 0)"
            " AND COALESCE(one.credit_note_id, 0) = COALESCE(NEW.credit_note_id, 0) AND one.amount = -NEW.amount"
            " AND one.base_amount = -NEW.base_amount AND one.base_other = -NEW.base_other)"
        ),
        "a counter row takes back exactly one allocation",
    ),
    (
        "allocation_ends",
        "finance_allocation",
        "INSERT",
        (
            "NOT EXISTS (SELECT 1 FROM finance_invoice WHERE id = NEW.invoice_id AND state = 'posted'"
            " AND kind <> 'credit_note') OR (NEW.credit_note_id IS NOT NULL AND NOT EXISTS"
            " (SELECT 1 FROM finance_invoice WHERE id = NEW.credit_note_id AND state = 'posted'"
            " AND kind = 'credit_note')) OR EXISTS (SELECT 1 FROM finance_payment_reversal"
            " WHERE payment_id = NEW.payment_id)"
        ),
        "an allocation connects a posted invoice with a credit note or a standing payment",
    ),
    *(
        (f"{table.removeprefix('finance_')}_{event.lower()}", table, event, "1 = 1", "rows are only added")
        for table in APPEND_ONLY
        for event in ("UPDATE", "DELETE")
    ),
    ("counter_grows", "finance_counter", "UPDATE", "NEW.last < OLD.last", "a number is not given again"),
    ("counter_kept", "finance_counter", "DELETE", "1 = 1", "a counter is not deleted"),
)

#: (name, table, event, condition, statements): what follows from a row.
EFFECTS = (
    (
        "entry_counted",
        "finance_entry",
        "UPDATE",
        "NEW.posted AND NOT OLD.posted",
        (
            "UPDATE finance_counter SET last_hash = NEW.hash WHERE series = 'journal:' || NEW.journal AND year = 0"
            " AND last = NEW.number;"
        ),
    ),
    (
        "allocation_applied",
        "finance_allocation",
        "INSERT",
        "1 = 1",
        (
            "UPDATE finance_invoice SET open = open - NEW.amount, base_open = base_open - NEW.base_amount"
            " WHERE id = NEW.invoice_id; "
            "UPDATE finance_invoice SET open = open - NEW.amount, base_open = base_open - NEW.base_other"
            " WHERE id = NEW.credit_note_id; "
            "UPDATE finance_payment SET open = open - NEW.amount, base_open = base_open - NEW.base_other"
            " WHERE id = NEW.payment_id;"
        ),
    ),
    (
        "reversal_applied",
        "finance_payment_reversal",
        "INSERT",
        "1 = 1",
        "UPDATE finance_payment SET open = 0, base_open = 0 WHERE id = NEW.payment_id;",
    ),
)


def _fixed(table: str) -> str:
    columns = op.get_bind().dialect.get_columns(op.get_bind(), table)
    changeable = CHANGEABLE.get(table, set())
    return ", ".join(column["name"] for column in columns if column["name"] not in changeable)


def _sqlite() -> Iterator[str]:
    for name, table, event, condition, reason in REFUSALS:
        when = event.format(fixed=_fixed(table)) if "{" in event else event
        yield (
            f"CREATE TRIGGER finance_{name} BEFORE {when} ON {table} WHEN {condition}"
            f" BEGIN SELECT RAISE(ABORT, 'finance: {reason}'); END"
        )
    for name, table, event, condition, statements in EFFECTS:
        yield f"CREATE TRIGGER finance_{name} AFTER {event} ON {table} WHEN {condition} BEGIN {statements} END"


def _postgresql() -> Iterator[str]:
    for name, table, event, condition, reason in REFUSALS:
        when = event.format(fixed=_fixed(table)) if "{" in event else event
        lock = ""
        if table == "finance_entry_line":
            row = "NEW" if event == "INSERT" else "OLD"
            # A parallel flip of the entry is waited for.
            lock = f"PERFORM 1 FROM finance_entry WHERE id = {row}.entry_id FOR SHARE; "
        yield (
            f"CREATE FUNCTION finance_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {lock}"
            f"IF {condition} THEN RAISE EXCEPTION 'finance: {reason}' USING ERRCODE = 'check_violation'; END IF; "
            f"RETURN {'OLD' if event == 'DELETE' else 'NEW'}; END $$"
        )
        yield (
            f"CREATE TRIGGER finance_{name} BEFORE {when} ON {table} FOR EACH ROW"
            f" EXECUTE FUNCTION finance_{name}()"
        )
    for name, table, event, condition, statements in EFFECTS:
        yield (
            f"CREATE FUNCTION finance_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF {condition} THEN {statements} END IF; RETURN NULL; END $$"
        )
        yield (
            f"CREATE TRIGGER finance_{name} AFTER {event} ON {table} FOR EACH ROW"
            f" EXECUTE FUNCTION finance_{name}()"
        )
    yield (
        "CREATE FUNCTION finance_no_truncate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'finance: the books are not emptied' USING ERRCODE = 'check_violation'; END $$"
    )
    for table in GUARDED:
        yield (
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
            " EXECUTE FUNCTION finance_no_truncate()"
        )


def upgrade() -> None:
    statements = _sqlite() if op.get_bind().dialect.name == "sqlite" else _postgresql()
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    connection = op.get_bind()
    names = [(name, table) for name, table, *_rest in (*REFUSALS, *EFFECTS)]
    if connection.dialect.name == "sqlite":
        for name, _table in names:
            connection.exec_driver_sql(f"DROP TRIGGER finance_{name}")
        return
    for name, _table in names:
        connection.exec_driver_sql(f"DROP FUNCTION finance_{name}() CASCADE")
    connection.exec_driver_sql("DROP FUNCTION finance_no_truncate() CASCADE")
