"""Filters of lists: what may stand in the address, and which rows it leaves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement

from portal.kernel.errors import Invalid
from portal.kernel.i18n import Text, _
from portal.web.formats import date as written_date

Clause = ColumnElement[bool]
LONGEST = 200


class Chip(NamedTuple):
    """A filter in force: its title, what it is set to, and the parameters that go when it is taken away."""

    title: Text
    value: Text
    parameters: tuple[str, ...]


def unreadable(parameter: str) -> Invalid:
    """The error for a value that means nothing."""
    return Invalid({parameter: _("“${parameter}” has no such value.", mapping={"parameter": parameter})})


@dataclass(frozen=True, eq=False)
class Filter(ABC):
    """A filter with its key in the address; with a `permission` it is there only for those who have that."""

    key: str
    title: Text
    permission: str | None = field(default=None, kw_only=True)
    kind = "text"

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names in the address that belong to it."""
        return (self.key,)

    @abstractmethod
    def clauses(self, params: Mapping[str, str]) -> Iterable[Clause]:
        """Conditions for the rows. Raises `Invalid` for a value that means nothing."""

    def chips(self, params: Mapping[str, str], locale: str) -> Iterable[Chip]:
        """What to show of it while it is in force."""
        if params.get(self.key):
            yield Chip(self.title, self.shown(params[self.key]), (self.key,))

    def shown(self, value: str) -> Text:
        """A value as the person reads it."""
        return value


@dataclass(frozen=True, eq=False)
class TextFilter(Filter):
    """Whatever was typed."""

    clause: Callable[[str], Clause]

    def clauses(self, params: Mapping[str, str]) -> Iterable[Clause]:
        """The condition for the text."""
        if params.get(self.key):
            yield self.clause(params[self.key])


@dataclass(frozen=True, eq=False)
class ChoiceFilter(Filter):
    """One of a few values; a value may stand for a group of states."""

    choices: Mapping[str, Text]
    clause: Callable[[str], Clause]
    kind = "choice"

    def clauses(self, params: Mapping[str, str]) -> Iterable[Clause]:
        """The condition for the choice."""
        value = params.get(self.key)
        if not value:
            return
        if value not in self.choices:
            raise unreadable(self.key)
        yield self.clause(value)

    def shown(self, value: str) -> Text:
        """The label of the choice."""
        return self.choices.get(value, value)


class FlagFilter(ChoiceFilter):
    """Yes or no."""

    def __init__(
        self, key: str, title: Text, clause: Callable[[bool], Clause], *, permission: str | None = None
    ) -> None:
        super().__init__(
            key,
            title,
            {"yes": _("Yes"), "no": _("No")},
            lambda value: clause(value == "yes"),
            permission=permission,
        )


@dataclass(frozen=True, eq=False)
class DateFilter(Filter):
    """From one date to another, both included; `column` is a DATE."""

    column: Any
    kind = "dates"

    @property
    def parameters(self) -> tuple[str, ...]:
        """From and to."""
        return (f"{self.key}_from", f"{self.key}_to")

    def clauses(self, params: Mapping[str, str]) -> Iterable[Clause]:
        """The conditions for either end."""
        first, last = (_day(params, name) for name in self.parameters)
        if first is not None:
            yield self.column >= first
        if last is not None:
            yield self.column <= last

    def chips(self, params: Mapping[str, str], locale: str) -> Iterable[Chip]:
        """One chip for both ends."""
        days = [_day(params, name) for name in self.parameters]
        if any(days):
            first, last = ("" if day is None else written_date(day, locale) for day in days)
            yield Chip(self.title, f"{first} – {last}".strip(), self.parameters)


def _day(params: Mapping[str, str], name: str) -> date | None:
    text = params.get(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise unreadable(name) from None
