"""What the database itself keeps of the books, by triggers.

- An entry is written, then posted by flipping its flag: only if it balances in base, has two lines, follows the hash of
  the entry before it, and lies in no closed period. From then on neither it nor its lines can be changed or deleted.
- A posted document, its lines and its taxes keep what they say. Payments, allocations, reversals and lock dates are
  only added.
- An allocation is taken off both of its ends, whose CHECKs refuse more than is open; none lies in a closed period, and
  each follows the hash of the one before it.
- Counters go on by the numbers that are used, and begin no lower than these. Accounts with lines stay what they are.
- SQLite's REPLACE deletes rows without asking the triggers of DELETE, unless a connection says so: a row that would take
  the place of another one is refused, whoever is connected.

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
    "finance_journal",
    *APPEND_ONLY,
)

#: What identifies a row beside its id.
KEYS = {
    "finance_entry": (("public_id",), ("journal", "number"), ("reverses_id",)),
    "finance_entry_line": (("entry_id", "position"),),
    "finance_invoice": (("public_id",), ("number",), ("series", "year", "sequence"), ("entry_id",)),
    "finance_invoice_line": (("invoice_id", "position"),),
    "finance_invoice_tax": (("invoice_id", "key"),),
    "finance_payment": (("public_id",), ("number",), ("entry_id",)),
    "finance_payment_reversal": (("payment_id",), ("entry_id",)),
    "finance_allocation": (("public_id",), ("undoes_id",), ("number",)),
    "finance_lock_date": (),
}

_CLOSED = "NEW.day <= (SELECT day FROM finance_lock_date ORDER BY id DESC LIMIT 1)"


def _owners(event: str, column: str) -> str:
    """What a part belongs to, before and after the statement."""
    rows = {"INSERT": ("NEW",), "DELETE": ("OLD",)}.get(event, ("OLD", "NEW"))
    return ", ".join(f"{row}.{column}" for row in rows)


#: (name, table, event, condition under which the statement is refused, reason). `{fixed}` are the columns that stay.
#: Triggers are BEFORE the event, unless it says AFTER.
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
        f"NEW.posted AND NOT OLD.posted AND {_CLOSED}",
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
            f"EXISTS (SELECT 1 FROM finance_entry WHERE id IN ({_owners(event, 'entry_id')}) AND posted)",  # noqa: S608
            "the lines of a posted entry stay",
        )
        for event in ("INSERT", "UPDATE", "DELETE")
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
            (
                f"EXISTS (SELECT 1 FROM finance_invoice WHERE id IN ({_owners(event, 'invoice_id')})"  # noqa: S608
                " AND state = 'posted')"
            ),
            "the lines of a posted document stay",
        )
        for table, change in (("invoice_line", "UPDATE OF {fixed}"), ("invoice_tax", "UPDATE"))
        for event in ("INSERT", change, "DELETE")
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
    ("allocation_open", "finance_allocation", "INSERT", _CLOSED, "the books are closed"),
    (
        "allocation_chained",
        "finance_allocation",
        "INSERT",
        (
            "NOT EXISTS (SELECT 1 WHERE NEW.number = 1 AND NEW.previous_hash = '')"
            " AND NOT EXISTS (SELECT 1 FROM finance_allocation AS earlier WHERE earlier.number = NEW.number - 1"
            " AND earlier.hash = NEW.previous_hash)"
        ),
        "an allocation follows the one before it",
    ),
    ("counter_grows", "finance_counter", "UPDATE", "NEW.last < OLD.last", "a number is not given again"),
    (
        "counter_steps",
        "finance_counter",
        "UPDATE",
        # Many rows at once are numbered before their counter says so.
        (
            "NEW.last > OLD.last + 1 AND NEW.last - OLD.last <>"
            " (SELECT COUNT(*) FROM finance_entry WHERE journal = substr(NEW.series, 9) AND NEW.year = 0"
            " AND number > OLD.last AND number <= NEW.last)"
            " + (SELECT COUNT(*) FROM finance_invoice WHERE series = NEW.series AND year = NEW.year"
            " AND sequence > OLD.last AND sequence <= NEW.last)"
        ),
        "no number is left out",
    ),
    (
        "counter_dated",
        "finance_counter",
        "UPDATE",
        "OLD.last_date IS NOT NULL AND (NEW.last_date IS NULL OR NEW.last_date < OLD.last_date)",
        "numbers follow the dates",
    ),
    (
        "counter_named",
        "finance_counter",
        "UPDATE",
        "NEW.series <> OLD.series OR NEW.year <> OLD.year",
        "a counter keeps its series",
    ),
    (
        "counter_chained",
        "finance_counter",
        "UPDATE",
        (
            "NEW.last_hash <> OLD.last_hash AND NOT EXISTS (SELECT 1 FROM finance_entry WHERE posted"
            " AND journal = substr(NEW.series, 9) AND number = NEW.last AND hash = NEW.last_hash)"
            " AND NOT EXISTS (SELECT 1 FROM finance_allocation WHERE NEW.series = 'allocations'"
            " AND number = NEW.last AND hash = NEW.last_hash)"
        ),
        "a counter has the hash of its last entry",
    ),
    (
        "counter_begins",
        "finance_counter",
        # Not before it: a number is taken by an upsert, which is an insert until its conflict is found.
        "AFTER INSERT",
        (
            "EXISTS (SELECT 1 FROM finance_entry WHERE journal = substr(NEW.series, 9) AND NEW.year = 0"
            " AND number > NEW.last) OR EXISTS (SELECT 1 FROM finance_invoice WHERE series = NEW.series"
            " AND year = NEW.year AND sequence > NEW.last)"
            " OR EXISTS (SELECT 1 FROM finance_allocation WHERE NEW.series = 'allocations' AND number > NEW.last)"
        ),
        "a number is not given again",
    ),
    ("counter_kept", "finance_counter", "DELETE", "1 = 1", "a counter is not deleted"),
    ("journal_kept", "finance_journal", "DELETE", "1 = 1", "a journal is not deleted"),
    (
        "account_kept",
        "finance_account",
        "UPDATE OF kind, purpose",
        (
            "(NEW.kind <> OLD.kind OR NEW.purpose <> OLD.purpose)"
            " AND EXISTS (SELECT 1 FROM finance_entry_line WHERE account_id = OLD.id)"
        ),
        "an account with entries stays what it is",
    ),
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
            " WHERE id = NEW.payment_id; "
            "UPDATE finance_counter SET last = NEW.number, last_hash = NEW.hash WHERE series = 'allocations'"
            " AND year = 0 AND last = NEW.number - 1;"
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


def _when(table: str, event: str) -> str:
    when = event.format(fixed=_fixed(table)) if "{" in event else event
    return when if when.startswith("AFTER ") else f"BEFORE {when}"


def _replacements() -> Iterator[tuple[str, str, str, str, str]]:
    """Refusals for SQLite alone: rows that would take the place of others."""
    for table, keys in KEYS.items():
        name = table.removeprefix("finance_")
        same = " OR ".join(
            f"({' AND '.join(f'{column} = NEW.{column}' for column in key)})" for key in (("id",), *keys)
        )
        columns = ", ".join(dict.fromkeys(("id", *(column for key in keys for column in key))))
        taken = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 - names of this file
        another = f"EXISTS (SELECT 1 FROM {table} WHERE id <> OLD.id AND ({same}))"  # noqa: S608
        reason = "a row is not replaced"
        yield f"{name}_new", table, "INSERT", taken, reason
        yield f"{name}_moved", table, f"UPDATE OF {columns}", another, reason


def _sqlite() -> Iterator[str]:
    for name, table, event, condition, reason in (*REFUSALS, *_replacements()):
        yield (
            f"CREATE TRIGGER finance_{name} {_when(table, event)} ON {table} WHEN {condition}"
            f" BEGIN SELECT RAISE(ABORT, 'finance: {reason}'); END"
        )
    for name, table, event, condition, statements in EFFECTS:
        yield f"CREATE TRIGGER finance_{name} AFTER {event} ON {table} WHEN {condition} BEGIN {statements} END"


#: The number of PostgreSQL's advisory lock on the lock dates.
_LOCK_DATES = "'finance_lock_date'::regclass::oid::bigint"


def _postgresql() -> Iterator[str]:
    for name, table, event, condition, reason in REFUSALS:
        lock = ""
        if table == "finance_entry_line":
            # A parallel flip of the entry is waited for.
            lock = f"PERFORM 1 FROM finance_entry WHERE id IN ({_owners(event, 'entry_id')}) ORDER BY id FOR SHARE; "
        elif name == "allocation_open":
            # A lock date that is being set is waited for, and waits: an allocation may take no counter.
            lock = f"PERFORM pg_advisory_xact_lock_shared({_LOCK_DATES}); "
        yield (
            f"CREATE FUNCTION finance_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {lock}"
            f"IF {condition} THEN RAISE EXCEPTION 'finance: {reason}' USING ERRCODE = 'check_violation'; END IF; "
            f"RETURN {'OLD' if event == 'DELETE' else 'NEW'}; END $$"
        )
        yield (
            f"CREATE TRIGGER finance_{name} {_when(table, event)} ON {table} FOR EACH ROW"
            f" EXECUTE FUNCTION finance_{name}()"
        )
    yield (
        "CREATE FUNCTION finance_lock_date_alone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" PERFORM pg_advisory_xact_lock({_LOCK_DATES}); RETURN NEW; END $$"
    )
    yield (
        "CREATE TRIGGER finance_lock_date_alone BEFORE INSERT ON finance_lock_date FOR EACH ROW"
        " EXECUTE FUNCTION finance_lock_date_alone()"
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
    names = [name for name, *_rest in (*REFUSALS, *EFFECTS)]
    if connection.dialect.name == "sqlite":
        for name in (*names, *(name for name, *_rest in _replacements())):
            connection.exec_driver_sql(f"DROP TRIGGER finance_{name}")
        return
    for name in (*names, "lock_date_alone", "no_truncate"):
        connection.exec_driver_sql(f"DROP FUNCTION finance_{name}() CASCADE")
