"""The second wall between customers: a database role of their own, on PostgreSQL.

Each model says in `__wall__` what a request of a customer may do with its table; nothing, unless it says so. From
that `portal db upgrade` makes a role that cannot log in, its grants, and forced policies. Once the person behind a
request is known to be a customer's, one statement turns the transaction into theirs; all it tells the database ends with
the transaction, so that a pooler may stand in between. A forgotten filter then finds nothing, and a query of the staff's
tables is an error.

What it does not do: it holds back mistakes in our queries, not SQL that somebody managed to smuggle in, which could
tell the database something else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, event, func, select, text
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.orm import Session, SessionTransaction

from portal.kernel.card import Card
from portal.kernel.db import Base, Database
from portal.kernel.errors import BootRefused
from portal.kernel.people import Scope


def _told(setting: str) -> str:
    return f"(string_to_array(current_setting('portal.{setting}', true), ','))::bigint[]"


#: The ids of the customers whose rows may be seen.
CUSTOMERS = _told("customers")
#: Those among them of which the person behind the request sees everything, being limited to no departments.
WHOLE = _told("whole")
#: The departments that they are limited to in the others.
DEPARTMENTS = _told("departments")
#: What a role of PostgreSQL may be called at most.
_NAME_LENGTH = 63


@dataclass(frozen=True, slots=True)
class Wall:
    """What customers' requests may do with a table: with which rows, and of those with which columns (True: all)."""

    #: A condition in SQL; None for a table without rows of anybody's own.
    rows: str | None = None
    #: A condition for further rows that may be read, and nothing else.
    seen: str | None = None
    read: bool | tuple[str, ...] = False
    insert: bool = False
    change: bool | tuple[str, ...] = False
    delete: bool = False


#: Nothing: the company's own.
STAFF = Wall()


def shared(*columns: str) -> Wall:
    """What every customer may read: these columns, or all."""
    return Wall(read=columns or True)


#: For `of_customer(departments=…)`: rows that are not about any department.
EVERYBODY = "true"
#: Rows with a `department_id`.
BY_DEPARTMENT = f"department_id = ANY ({DEPARTMENTS})"


def through(parent: str, key: str) -> str:
    """For `of_customer(departments=…)`: parts of a row of `parent`, which `key` names; whoever may see that sees them.

    The parent's own policy decides, so `key` must not be the name of a column of the parent.
    """
    return f"EXISTS (SELECT FROM {parent} AS parent WHERE parent.id = {key})"


def of_customer(
    *,
    departments: str = "false",
    only: str = "",
    also: str = "",
    seen: str = "",
    read: bool | tuple[str, ...] = True,
    insert: bool = False,
    change: bool | tuple[str, ...] = False,
    delete: bool = False,
) -> Wall:
    """Rows of a customer, by their `customer_id`: that customer's people read them, and may do what is said.

    `departments` is the condition for those of them who are limited to departments: BY_DEPARTMENT, `through(…)`,
    EVERYBODY or SQL; without it the rows are the whole account's. `only` and `also` are conditions that narrow or widen
    which rows, `seen` is one for further rows of the account that may be read and nothing else.
    """
    account = rows = f"customer_id = ANY ({CUSTOMERS})"
    if departments != EVERYBODY:
        rows = f"({rows}) AND (customer_id = ANY ({WHOLE}) OR ({departments}))"
    rows = f"({rows}) AND ({only})" if only else rows
    rows = f"({rows}) OR ({also})" if also else rows
    return Wall(rows, f"({account}) AND ({seen})" if seen else None, read, insert, change, delete)


def the_customer(*, change: bool | tuple[str, ...] = False) -> Wall:
    """The row that is the customer."""
    return Wall(f"id = ANY ({CUSTOMERS})", read=True, change=change)


#: A condition for one-time operations: those of the person behind the request.
OF_PRINCIPAL = "principal = 'user:' || current_setting('portal.user', true)"
#: A condition for what people have of their own, by `user_id`.
OF_PERSON = "user_id = nullif(current_setting('portal.user', true), '')::bigint"


def wall_of(table: str) -> Wall | None:
    """What the model of a table declares; None for one that declares nothing."""
    return _declared().get(table)


def _declared() -> dict[str, Wall | None]:
    return {mapper.local_table.description: mapper.class_.__wall__ for mapper in Base.registry.mappers}


def role_name(database: Database) -> str:
    """The name of the customers' role: as configured, else after the database, for roles belong to the whole server."""
    if database.customers_role:
        return database.customers_role
    name = f"portal_customers_{database.engine.url.database}"
    if len(name.encode()) <= _NAME_LENGTH:
        return name
    return f"portal_customers_{hashlib.sha256(name.encode()).hexdigest()[:32]}"


# --- in a request ------------------------------------------------------------------------------------------

_TOLD = "portal_wall"
_ENTER = select(
    func.set_config("role", bindparam("role"), True),
    func.set_config("portal.customers", bindparam("customers"), True),
    func.set_config("portal.whole", bindparam("whole"), True),
    func.set_config("portal.departments", bindparam("departments"), True),
    func.set_config("portal.user", bindparam("user"), True),
)
_LEAVE = select(func.set_config("role", "none", True))


