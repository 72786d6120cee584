"""Slots: places that a page keeps open for other modules, and what modules offer there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, eq=False)
class Slot(Generic[F]):
    """A named place; `F` is the signature of what is offered there. Its owner declares it in `interfaces`."""

    name: str


@dataclass(frozen=True, slots=True)
class Offer(Generic[F]):
    """Something offered: shown only to those who have `permission` on the offering module's root."""

    module: str
    call: F
    permission: str | None
    order: int
