"""`python -m portal.web.vendor`: make static/vendor and the icon sprite again from vendor.json.

The files are committed, so nobody who runs the portal needs npm. Who changes a version changes its integrity in
vendor.json too; a package whose SHA-512 differs is refused before anything is written.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
RECIPE = HERE / "vendor.json"
STATIC = HERE / "static"
VENDOR = STATIC / "vendor"

_LICENCE_FILES = ("LICENSE", "LICENSE.md", "LICENSE.txt", "OFL.txt")
_DRAWING = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
_EMPTY_PATH = '<path stroke="none" d="M0 0h24v24H0z" fill="none" />'


@dataclass(frozen=True)
class Package:
    """One npm package: what is taken from it and the SHA-512 (as npm prints it) that its tarball must have.

    Its files go to `directory`, beside this module; those elsewhere than in static/vendor carry their own licence file.
    """

    name: str
    version: str
    license: str
    integrity: str
    notice: str
    files: dict[str, str] = field(default_factory=dict[str, str])
    icons: list[str] = field(default_factory=list[str])
    directory: str = "static/vendor"

    @property
    def shipped(self) -> bool:
        """Whether the package is part of the portal, not of its tests."""
        return (HERE / self.directory) == VENDOR


def integrity(content: bytes, algorithm: str) -> str:
    """A subresource integrity value such as `sha384-…`."""
    digest = hashlib.new(algorithm, content).digest()
    return f"{algorithm}-{base64.b64encode(digest).decode('ascii')}"


def fetch(package: Package, directory: Path) -> tarfile.TarFile:
    """The package's tarball, checked. SystemExit when its content is not the one vendor.json names."""
    answer = subprocess.run(
        ["npm", "pack", "--ignore-scripts", "--json", f"{package.name}@{package.version}"],  # noqa: S607
        cwd=directory,
        check=True,
        capture_output=True,
        text=True,
    )
    tarball = directory / json.loads(answer.stdout)[0]["filename"]
    found = integrity(tarball.read_bytes(), "sha512")
    if found != package.integrity:
        raise SystemExit(f"{package.name} {package.version}: expected {package.integrity}, found {found}")
    return tarfile.open(tarball)


def content(tarball: tarfile.TarFile, path: str) -> bytes:
    """The bytes of one file of the package."""
    member = tarball.extractfile(f"package/{path}")
    if member is None:
        raise SystemExit(f"{path} is no file of {tarball.name}")
    return member.read()


def symbol(name: str, drawing: str) -> str:
    """An icon as a symbol of the sprite; it takes its colour from the text around it."""
    match = _DRAWING.search(drawing)
    if match is None:
        raise SystemExit(f"icon {name} is not an SVG")
    inner = "".join(line.strip() for line in match[1].replace(_EMPTY_PATH, "").splitlines())
    return (
        f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" '
        f'stroke-linecap="round" stroke-linejoin="round">{inner}</symbol>'
    )


def sprite(package: Package, tarball: tarfile.TarFile) -> bytes:
    """All icons of the package in one SVG file."""
    drawings = (content(tarball, f"icons/outline/{name}.svg").decode("utf-8") for name in package.icons)
    symbols = map(symbol, package.icons, drawings)
    return "\n".join(['<svg xmlns="http://www.w3.org/2000/svg">', *symbols, "</svg>", ""]).encode("utf-8")


def licence(package: Package, tarball: tarfile.TarFile) -> str:
    """The package's entry in NOTICE: our line, and its own licence text where it ships one."""
    head = f"{package.name} {package.version} ({package.license})\n{package.notice}\n"
    names = set(tarball.getnames())
    for name in _LICENCE_FILES:
        if f"package/{name}" in names:
            return head + "\n" + content(tarball, name).decode("utf-8").strip() + "\n"
    return head


def made(packages: list[Package], directory: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file to write with its content; everything is fetched and checked before the first is written."""
    notices: list[str] = []
    manifest: dict[str, str] = {}
    for package in packages:
        with fetch(package, directory) as tarball:
            for source, target in package.files.items():
                body = content(tarball, source)
                if package.shipped:
                    manifest[target] = integrity(body, "sha384")
                yield HERE / package.directory / target, body
            if package.icons:
                yield STATIC / "icons.svg", sprite(package, tarball)
            if package.shipped:
                notices.append(licence(package, tarball))
    yield VENDOR / "manifest.json", (json.dumps(manifest, indent=2, sort_keys=True) + "\n").encode("utf-8")
    yield VENDOR / "NOTICE", ("\n" + "-" * 78 + "\n\n").join(notices).encode("utf-8")


def main() -> None:
    """Write what vendor.json describes and say which files changed."""
    recipe = json.loads(RECIPE.read_text(encoding="utf-8"))
    packages = [Package(**entry) for entry in recipe["packages"]]
    with tempfile.TemporaryDirectory() as directory:
        files = dict(made(packages, Path(directory)))
    for path, body in files.items():
        if not path.exists() or path.read_bytes() != body:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
            sys.stdout.write(f"wrote {path}\n")


if __name__ == "__main__":
    main()
