"""Copying what services made, many times over, in bulk: for databases that are large enough to measure.

A prototype is everything that one act through the services inserted, in whatever tables. A copy of it has rows with ids,
public ids, numbers and days of its own, and otherwise the same values; so copies stay true to the services whatever
these come to write, and a test compares both column by column. What makes numbers, and refers to other rows without a
foreign key, is told by the modules in `Rules`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Table,
    Text,
    column,
    func,
    insert,
    inspect,
    literal,
    select,
    table,
    text,
)
from sqlalchemy.orm import Session

from portal.kernel.db import Base, new_public_id

Values = dict[str, Any]

_DATE = r"\d{4}-\d{2}-\d{2}"
_BATCH = 20_000


@dataclass(frozen=True, slots=True)
class Numbering:
    """The columns of a table that hold numbers; `number` gives those of a copy, whose id and days are its own already."""

    columns: tuple[str, ...]
    number: Callable[[Values], Mapping[str, Any]]


@dataclass(frozen=True)
class Rules:
    """What the copyist must know of a module's tables, all by name.

    - `references`: table and column → the table whose id it holds without a foreign key
    - `numbers`: table → how its rows are numbered, in the order of the tables given here
    - `seal`: called with the rows of each copy once they are complete
    - `insertable`: table → what makes the stored row one that the triggers let be inserted
    - `begin`: called before the first copy, to read where counters stand
    - `finish`: called after rows were inserted, to bring them to their stored state by permitted updates
    - `late`: tables whose rows are inserted after that
    """

    references: Mapping[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    numbers: Mapping[str, Numbering] = field(default_factory=dict[str, Numbering])
    seal: Callable[[Mapping[str, list[Values]]], None] | None = None
    insertable: Mapping[str, Callable[[Values], Values]] = field(
        default_factory=dict[str, Callable[[Values], Values]]
    )
    begin: Callable[[Session], None] | None = None
    finish: Callable[[Session], None] | None = None
    late: tuple[str, ...] = ()


class Copyist:
    """Copies prototypes into one database. Only tables with a number `id` as primary key are looked at."""

    def __init__(self, session: Session, rules: Sequence[Rules]) -> None:
        self._session = session
        self._rules = rules
        there = _existing(session)
        self._tables = [one for one in Base.metadata.sorted_tables if one.name in there and _numbered(one)]
        self._targets = {one.name: self._targets_of(one) for one in self._tables}
        self._next: dict[str, int] = {}
        self._waiting: dict[str, list[Values]] = {one.name: [] for one in self._tables}
        self._count = 0

    def mark(self) -> dict[str, int]:
        """The highest id of each table: what is inserted from here on belongs to the next prototype."""
        self.flush()
        self._session.flush()
        highest = [
            select(literal(one.name).label("name"), func.coalesce(func.max(one.c.id), 0).label("last"))
            for one in self._tables
        ]
        first, *others = highest
        return {row.name: row.last for row in self._session.execute(first.union_all(*others))}

    def prototype(self, since: Mapping[str, int], tokens: Iterable[str] = ()) -> Prototype:
        """What was inserted since the mark; `tokens` are words in its texts that copies replace."""
        rows = {
            one.name: [
                dict(row)
                for row in self._session.execute(
                    select(one).where(one.c.id > since[one.name]).order_by(one.c.id)
                ).mappings()
            ]
            for one in self._tables
        }
        return Prototype({name: found for name, found in rows.items() if found}, self._targets, tuple(tokens))

    def copy(
        self, prototype: Prototype, days: int, tokens: Sequence[str], ids: Mapping[tuple[str, int], int]
    ) -> Mapping[str, list[Values]]:
        """Write a copy that lies so many days later, its words replaced by these; `ids` maps rows beyond it.

        Returns its rows by table; they are inserted some time before `flush` returns.
        """
        if not self._next:
            self._next = self.mark()
            for rule in self._rules:
                if rule.begin is not None:
                    rule.begin(self._session)
        made = prototype.copied(self._next, timedelta(days=days), tokens, ids, self._numbers)
        for rule in self._rules:
            if rule.seal is not None:
                rule.seal(made)
        for name, rows in made.items():
            self._next[name] += len(rows)
            self._waiting[name].extend(rows)
            self._count += len(rows)
        if self._count >= _BATCH:
            self._insert()
        return made

    def flush(self) -> None:
        """Insert what was copied, and let the database number its rows from there on."""
        self._insert()
        if self._next and self._session.get_bind().dialect.name == "postgresql":
            for name, last in self._next.items():
                if last:
                    following = func.setval(func.pg_get_serial_sequence(name, "id"), last)
                    self._session.execute(select(following))
        self._next = {}

    def analyze(self) -> None:
        """Tell PostgreSQL how large its tables are by now: triggers keep the plans of small tables until then."""
        if self._session.get_bind().dialect.name == "postgresql":
            self._session.execute(text("ANALYZE"))

    @property
    def _numbers(self) -> Mapping[str, Numbering]:
        return {name: number for rule in self._rules for name, number in rule.numbers.items()}

    def _insert(self) -> None:
        if not self._count:
            return
        late = {name for rule in self._rules for name in rule.late}
        self._write(one for one in self._tables if one.name not in late)
        for rule in self._rules:
            if rule.finish is not None:
                rule.finish(self._session)
        self._write(one for one in self._tables if one.name in late)
        self._count = 0

    def _write(self, tables: Iterable[Table]) -> None:
        insertable = {name: make for rule in self._rules for name, make in rule.insertable.items()}
        for one in tables:
            rows = self._waiting[one.name]
            if rows:
                make = insertable.get(one.name)
                _write(self._session.connection(), one, [make(row) for row in rows] if make else rows)
                self._waiting[one.name] = []

    def _targets_of(self, one: Table) -> dict[str, str]:
        """Column → the table whose ids it holds: its own, by foreign key, or as the modules tell."""
        found = {column_.name: target for column_ in one.columns if (target := _target(column_)) is not None}
        for rule in self._rules:
            found.update({name: to for (owner, name), to in rule.references.items() if owner == one.name})
        return found


@dataclass(frozen=True, slots=True)
class _Recipe:
    """A row as its copies begin, and what differs in them: columns with ids, with days, and with words."""

    base: Values
    ids: tuple[tuple[str, str, int], ...]
    days: tuple[str, ...]
    texts: tuple[tuple[str, tuple[str | int, ...]], ...]


class Prototype:
    """Rows that belong together, ready to be copied."""

    def __init__(
        self,
        rows: Mapping[str, list[Values]],
        targets: Mapping[str, Mapping[str, str]],
        words: tuple[str, ...],
    ) -> None:
        self._first = {name: found[0]["id"] for name, found in rows.items()}
        self._own = {name: {row["id"] for row in found} for name, found in rows.items()}
        self._rows = rows
        self._words = words
        self._public = [
            (name, place)
            for name, found in rows.items()
            for place, row in enumerate(found)
            if isinstance(row.get("public_id"), str)
        ]
        known = [*words, *(rows[name][place]["public_id"] for name, place in self._public)]
        self._token_of = {word: place for place, word in enumerate(known)}
        self._size = len(known)
        self._numbers: list[tuple[str, int, str]] = []
        self._dates: list[date] = []
        self._targets = targets
        self._recipes: dict[str, list[_Recipe]] = {}

    @property
    def rows(self) -> Mapping[str, list[Values]]:
        """The rows by table, as they are stored."""
        return self._rows

    def copied(
        self,
        following: Mapping[str, int],
        delta: timedelta,
        words: Sequence[str],
        ids: Mapping[tuple[str, int], int],
        numbers: Mapping[str, Numbering],
    ) -> dict[str, list[Values]]:
        """The rows of a copy whose ids follow on the given ones."""
        if not self._recipes:
            self._prepare(numbers)
        shifts = {name: following[name] + 1 - first for name, first in self._first.items()}
        made = {
            name: [self._begun(recipe, shifts, delta, ids) for recipe in recipes]
            for name, recipes in self._recipes.items()
        }
        tokens = [*words, *(new_public_id() for _ in self._public)]
        for name, number in numbers.items():
            for row in made.get(name, ()):
                row.update(number.number(row))
        for name, place, column_ in self._numbers:
            number_ = str(made[name][place][column_])
            tokens += [number_, number_.lower()]
        tokens += [(day + delta).isoformat() for day in self._dates]
        for name, recipes in self._recipes.items():
            for recipe, row in zip(recipes, made[name], strict=True):
                for column_, parts in recipe.texts:
                    row[column_] = "".join(
                        [part if isinstance(part, str) else tokens[part] for part in parts]
                    )
        return made

    @staticmethod
    def _begun(
        recipe: _Recipe, shifts: Mapping[str, int], delta: timedelta, ids: Mapping[tuple[str, int], int]
    ) -> Values:
        row = dict(recipe.base)
        for column_, target, own in recipe.ids:
            row[column_] = (
                row[column_] + shifts[target] if own else ids.get((target, row[column_]), row[column_])
            )
        for column_ in recipe.days:
            row[column_] += delta
        return row

    # --- preparing -----------------------------------------------------------------------------------------

    def _prepare(self, numbers: Mapping[str, Numbering]) -> None:
        for name, number in numbers.items():
            for place, row in enumerate(self._rows.get(name, ())):
                for column_ in number.columns:
                    if isinstance(row[column_], str) and row[column_] not in self._token_of:
                        # Texts to search in have it in small letters.
                        self._token_of[row[column_]] = self._size
                        self._token_of.setdefault(row[column_].lower(), self._size + 1)
                        self._size += 2
                        self._numbers.append((name, place, column_))
        pattern = re.compile(
            "|".join([*map(re.escape, sorted(self._token_of, key=len, reverse=True)), _DATE])
        )
        self._recipes = {
            name: [
                self._recipe(row, self._targets[name], pattern, _columns(numbers.get(name))) for row in found
            ]
            for name, found in self._rows.items()
        }

    def _recipe(
        self, row: Values, targets: Mapping[str, str], pattern: re.Pattern[str], numbered: tuple[str, ...]
    ) -> _Recipe:
        base = {
            name: json.dumps(value) if isinstance(value, dict | list) else value
            for name, value in row.items()
        }
        texts: list[tuple[str, tuple[str | int, ...]]] = []
        for name, value in base.items():
            if isinstance(value, str) and name not in numbered and pattern.search(value):
                texts.append((name, self._parts(value, pattern)))
        return _Recipe(
            base=base,
            ids=tuple(
                (name, target, int(base[name] in self._own.get(target, ())))
                for name, target in targets.items()
                if base.get(name) is not None
            ),
            days=tuple(name for name, value in base.items() if isinstance(value, date)),
            texts=tuple(texts),
        )

    def _parts(self, value: str, pattern: re.Pattern[str]) -> tuple[str | int, ...]:
        parts: list[str | int] = []
        end = 0
        for found in pattern.finditer(value):
            parts += [value[end : found.start()], self._token(found.group())]
            end = found.end()
        return tuple(part for part in (*parts, value[end:]) if part != "")

    def _token(self, word: str) -> int:
        if word not in self._token_of:
            self._token_of[word] = self._size
            self._size += 1
            self._dates.append(date.fromisoformat(word))
        return self._token_of[word]


# --- rows ------------------------------------------------------------------------------------------------------


def _target(one: Column[Any]) -> str | None:
    """The table whose `id` a column holds, itself or by the columns that its foreign keys name."""
    seen, following = {one}, [one]
    while following:
        here = following.pop()
        if here.name == "id":
            return here.table.name
        found = {key.column for key in here.foreign_keys} - seen
        seen |= found
        following += found
    return None


def _columns(numbering: Numbering | None) -> tuple[str, ...]:
    return () if numbering is None else numbering.columns


def _existing(session: Session) -> set[str]:
    return set(inspect(session.connection()).get_table_names())


def _numbered(one: Table) -> bool:
    return [column_.name for column_ in one.primary_key.columns] == ["id"]


def _write(connection: Connection, one: Table, rows: list[Values]) -> None:
    """Insert rows whose JSON columns are texts already: by COPY where there is one."""
    names = [column_.name for column_ in one.columns]
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        listed = ", ".join(f'"{name}"' for name in names)
        with driver.cursor() as cursor, cursor.copy(f'COPY "{one.name}" ({listed}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row([row[name] for name in names])
        return
    plain = table(one.name, *(column(column_.name, _stored(column_)) for column_ in one.columns))
    connection.execute(insert(plain), rows)


def _stored(one: Column[Any]) -> Any:
    return Text() if isinstance(one.type, JSON) else one.type
