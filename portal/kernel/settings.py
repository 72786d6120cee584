"""Settings: declared once, read typed, and never silently misspelt.

A setting stands in the card of its owner. The text in the ini may cite an environment variable as
`${env:NAME}` or a file as `${file:/run/secrets/name}`; `${env|url:NAME}` and `${file|url:…}` quote it for a URL.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from portal.kernel.errors import BootRefused

T = TypeVar("T")

PREFIX = "portal."
_CITATION = re.compile(r"\$\{(env|file)(\|url)?:([^}]+)\}")


@dataclass(frozen=True, eq=False)
class Setting(Generic[T]):
    """One `portal.*` key of the ini.

    `default` is written as it would stand in the ini; None makes the key obligatory.
    `parse` raises ValueError with the end of a sentence that begins with the key: "must be …".
    """

    key: str
    parse: Callable[[str], T]
    default: str | None
    help: str
    secret: bool = False


def text(value: str) -> str:
    """The value as it stands, without surrounding space."""
    return value.strip()


def integer(value: str) -> int:
    """A whole number."""
    try:
        return int(value)
    except ValueError:
        raise ValueError("must be a whole number") from None


def positive(value: str) -> int:
    """A whole number above zero."""
    number = integer(value)
    if number < 1:
        raise ValueError("must be a whole number above zero")
    return number


def whole(value: str) -> int:
    """A whole number that is not negative."""
    number = integer(value)
    if number < 0:
        raise ValueError("must be a whole number, zero or above")
    return number


def boolean(value: str) -> bool:
    """true or false."""
    word = value.strip().lower()
    if word in ("true", "yes", "on"):
        return True
    if word in ("false", "no", "off"):
        return False
    raise ValueError("must be true or false")


def words(value: str) -> tuple[str, ...]:
    """Words separated by white space or new lines."""
    return tuple(value.split())


def lines(value: str) -> tuple[str, ...]:
    """Lines of text, empty ones left out."""
    return tuple(line.strip() for line in value.splitlines() if line.strip())


def choice(*options: str) -> Callable[[str], str]:
    """One of the given words."""

    def parse(value: str) -> str:
        word = value.strip()
        if word not in options:
            raise ValueError(f"must be one of: {', '.join(options)}")
        return word

    return parse


def zone(value: str) -> ZoneInfo:
    """An IANA time zone."""
    try:
        return ZoneInfo(value.strip())
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"must be an IANA time zone such as Europe/Berlin, not {value.strip()!r}") from None


def optional_file(value: str) -> Path | None:
    """The path of a readable file, or nothing."""
    if not value.strip():
        return None
    path = Path(value.strip())
    if not path.is_file():
        raise ValueError(f"names a file that does not exist: {path}")
    return path


def resolve(key: str, value: str) -> str:
    """`value` with its `${env:…}` and `${file:…}` citations filled in.

    Raises BootRefused, naming the key, when the variable or the file is missing.
    """

    def fill(match: re.Match[str]) -> str:
        kind, quoted, name = match.groups()
        found = _from_environment(key, name) if kind == "env" else _from_file(key, name)
        return quote(found, safe="") if quoted else found

    return _CITATION.sub(fill, value)


def _from_environment(key: str, name: str) -> str:
    if name not in os.environ:
        raise BootRefused(f"{key} cites the environment variable {name}, which is not set")
    return os.environ[name]


def _from_file(key: str, name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BootRefused(f"{key} cites the file {name}, which cannot be read: {error.strerror}") from None


class Settings:
    """The parsed settings of all cards in the house, immutable once read."""

    def __init__(
        self,
        raw: Mapping[str, str],
        declared: Iterable[Setting[Any]],
        dormant: Iterable[Setting[Any]] = (),
    ) -> None:
        """Parse everything at once; raises BootRefused for the first key at fault.

        `dormant` are the settings of modules that are known but not named in the ini: their keys may stay there.
        """
        self._declared: dict[str, Setting[Any]] = {}
        for setting in declared:
            if setting.key in self._declared:
                raise BootRefused(f"the setting {setting.key} is declared twice")
            self._declared[setting.key] = setting
        self._refuse_unknown(raw, {*self._declared, *(setting.key for setting in dormant)})
        self._given = {key for key in self._declared if key in raw}
        self._values = {key: self._value(setting, raw) for key, setting in self._declared.items()}

    @staticmethod
    def _refuse_unknown(raw: Mapping[str, str], known: set[str]) -> None:
        for key in raw:
            if key.startswith(PREFIX) and key not in known:
                near = get_close_matches(key, sorted(known), n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise BootRefused(f"unknown setting {key}{hint}")

    @staticmethod
    def _value(setting: Setting[Any], raw: Mapping[str, str]) -> Any:
        given = raw.get(setting.key, setting.default)
        if given is None:
            raise BootRefused(f"the setting {setting.key} is missing: {setting.help}")
        try:
            return setting.parse(resolve(setting.key, given))
        except ValueError as error:
            raise BootRefused(f"{setting.key} {error}") from None

    def __getitem__(self, setting: Setting[T]) -> T:
        value: T = self._values[setting.key]
        return value

    def __iter__(self) -> Iterator[Setting[Any]]:
        return iter(self._declared.values())

    def given(self, setting: Setting[Any]) -> bool:
        """Whether the ini names the key, rather than leaving it to its default."""
        return setting.key in self._given


def origins(path: Path) -> dict[str, str]:
    """Where each key of an ini file stands: key → "file:line"."""
    found: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        match = re.match(r"^([A-Za-z_][\w.]*)\s*[=:]", line)
        if match:
            found[match.group(1)] = f"{path.name}:{number}"
    return found
