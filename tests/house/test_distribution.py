"""The built wheel has every file of the package: an installed portal has its pages, migrations and catalogues."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

#: Files that only the checkout needs.
CHECKOUT_ONLY = {".gitkeep"}
SOURCES = (
    "setup.py",
    "pyproject.toml",
    "MANIFEST.in",
    "LICENSE",
    "requirements.in",
    "requirements-ldap.in",
    "requirements-dev.in",
)


def packaged(root: Path) -> set[str]:
    """The files below `root/portal`, relative to `root`, without what Python leaves there."""
    return {
        path.relative_to(root).as_posix()
        for path in (root / "portal").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name not in CHECKOUT_ONLY
    }


def test_the_wheel_has_every_file_of_the_package(repository: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(repository / "portal", source / "portal", ignore=shutil.ignore_patterns("__pycache__"))
    for name in SOURCES:
        shutil.copy(repository / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    built = subprocess.run(
        [*command, "--wheel-dir", str(tmp_path), str(source)], check=False, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr

    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert packaged(source) - set(archive.namelist()) == set()
