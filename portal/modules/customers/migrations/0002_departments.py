"""Departments of accounts, and addresses that belong to one.

That a membership is limited to departments of its own account no key can say, for people stand below customers and keep
the numbers in one column: triggers do, on both databases. A department keeps its account and is never deleted, so that
what was right stays so.

Locks: a new table; a nullable column and a foreign key on customers_address, whose rows are looked at once.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

import portal.kernel.db
from alembic import op
from portal.kernel.schema import add_foreign_key, drop_foreign_key

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ADDRESS = (
    "fk_customers_address_department",
    "customers_address",
    ("customer_id", "department_id"),
    "customers_department",
    ("customer_id", "id"),
)

#: (name, table, event, condition under which the statement is refused, reason); `{each}` are the numbers of a membership.
REFUSALS = (
    *(
        (
            f"member_{event.partition(' ')[0].lower()}",
            "people_membership",
            event,
            (
                "NEW.departments IS NOT NULL AND EXISTS (SELECT 1 FROM {each} WHERE NOT EXISTS (SELECT 1"
                " FROM customers_department AS one WHERE one.customer_id = NEW.customer_id AND one.id = given.value))"
            ),
            "a membership is limited to departments of its account",
        )
        for event in ("INSERT", "UPDATE OF customer_id, departments")
    ),
    ("department_kept", "customers_department", "DELETE", "1 = 1", "a department is not deleted"),
    (
        "department_stays",
        "customers_department",
        "UPDATE OF id, customer_id",
        "NEW.id <> OLD.id OR NEW.customer_id <> OLD.customer_id",
        "a department stays with its account",
    ),
)
_EACH = {
    "sqlite": "json_each('[' || replace(NEW.departments, ' ', ',') || ']') AS given",
    "postgresql": "unnest(string_to_array(NEW.departments, ' ')::bigint[]) AS given (value)",
}


def upgrade() -> None:
    op.create_table(
        "customers_department",
        sa.Column("id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("public_id", sa.String(length=26), nullable=False),
        sa.Column("customer_id", portal.kernel.db.BigInt, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("name_key", sa.String(length=200), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("archived_at", portal.kernel.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers_customer.id"], name=op.f("fk_customers_department_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers_department")),
        sa.UniqueConstraint("customer_id", "id", name=op.f("uq_customers_department_customer_id_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_customers_department_public_id")),
    )
    op.create_index(
        "uq_customers_department_name",
        "customers_department",
        ["customer_id", "name_key"],
        unique=True,
        sqlite_where=sa.text("archived_at IS NULL"),
        postgresql_where=sa.text("archived_at IS NULL"),
    )
    op.add_column("customers_address", sa.Column("department_id", portal.kernel.db.BigInt, nullable=True))
    add_foreign_key(*_ADDRESS)
    for statement in _triggers(op.get_bind().dialect.name):
        op.get_bind().exec_driver_sql(statement)


def _triggers(dialect: str) -> Iterator[str]:
    for name, table, event, wrong, reason in REFUSALS:
        condition = wrong.replace("{each}", _EACH[dialect])
        if dialect == "sqlite":
            yield (
                f"CREATE TRIGGER customers_{name} BEFORE {event} ON {table} WHEN {condition}"
                f" BEGIN SELECT RAISE(ABORT, 'customers: {reason}'); END"
            )
            continue
        yield (
            f"CREATE FUNCTION customers_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition}"
            f" THEN RAISE EXCEPTION 'customers: {reason}' USING ERRCODE = 'foreign_key_violation'; END IF;"
            f" RETURN {'OLD' if event == 'DELETE' else 'NEW'}; END $$"
        )
        yield (
            f"CREATE TRIGGER customers_{name} BEFORE {event} ON {table} FOR EACH ROW"
            f" EXECUTE FUNCTION customers_{name}()"
        )


def downgrade() -> None:
    connection = op.get_bind()
    for name, *_rest in REFUSALS:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"DROP TRIGGER customers_{name}")
        else:
            connection.exec_driver_sql(f"DROP FUNCTION customers_{name}() CASCADE")
    # Without departments they would see the whole account: they are invited again instead.
    op.execute("DELETE FROM people_membership WHERE departments IS NOT NULL")
    drop_foreign_key(*_ADDRESS)
    op.drop_column("customers_address", "department_id")
    op.drop_index("uq_customers_department_name", table_name="customers_department")
    op.drop_table("customers_department")
