"""Paging by key: the place in a list is the last row seen, never a number of rows to skip.

Rows are ordered by one expression and then by id. NULLs stand last, whatever the direction and the database.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, UnaryExpression, and_, literal, or_, tuple_

from portal.web.filters import unreadable


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment


_DATES = {date: date.fromisoformat, datetime: _moment}


@dataclass(frozen=True, slots=True)
class Place:
    """A row's place in an ordered list: the value it is ordered by, and its id."""

    value: Any
    id: int


@dataclass(frozen=True, eq=False)
class Order:
    """An order: `name` as in the address (`-total` for descending), an expression, and the id of a row."""

    name: str
    expression: ColumnElement[Any]
    id: ColumnElement[int]
    nullable: bool

    @property
    def descending(self) -> bool:
        """Whether the greatest comes first."""
        return self.name.startswith("-")

    def by(self, *, backwards: bool = False) -> list[UnaryExpression[Any]]:
        """The ORDER BY; `backwards` reads the list from its end."""
        downwards = self.descending != backwards
        first = self.expression.desc() if downwards else self.expression.asc()
        if self.nullable:
            first = first.nulls_first() if backwards else first.nulls_last()
        return [first, self.id.desc() if downwards else self.id.asc()]

    def beyond(self, place: Place, *, backwards: bool = False) -> ColumnElement[bool]:
        """The condition for rows that come after the place (before it, if backwards)."""
        downwards = self.descending != backwards
        id_beyond = self.id < place.id if downwards else self.id > place.id
        if place.value is None:
            among_nulls = and_(self.expression.is_(None), id_beyond)
            return or_(self.expression.is_not(None), among_nulls) if backwards else among_nulls
        here = tuple_(literal(place.value, self.expression.type), literal(place.id, self.id.type))
        pair = tuple_(self.expression, self.id)
        beyond = pair < here if downwards else pair > here
        return or_(beyond, self.expression.is_(None)) if self.nullable and not backwards else beyond

    # --- in the address ------------------------------------------------------------------------------------

    def cursor(self, place: Place) -> str:
        """The place as it stands in the address."""
        value = place.value.isoformat() if isinstance(place.value, date) else place.value
        text = json.dumps([self.name, value, place.id], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode("utf-8")).decode("ascii").rstrip("=")

    def place(self, parameter: str, cursor: str) -> Place:
        """The place that a cursor of this order names. Raises `Invalid` naming the parameter for any other."""
        try:
            name, value, row = json.loads(
                base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
            )
            if name != self.name or type(row) is not int or not 0 <= row < 2**63:
                raise unreadable(parameter)
            return Place(self._typed(value), row)
        except (ValueError, TypeError, binascii.Error, RecursionError):
            raise unreadable(parameter) from None

    def _typed(self, value: Any) -> Any:
        wanted = self.expression.type.python_type
        if value is None:
            if not self.nullable:
                raise ValueError("NULL in a column without NULLs")
            return None
        if wanted in _DATES:
            return _DATES[wanted](value)
        if type(value) is not wanted or (wanted is int and not -(2**63) <= value < 2**63):
            raise ValueError(f"{value!r} is no {wanted.__name__}")
        if isinstance(value, str) and b"\0" in value.encode():  # a lone surrogate raises ValueError too
            raise ValueError("a NUL in a text")
        return value