def enter(session: Session, database: Database, scopes: Iterable[Scope], user: int | None) -> None:
    """Let the session see only what is in these scopes and of this person, from now on in each of its transactions."""
    if database.is_sqlite:
        return
    asked = list(scopes)
    session.info[_TOLD] = {
        "role": role_name(database),
        "customers": _listed(scope.customer_id for scope in asked),
        "whole": _listed(scope.customer_id for scope in asked if scope.is_whole),
        "departments": _listed(one for scope in asked for one in scope.departments or ()),
        "user": "" if user is None else str(user),
    }
    if session.in_transaction():
        session.execute(_ENTER, session.info[_TOLD])


def _listed(ids: Iterable[int]) -> str:
    return ",".join(map(str, sorted(ids)))


def leave(session: Session) -> None:
    """Let the session act as the house again; an error on the way leaves the wall standing."""
    if _TOLD not in session.info:
        return
    if session.in_transaction():
        session.flush()
        session.execute(_LEAVE)
    del session.info[_TOLD]


@contextmanager
def lifted(session: Session) -> Generator[None]:
    """Act as the house for one step of a customer's request: for what concerns people that are not theirs yet.

    Each use is listed in tests/kernel/test_rls.py.
    """
    told = session.info.get(_TOLD)
    leave(session)
    try:
        yield
        session.flush()
    finally:
        if told is not None:
            session.info[_TOLD] = told
            # After an error of the database the transaction is lost, and the next one begins behind the wall.
            with suppress(DBAPIError, PendingRollbackError):
                session.execute(_ENTER, told)


