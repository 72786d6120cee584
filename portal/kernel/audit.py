"""The audit log: who did what, when, from where, with what was before and after.

Nothing calls it for every act: `Unit.publish` notes each event, and the session notes each row of a recorded table that
is written through it. All notes of a transaction become rows of `kernel_audit` in one statement right before its commit:
what is rolled back is not in the log, and what is committed is. Acts that are no change (a refusal, an export) are noted
in a transaction of their own.

A table is recorded if its rows have a public id, unless its `info` says `{"audit": False}`; one without may say
`{"audit": True}`. The table of customers themselves names its `{"customer": "id"}`. Columns and fields of events that hold secrets or are derived from others are left out by their
names, or by `info`/`metadata` with `{"audit": False}`.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import (
    BinaryExpression,
    BindParameter,
    Date,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    event,
    insert,
    inspect,
)
from sqlalchemy.orm import Mapped, ORMExecuteState, SessionTransaction, mapped_column
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.dml import Delete, Insert, Update

from portal.kernel.db import Base, Id, PortalSession
from portal.kernel.events import Event
from portal.kernel.folding import fold
from portal.kernel.people import SYSTEM, Actor
from portal.kernel.walls import EVERYBODY, STAFF, of_customer

if TYPE_CHECKING:
    from portal.kernel.unit import Unit

#: Where a session keeps its trail.
_TRAIL = "portal_trail"

_NOTHING: tuple[Any, ...] = (None, "", False)

CREATED, CHANGED, DELETED = "created", "changed", "deleted"
SIGN_IN_FAILED, DENIED, REFUSED, EXPORTED = "sign_in_failed", "denied", "refused", "exported"
LEFT_OUT = "refusals_not_noted"

_LONGEST_VALUE = 500
_MOST_ROWS = 200
_SECRET = re.compile(
    r"(^|_)(hash|hashes|digest|secret|secrets|token|tokens|password|sealed|credential|public_key|cookie)$"
    r"|^password(?!_changed_at)|_hash$"
)
_DERIVED = re.compile(
    r"^(search_text|version|changed_at|match_\w+|(name|sku|city|tag)_key)$|_folded$|_digits$"
)
#: What a row is called, the first that it has.
_LABELS = ("number", "name", "email", "title", "role")


class AuditRow(Base):
    """One act. Rows are only added; `kernel_audit_seal` chains them by hashes.

    `subject` is the table of what it was done to, with its id there and its public id where they are known. `realm`,
    `address`, `request_id`, `session_id` and `token_id` say from where, `viewed_by` who looked at the portal as this
    person. `detail` is JSON: `values` of what happened, or `changes` with what was before and after. `day` is that of
    `at` in UTC, `search_text` is folded.
    """

    __tablename__ = "kernel_audit"
    __wall__ = of_customer(departments=EVERYBODY, read=False, insert=True, also="customer_id IS NULL")
    __table_args__ = (
        Index("ix_kernel_audit_day", "day", "id"),
        Index("ix_kernel_audit_actor_user_id", "actor_user_id", "id"),
        Index("ix_kernel_audit_actor_name", "actor_name", "id"),
        Index("ix_kernel_audit_action", "action", "id"),
        Index("ix_kernel_audit_module", "module", "id"),
        Index("ix_kernel_audit_subject", "subject", "subject_id", "id"),
        Index("ix_kernel_audit_subject_public_id", "subject_public_id", "id"),
        Index("ix_kernel_audit_customer_id", "customer_id", "id"),
        Index("ix_kernel_audit_address", "address", "id"),
        {"info": {"audit": False}},
    )

    id: Mapped[Id]
    at: Mapped[datetime]
    day: Mapped[date] = mapped_column(Date)
    actor_kind: Mapped[str] = mapped_column(String(10))
    actor_name: Mapped[str] = mapped_column(String(200))
    actor_user_id: Mapped[int | None]
    session_id: Mapped[int | None]
    token_id: Mapped[int | None]
    viewed_by: Mapped[str | None] = mapped_column(String(200))
    realm: Mapped[str | None] = mapped_column(String(10))
    address: Mapped[str | None] = mapped_column(String(64))
    request_id: Mapped[str | None] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(60))
    module: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str | None] = mapped_column(String(80))
    subject_id: Mapped[int | None]
    subject_public_id: Mapped[str | None] = mapped_column(String(26))
    subject_label: Mapped[str | None] = mapped_column(String(200))
    customer_id: Mapped[int | None]
    detail: Mapped[str] = mapped_column(Text)
    search_text: Mapped[str] = mapped_column(Text)


class AuditSeal(Base):
    """A link of the chain: the row of the log that it seals, the hash before it, and the hash over both."""

    __tablename__ = "kernel_audit_seal"
    __wall__ = STAFF
    __table_args__ = ({"info": {"audit": False}},)

    id: Mapped[Id]
    audit_id: Mapped[int] = mapped_column(unique=True)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    sealed_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an act came from."""

    realm: str | None = None
    address: str | None = None
    request_id: str | None = None
    session_id: int | None = None
    token_id: int | None = None
    viewed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What an act was done to: its table, and how it is known there."""

    table: str
    id: int | None = None
    public_id: str | None = None
    label: str | None = None
    customer_id: int | None = None


@dataclass(slots=True)
class _Note:
    """One row of the log to be."""

    at: datetime
    actor: Actor
    action: str
    module: str
    subject: Subject | None = None
    customer_id: int | None = None
    values: Mapping[str, Any] | None = None
    changes: dict[str, list[Any]] | None = None


@dataclass(slots=True)
class _Trail:
    """What is noted of the transaction under way in a session, and who acts in it from where."""

    actor: Actor = SYSTEM
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    origin: Callable[[], Origin] = Origin
    notes: list[_Note] = field(default_factory=list[_Note])
    #: The notes of rows that were written, so that a row written twice is one note.
    rows: dict[tuple[str, Any], _Note] = field(default_factory=dict[tuple[str, Any], _Note])

    def forget(self) -> None:
        self.notes.clear()
        self.rows.clear()


def _trail(session: PortalSession | Any) -> _Trail:
    found: _Trail | None = session.info.get(_TRAIL)
    if found is None:
        found = session.info[_TRAIL] = _Trail()
    return found


# --- what others say -----------------------------------------------------------------------------------------


def attend(session: Any, actor: Actor, now: Callable[[], datetime]) -> None:
    """Say who acts in a session from now on."""
    trail = _trail(session)
    trail.actor, trail.now = actor, now


def come_from(session: Any, origin: Callable[[], Origin]) -> None:
    """Say where what is done in a session comes from; asked when something is written."""
    _trail(session).origin = origin


def note(
    unit: Unit,
    action: str,
    *,
    module: str,
    subject: Subject | None = None,
    values: Mapping[str, Any] | None = None,
    changes: Mapping[str, tuple[Any, Any]] | None = None,
) -> None:
    """Note an act that publishes no event; `changes` has what was before and after, by name. No secrets."""
    trail = _trail(unit.db)
    both = None if changes is None else {name: list(pair) for name, pair in changes.items()}
    customer_id = None if subject is None else subject.customer_id
    trail.notes.append(_Note(unit.now(), unit.actor, action, module, subject, customer_id, values, both))


def note_event(unit: Unit, happened: Event) -> None:
    """Note an event with its values; `Unit.publish` does."""
    shape = _shape(type(happened))
    values = {name: getattr(happened, name) for name in shape.fields}
    module = unit.house.module_of(type(happened).__module__)
    table, subject_id = _event_subject(module, shape.word, values)
    label = next((str(values[name]) for name in _LABELS if values.get(name)), None)
    public_id = values.get("public_id")
    customer_id = values.get("customer_id")
    subject = None if table is None else Subject(table, subject_id, public_id, label, customer_id)
    _trail(unit.db).notes.append(
        _Note(unit.now(), unit.actor, shape.action, module, subject, customer_id, values)
    )


@dataclass(frozen=True, slots=True)
class _Shape:
    action: str
    word: str
    fields: tuple[str, ...]


@cache
def _shape(kind: type[Event]) -> _Shape:
    words = re.findall(r"[A-Z][a-z0-9]*", kind.__name__)
    fields = tuple(
        one.name
        for one in dataclasses.fields(kind)
        if one.metadata.get("audit", True) and not _SECRET.search(one.name)
    )
    return _Shape("_".join(words).lower()[:60], words[0].lower() if words else "", fields)


def _event_subject(module: str, word: str, values: Mapping[str, Any]) -> tuple[str | None, int | None]:
    """The row that an event is about: `order_id` names one of `orders_order`, else the event's name says which table."""
    tables = Base.metadata.tables
    for name, value in values.items():
        table = f"{module}_{name.removesuffix('_id')}"
        if name.endswith("_id") and isinstance(value, int) and table in tables:
            return table, value
    table = f"{module}_{word}"
    return (table, None) if table in tables else (None, None)


