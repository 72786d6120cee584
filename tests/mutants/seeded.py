"""Reading the list of mutants, and breaking a copy of the sources by one of them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent


@dataclass(frozen=True, slots=True)
class Mutant:
    """One guard taken away: `before` stands exactly once in `file`, and `tests` notice that it became `after`."""

    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]

    def is_applicable(self, root: Path = REPOSITORY) -> bool:
        """Whether the text to break still stands there, once."""
        path = root / self.file
        return path.is_file() and path.read_text(encoding="utf-8").count(self.before) == 1

    def lacking_tests(self, root: Path = REPOSITORY) -> list[str]:
        """Those of its tests that are not there any more."""
        return [test for test in self.tests if not _is_there(test, root)]


def seeded() -> list[Mutant]:
    """All mutants of the list, in its order."""
    text = (HERE / "mutants.toml").read_text(encoding="utf-8")
    return [
        Mutant(one["name"], one["file"], one["before"], one["after"], tuple(one["tests"]))
        for one in tomllib.loads(text)["mutant"]
    ]


def _is_there(test: str, root: Path) -> bool:
    file, _colons, name = test.partition("::")
    function = name.partition("[")[0]
    path = root / file
    return path.is_file() and (not function or f"def {function}(" in path.read_text(encoding="utf-8"))
