"""`make mutants`: apply each mutant to a copy of the sources and run the tests that must notice it.

A mutant is killed when one of its tests fails. One that survives, or that breaks the collection of tests instead of a
test, is a defect. `python -m mutants NAME…` tries only those whose name contains one of the words.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

from mutants.seeded import REPOSITORY, Mutant, seeded

_WORKERS = 2
_PATIENCE = 240
_COPIED = ("portal", "tests", "alembic", "setup.py", "pyproject.toml", "development.ini", "production.ini")
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a mutant: `killers` are the tests that failed."""

    mutant: Mutant
    killers: tuple[str, ...]
    said: str
    seconds: float

    @property
    def is_killed(self) -> bool:
        """Whether a test has noticed it."""
        return bool(self.killers)


def main(words: list[str]) -> int:
    """Try them all; the exit status tells whether all were killed."""
    wanted = [one for one in seeded() if not words or any(word in one.name for word in words)]
    with _copies() as copies, ThreadPoolExecutor(_WORKERS) as pool:
        results = []
        for result in pool.map(lambda mutant: _try(mutant, copies), wanted):
            results.append(result)
            mark = "killed  " if result.is_killed else "SURVIVED"
            killer = result.killers[0] if result.killers else result.said
            print(f"{mark} {result.seconds:5.1f} s  {result.mutant.name}: {killer}", flush=True)
    killed = sum(result.is_killed for result in results)
    print(f"\n{killed} of {len(results)} mutants killed")
    return 0 if killed == len(results) else 1


@contextmanager
def _copies() -> Generator[Queue[Path]]:
    """A copy of the sources for each worker."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        queue: Queue[Path] = Queue()
        for number in range(_WORKERS):
            root = Path(folder) / str(number)
            root.mkdir()
            for name in _COPIED:
                _copy(REPOSITORY / name, root / name)
            queue.put(root)
        yield queue


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy2(source, target)


def _try(mutant: Mutant, copies: Queue[Path]) -> Result:
    root, started = copies.get(), time.monotonic()
    path = root / mutant.file
    original = path.read_text(encoding="utf-8")
    try:
        if not mutant.is_applicable(root):
            return Result(mutant, (), "the text to break does not stand there once", 0)
        path.write_text(original.replace(mutant.before, mutant.after), encoding="utf-8")
        killers, said = _run(root, mutant.tests)
        return Result(mutant, killers, said, time.monotonic() - started)
    finally:
        path.write_text(original, encoding="utf-8")
        copies.put(root)


def _run(root: Path, tests: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """The tests that failed, and the last line that was said where none did."""
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    try:
        done = subprocess.run(
            command, cwd=root, env=environment, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return ((f"nothing within {_PATIENCE} seconds",), "")
    last = (done.stdout.strip().splitlines() or [done.stderr.strip()])[-1]
    # 1: tests failed. Others mean that the tests could not be collected, which proves nothing.
    return (tuple(_FAILED.findall(done.stdout)) if done.returncode == 1 else ()), last


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
