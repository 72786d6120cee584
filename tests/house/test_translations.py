"""Every catalogue that ships is whole: all marked strings of its package, each translated, compiled as it stands."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent.parent
PACKAGES = [ROOT / "portal", ROOT / "portal" / "ops" / "pdf", ROOT / "tests" / "acme_loyalty"]
CATALOGUES = [path for package in PACKAGES for path in sorted(package.glob("locale/*/LC_MESSAGES/portal.po"))]
METHODS = [("**.py", "python"), ("**/templates/**.jinja2", "jinja2")]
PLACEHOLDER = re.compile(r"\$\{\w+\}|%\(\w+\)[sd]|\{\w*\}")

Message = str | tuple[str, ...]


def marked(package: Path) -> set[Message]:
    """The strings that the package's sources and templates mark for translation."""
    found = extract_from_dir(
        str(package), METHODS, options_map={"**/templates/**.jinja2": {"silent": "false"}}
    )
    return {message if isinstance(message, str) else tuple(message) for _, _, message, _, _ in found}


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name, domain="portal")


def texts(catalog: Catalog) -> Iterator[tuple[Message, list[str]]]:
    """Each message with its translations (one, or one per plural form)."""
    for message in catalog:
        if message.id:
            many = isinstance(message.string, (list, tuple))
            yield message.id, list(message.string) if many else [message.string]


def named(path: Path) -> str:
    return f"{path.parents[3].name}-{path.parent.parent.name}"


@pytest.mark.parametrize("path", CATALOGUES, ids=named)
def test_a_catalogue_has_every_marked_string(path: Path) -> None:
    missing = marked(path.parents[3]) - {message for message, _ in texts(catalogue(path))}
    assert sorted(map(str, missing)) == [], "run `make translations` and translate what is new"


@pytest.mark.parametrize("path", CATALOGUES, ids=named)
def test_every_string_is_translated_with_its_placeholders(path: Path) -> None:
    catalog = catalogue(path)
    wrong: list[Message] = [message.id for message in catalog if message.id and message.fuzzy]
    for message, translations in texts(catalog):
        original = message if isinstance(message, str) else message[-1]
        wanted = set(PLACEHOLDER.findall(original))
        if not all(translations) or set(PLACEHOLDER.findall(translations[-1])) != wanted:
            wrong.append(message)
    assert wrong == []


@pytest.mark.parametrize("path", CATALOGUES, ids=named)
def test_the_compiled_catalogue_is_the_one_that_stands_here(path: Path) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(path))
    assert path.with_suffix(".mo").read_bytes() == compiled.getvalue(), "run `make translations`"