def is_sayable(name: str) -> bool:
    """Whether a value of that name may stand in the log."""
    return not _SECRET.search(name)


# --- what the session says -----------------------------------------------------------------------------------


@cache
def _recorded(table: Table) -> tuple[str, ...] | None:
    """The columns of a table that the log shows, None for a table that is not recorded."""
    if not table.info.get("audit", "public_id" in table.columns):
        return None
    return tuple(
        column.key
        for column in table.columns
        if column.info.get("audit", True)
        and not isinstance(column.type, LargeBinary)
        and not _SECRET.search(column.key)
        and not _DERIVED.search(column.key)
        and column.key not in ("id", "public_id")
    )


@event.listens_for(PortalSession, "after_flush")
def _after_flush(session: PortalSession, _context: object) -> None:
    trail = _trail(session)
    for made in session.new:
        _note_row(trail, made, CREATED)
    for changed in session.dirty:
        _note_row(trail, changed, CHANGED)
    for gone in session.deleted:
        _note_row(trail, gone, DELETED)


def _note_row(trail: _Trail, row: Any, action: str) -> None:
    state = inspect(row)
    table = cast("Table", state.mapper.local_table)
    columns = _recorded(table)
    if columns is None:
        return
    changes: dict[str, list[Any]] = {}
    for name in columns:
        attribute = state.attrs.get(name)
        if attribute is None:
            continue
        if action == CHANGED:
            history = attribute.history
            if history.has_changes():
                changes[name] = [
                    history.deleted[0] if history.deleted else None,
                    history.added[0] if history.added else None,
                ]
        elif name in state.dict:
            value = state.dict[name]
            if value not in _NOTHING:
                changes[name] = [None, value] if action == CREATED else [value, None]
    if changes or action != CHANGED:
        _put(trail, table, action, state.dict, changes)