@event.listens_for(Session, "after_begin")
def _begin_inside(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """A transaction that is begun anew (after a refusal) begins behind the wall."""
    if _TOLD in session.info and not transaction.nested:
        connection.execute(_ENTER, session.info[_TOLD])


# --- in the database ---------------------------------------------------------------------------------------

_HOUSE, _OWN, _SEEN = "portal_house", "portal_customers", "portal_customers_seen"
_GRANTS = text(
    "SELECT c.relname, NULL AS attname, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a "
    "WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.grantee = "
    "(SELECT oid FROM pg_roles WHERE rolname = :role) UNION ALL "
    "SELECT c.relname, t.attname, a.privilege_type FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, "
    "aclexplode(t.attacl) a WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' "
    "AND a.grantee = (SELECT oid FROM pg_roles WHERE rolname = :role)"
)
_POLICIES = text(
    "SELECT c.relname, p.polname, c.relrowsecurity AND c.relforcerowsecurity AS forced, obj_description(p.oid) AS said, "
    "md5(concat_ws('|', p.polcmd, p.polpermissive, pg_get_expr(p.polqual, p.polrelid), "
    "pg_get_expr(p.polwithcheck, p.polrelid), p.polroles::regrole[])) AS made "
    "FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = current_schema()::regnamespace"
)
_TABLES = text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
_USABLE = text(
    "SELECT NOT rolcanlogin AND NOT rolsuper AND NOT rolbypassrls AND pg_has_role(session_user, oid, 'MEMBER') "
    "FROM pg_roles WHERE rolname = :role"
)


def lacking(connection: Connection, cards: Sequence[Card], role: str) -> list[str]:
    """What stands in the database otherwise than declared, one sentence each; nothing on SQLite."""
    if connection.dialect.name != "postgresql":
        return []
    if not connection.scalar(_USABLE, {"role": role}):
        return [f"there is no role {role} that customers' requests can take"]
    walls = _standing(connection, cards)
    # Tables of modules that are switched off keep what they have: their data wait as they are.
    granted = {tuple(row) for row in connection.execute(_GRANTS, {"role": role}) if row[0] in walls}
    wanted = {grant for table, wall in walls.items() for grant in _grants(table, wall)}
    found = {(row.relname, row.polname): row for row in connection.execute(_POLICIES)}
    return [
        *(f"{role} lacks {_spoken(grant)}" for grant in sorted(wanted - granted, key=str)),
        *(f"{role} has {_spoken(grant)}" for grant in sorted(granted - wanted, key=str)),
        *(
            f"the policies of {table} are not as declared"
            for table, wall in sorted(walls.items())
            if not _policed(table, wall, found)
        ),
    ]


def build(connection: Connection, cards: Sequence[Card], role: str) -> bool:
    """Make role, grants and policies as declared, in the connection's transaction; says whether anything changed.

    Raises BootRefused when the role is not there and this user may not make it.
    """
    if not lacking(connection, cards, role):
        return False
    name = connection.dialect.identifier_preparer.quote(role)
    _make_role(connection, role, name)
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {_schema(connection)} TO {name}")
    walls = _standing(connection, cards)
    for table in walls:
        connection.exec_driver_sql(f'REVOKE ALL ON TABLE "{table}" FROM {name}')
        for policy in (_HOUSE, _OWN, _SEEN):
            connection.exec_driver_sql(f'DROP POLICY IF EXISTS {policy} ON "{table}"')
    for table, wall in walls.items():
        for statement in _statements(connection, table, wall, name):
            connection.exec_driver_sql(statement)
    found = {(row.relname, row.polname): row.made for row in connection.execute(_POLICIES)}
    for table, wall in walls.items():
        for policy, condition in _conditions(wall).items():
            seal = _seal(condition, found[table, policy])
            connection.exec_driver_sql(f"COMMENT ON POLICY {policy} ON \"{table}\" IS '{seal}'")
    return True


def _schema(connection: Connection) -> str:
    schema = str(connection.scalar(select(func.current_schema())))
    return connection.dialect.identifier_preparer.quote(schema)


def _standing(connection: Connection, cards: Sequence[Card]) -> dict[str, Wall]:
    """The tables of these packages that are in the database, with their walls."""
    prefixes, stored = tuple(card.prefix for card in cards), set(connection.scalars(_TABLES))
    return {
        table: _complete(table, wall or STAFF)
        for table, wall in _declared().items()
        if table in stored and table.startswith(prefixes)
    }


def _complete(table: str, wall: Wall) -> Wall:
    """A table with customers in it has a policy even where they have no right to it."""
    if wall.rows is None and "customer_id" in Base.metadata.tables[table].columns:
        return replace(wall, rows=of_customer().rows)
    return wall


def _conditions(wall: Wall) -> dict[str, str]:
    """The policies for customers' requests with the rows that each lets through."""
    both = {_OWN: wall.rows, _SEEN: wall.seen}
    return {policy: condition for policy, condition in both.items() if condition is not None}


def _grants(table: str, wall: Wall) -> Iterable[tuple[str, str | None, str]]:
    for privilege, allowed in (
        ("SELECT", wall.read),
        ("INSERT", wall.insert),
        ("UPDATE", wall.change),
        ("DELETE", wall.delete),
    ):
        if allowed is True:
            yield table, None, privilege
        elif allowed:
            yield from ((table, column, privilege) for column in allowed)


def _statements(connection: Connection, table: str, wall: Wall, role: str) -> Iterable[str]:
    for _table, column, privilege in _grants(table, wall):
        columns = f' ("{column}")' if column else ""
        yield f'GRANT {privilege}{columns} ON TABLE "{table}" TO {role}'
    sequence = select(func.pg_get_serial_sequence(f'"{table}"', "id"))
    if wall.insert and "id" in Base.metadata.tables[table].columns:
        found = connection.scalar(sequence)
        if found is not None:
            yield f"GRANT USAGE ON SEQUENCE {found} TO {role}"
    switch = "DISABLE" if wall.rows is None else "ENABLE"
    force = "NO FORCE" if wall.rows is None else "FORCE"
    yield f'ALTER TABLE "{table}" {switch} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY'
    if wall.rows is not None:
        yield f'CREATE POLICY {_HOUSE} ON "{table}" TO CURRENT_USER USING (true) WITH CHECK (true)'
        yield f'CREATE POLICY {_OWN} ON "{table}" TO {role} USING ({wall.rows}) WITH CHECK ({wall.rows})'
    if wall.seen is not None:
        yield f'CREATE POLICY {_SEEN} ON "{table}" FOR SELECT TO {role} USING ({wall.seen})'


def _policed(table: str, wall: Wall, found: dict[tuple[str, str], Any]) -> bool:
    here = {name: row for (stored, name), row in found.items() if stored == table}
    wanted = _conditions(wall)
    if not wanted:
        return not here.keys() & {_HOUSE, _OWN, _SEEN}
    return here.keys() == {_HOUSE, *wanted} and all(
        row.forced and (name == _HOUSE or row.said == _seal(wanted[name], row.made))
        for name, row in here.items()
    )


def _seal(condition: str, made: str) -> str:
    """What the policy was made from and how the database keeps it: a change of either shows."""
    return hashlib.sha256(f"{condition}|{made}".encode()).hexdigest()


def _make_role(connection: Connection, role: str, name: str) -> None:
    """Create the role, unless it is there, and let the owner take it; others may do the same at this moment."""
    literal = role.replace("'", "''")
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(
                f"DO $$ BEGIN CREATE ROLE {name} NOLOGIN NOINHERIT; "
                "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
            )
            connection.exec_driver_sql(
                f"DO $$ BEGIN IF NOT pg_has_role(session_user, '{literal}', 'MEMBER') "
                f"THEN GRANT {name} TO SESSION_USER; END IF; END $$"
            )
    except DBAPIError as error:
        raise BootRefused(
            f"the role {role} of customers' requests is not there and cannot be made by this user: let an "
            f"administrator of the server run CREATE ROLE {name} NOLOGIN; GRANT {name} TO the portal's user"
        ) from error


def _spoken(grant: tuple[str, str | None, str]) -> str:
    table, column, privilege = grant
    return f"{privilege} on {table}" + (f".{column}" if column else "")
