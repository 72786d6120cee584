"""The frozen facts of a document as text, and back: JSON that names its kind of description.

Fields that a newer version adds take their defaults when an older payload is read.
"""

from __future__ import annotations

import base64
import json
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from portal.ops.pdf import PrintDocument, Statement

Printable = PrintDocument | Statement

_KINDS: dict[str, type[PrintDocument | Statement]] = {"document": PrintDocument, "statement": Statement}


def dump(document: Printable) -> str:
    """The description as JSON, the same text for the same facts."""
    kind = next(name for name, cls in _KINDS.items() if isinstance(document, cls))
    facts = {"type": kind, "facts": _plain(document)}
    return json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def load(text: str) -> Printable:
    """The description that `dump` wrote."""
    stored = json.loads(text)
    found: Printable = _typed(_KINDS[stored["type"]], stored["facts"])
    return found


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in cast("tuple[Any, ...]", value)]
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"{value!r} cannot be stored in a document")


_READERS: dict[type, Callable[[Any], Any]] = {
    Decimal: Decimal,
    date: date.fromisoformat,
    bytes: base64.b64decode,
}


def _typed(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if get_origin(hint) in (Union, types.UnionType):
        (inner,) = (argument for argument in get_args(hint) if argument is not type(None))
        return _typed(inner, value)
    if get_origin(hint) is tuple:
        return tuple(_typed(get_args(hint)[0], item) for item in value)
    if is_dataclass(hint):
        hints = _hints(hint)
        return hint(**{name: _typed(hints[name], item) for name, item in value.items()})  # type: ignore[operator]
    read = _READERS.get(hint)
    return value if read is None else read(value)


@lru_cache(maxsize=32)
def _hints(cls: Any) -> dict[str, Any]:
    return get_type_hints(cls)