def _put(
    trail: _Trail, table: Table, action: str, row: Mapping[str, Any], changes: dict[str, list[Any]]
) -> None:
    """Note what became of a row; with what was noted of it before, if anything."""
    key = (table.name, row.get("id") or row.get("public_id"))
    earlier = trail.rows.get(key) if key[1] is not None else None
    if earlier is not None and earlier.changes is not None and action == CHANGED:
        for name, pair in changes.items():
            earlier.changes[name] = [*earlier.changes.get(name, pair)[:-1], pair[-1]]
        return
    customer_id = row.get(table.info.get("customer", "customer_id"))
    label = next((str(row[name]) for name in _LABELS if row.get(name)), None)
    subject = Subject(table.name, row.get("id"), row.get("public_id"), label, customer_id)
    module = table.name.partition("_")[0]
    noted = _Note(trail.now(), trail.actor, action, module, subject, customer_id, None, changes)
    trail.notes.append(noted)
    if key[1] is not None:
        trail.rows[key] = noted


@event.listens_for(PortalSession, "do_orm_execute")
def _on_execute(state: ORMExecuteState) -> None:
    """Statements that write without loading: what they set is noted; what was before is not known here, so a change is
    `[after]` instead of `[before, after]`."""
    if state.is_select:
        return
    statement: Any = state.statement
    action = next((action for kind, action in _WRITING.items() if isinstance(statement, kind)), None)
    table = cast("Table", statement.table) if action is not None else None
    columns = None if table is None else _recorded(table)
    if action is None or table is None or columns is None:
        return
    given: Any = state.parameters
    rows = cast("list[Mapping[str, Any]]", given if isinstance(given, list) else [given or {}])
    said = {**_identified(statement, table), **_set(statement)}
    for row in rows[:_MOST_ROWS]:
        _put_written(_trail(state.session), table, action, columns, {**said, **row})


_WRITING: Mapping[type, str] = {Insert: CREATED, Update: CHANGED, Delete: DELETED}


def _set(statement: Any) -> dict[str, Any]:
    """The plain values that a statement sets; SQLAlchemy tells them nowhere but in `_values`."""
    values: Mapping[Any, Any] = {} if isinstance(statement, Delete) else statement._values or {}
    return {
        getattr(column, "key", column): given.value
        for column, given in values.items()
        if _is_bound(given) and not given.required
    }


def _identified(statement: Any, table: Table) -> dict[str, Any]:
    """Which row a statement means: what its WHERE compares ids with."""
    found: dict[str, Any] = {}
    where = None if isinstance(statement, Insert) else statement.whereclause
    for clause in () if where is None else visitors.iterate(where):
        if isinstance(clause, BinaryExpression) and clause.operator is operators.eq:
            column, given = cast("Any", clause.left), cast("Any", clause.right)
            if _is_bound(given) and getattr(column, "key", "") in _IDS:
                found[column.key] = given.value
    return found


def _is_bound(given: Any) -> bool:
    return isinstance(given, BindParameter)


_IDS = ("id", "public_id", "customer_id")


def _put_written(
    trail: _Trail, table: Table, action: str, columns: Iterable[str], said: Mapping[str, Any]
) -> None:
    changes: dict[str, list[Any]] = {}
    for name in columns:
        if action == CREATED and said.get(name) not in _NOTHING:
            changes[name] = [None, said[name]]
        elif action == CHANGED and name in said and name not in _IDS:
            changes[name] = [said[name]]
    if changes or action != CHANGED:
        _put(trail, table, action, said, changes)


# --- writing -------------------------------------------------------------------------------------------------


@event.listens_for(PortalSession, "before_commit")
def _before_commit(session: PortalSession) -> None:
    if session.in_nested_transaction():
        return
    if session.new or session.dirty or session.deleted:
        session.flush()
    trail: _Trail | None = session.info.get(_TRAIL)
    if trail is None or not trail.notes:
        return
    origin = trail.origin()
    rows = [_row(one, origin) for one in trail.notes]
    trail.forget()
    # Inline: whoever may only add to the log cannot read back the id of what they added.
    session.connection().execute(insert(cast("Table", AuditRow.__table__)).inline(), rows)


@event.listens_for(PortalSession, "after_transaction_create")
def _after_create(session: PortalSession, transaction: SessionTransaction) -> None:
    if transaction.nested:
        marks: dict[SessionTransaction, int] = session.info.setdefault("portal_trail_marks", {})
        marks[transaction] = len(_trail(session).notes)


@event.listens_for(PortalSession, "after_soft_rollback")
def _after_rollback(session: PortalSession, previous: SessionTransaction) -> None:
    trail: _Trail | None = session.info.get(_TRAIL)
    if trail is not None and previous.nested:
        mark = session.info["portal_trail_marks"].pop(previous)
        undone = set(map(id, trail.notes[mark:]))
        del trail.notes[mark:]
        trail.rows = {key: one for key, one in trail.rows.items() if id(one) not in undone}


@event.listens_for(PortalSession, "after_transaction_end")
def _after_end(session: PortalSession, transaction: SessionTransaction) -> None:
    trail: _Trail | None = session.info.get(_TRAIL)
    if trail is not None and transaction.parent is None:
        trail.forget()
        session.info.pop("portal_trail_marks", None)


def _row(one: _Note, origin: Origin) -> dict[str, Any]:
    subject, actor = one.subject, one.actor
    label = None if subject is None or subject.label is None else _clipped(subject.label, 200)
    detail: dict[str, Any] = {}
    if one.values:
        detail["values"] = {name: plain(value) for name, value in one.values.items()}
    if one.changes:
        detail["changes"] = {name: [plain(value) for value in pair] for name, pair in one.changes.items()}
    said = (actor.name, one.action.replace("_", " "), one.module, label or "", origin.address or "")
    return {
        "at": one.at,
        "day": one.at.astimezone(UTC).date(),
        "actor_kind": actor.kind[:10],
        "actor_name": _clipped(actor.name, 200),
        "actor_user_id": actor.user_id,
        "session_id": origin.session_id,
        "token_id": origin.token_id,
        "viewed_by": origin.viewed_by,
        "realm": origin.realm,
        "address": origin.address,
        "request_id": origin.request_id,
        "action": one.action[:60],
        "module": one.module[:60],
        "subject": None if subject is None else subject.table[:80],
        "subject_id": None if subject is None else subject.id,
        "subject_public_id": None if subject is None else subject.public_id,
        "subject_label": label,
        "customer_id": one.customer_id,
        "detail": json.dumps(detail, ensure_ascii=False, separators=(",", ":")),
        "search_text": fold(" ".join(said)),
    }


def plain(value: Any) -> Any:
    """A value as JSON has it: texts clipped, numbers exact, moments and days by ISO 8601."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return _clipped(value, _LONGEST_VALUE)
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        pairs = list(cast("Mapping[Any, Any]", value).items())
        return {str(name): plain(one) for name, one in pairs[:_MOST_ROWS]}
    if isinstance(value, (list, tuple, set, frozenset)):
        several = list(cast("Iterable[Any]", value))
        many = sorted(several, key=str) if isinstance(value, (set, frozenset)) else several
        return [plain(one) for one in many[:_MOST_ROWS]]
    return _clipped(str(value), _LONGEST_VALUE)


def _clipped(text: str, longest: int) -> str:
    text = text.replace("\0", "")
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
