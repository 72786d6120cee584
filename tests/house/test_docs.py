"""What the documentation names is there: files, commands, settings, roles, checks, and the words on pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

import portal
from portal.cli import main
from portal.kernel.composition import House
from portal.testing import raw_settings

MODULES = ("taxes", "customers", "catalog", "orders", "finance")
ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    if path.name != "LICENSE.md"
)

_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_CODE = re.compile(r"`([^`\n]+)`")
_BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_FOLDERS = ("portal/", "tests/", "docs/", "alembic/", "bench/", "typings/")
_DOTTED = re.compile(r"(portal(?:\.\w+){2,})(\.?\*)?(?: = .*)?")
#: Modules that the README and the pages of modules invent.
_INVENTED = ("portal.notices", "portal.acme_loyalty")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """All modules composed; the database is not looked at."""
    folder = tmp_path_factory.mktemp("docs")
    found = portal.compose(raw_settings(MODULES, f"sqlite:///{folder}/none.sqlite")).house
    yield found
    found.database.engine.dispose()


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def named(page: str) -> list[str]:
    """What stands between backticks, and the lines of indented blocks."""
    text = _FENCED.sub("", read(page))
    blocks = [line.strip().partition("    #")[0] for line in text.splitlines() if line.startswith("    ")]
    prose = "\n".join(line for line in text.splitlines() if not line.startswith("    "))
    return [*_CODE.findall(prose), *blocks]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    links = [link for link in _LINK.findall(read(page)) if "://" not in link]
    assert [link for link in links if not ((ROOT / page).parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_files_that_are_named_exist(page: str) -> None:
    paths = [one for one in named(page) if one.startswith(_FOLDERS) and re.fullmatch(r"[\w./*-]+", one)]
    assert [one for one in paths if not any(ROOT.glob(one))] == []


def commands(page: str) -> Iterator[list[str]]:
    for one in named(page):
        if match := re.fullmatch(r"(?:/opt/portal/bin/)?portal ([a-z].*)", one.removeprefix("ExecStart=")):
            yield match.group(1).split()


def unknown(words: list[str]) -> str | None:
    """The first word or option of a command line that the `portal` command does not know."""
    command: click.Command = main
    rest = iter(words)
    for word in rest:
        if isinstance(command, click.Group) and not word.startswith("-"):
            if word not in command.commands:
                return word
            command = command.commands[word]
            continue
        if word in ("-c", "--help"):
            next(rest, None)
            continue
        options = {option for parameter in command.params for option in parameter.opts}
        if word.startswith("--") and word.partition("=")[0] not in options:
            return word
    return None


def test_what_is_no_command_is_noticed() -> None:
    assert unknown(["db", "upgrade", "-c", "portal.ini"]) is None
    assert unknown(["db", "downgrade"]) == "downgrade"
    assert unknown(["users", "add", "--administrator"]) == "--administrator"


@pytest.mark.parametrize("page", PAGES)
def test_commands_exist(page: str) -> None:
    lines = [[part for part in words if "|" not in part] for words in commands(page)]
    assert [(words, found) for words in lines if (found := unknown(words)) is not None] == []


def importable(dotted: str) -> bool:
    """Whether a dotted name is a module, or something that its module's source names."""
    module, _dot, name = dotted.rpartition(".")
    try:
        if find_spec(dotted) is not None:
            return True
    except ModuleNotFoundError:
        pass
    spec = find_spec(module)
    return bool(spec and spec.origin and re.search(rf"\b{name}\b", Path(spec.origin).read_text("utf-8")))


@pytest.mark.parametrize("page", PAGES)
def test_settings_are_declared(page: str, house: House) -> None:
    declared = {setting.key for setting in house.settings}
    wrong: list[str] = []
    for one in named(page):
        match = _DOTTED.fullmatch(one)
        if match is None or one.startswith(_INVENTED):
            continue
        key, wildcard = match.groups()
        if wildcard:
            known = any(setting.startswith(key) for setting in declared)
        else:
            known = key in declared or f'"{key}"' in SOURCES or importable(key)
        if not known:
            wrong.append(one)
    assert wrong == []


SOURCES = "\n".join(
    path.read_text(encoding="utf-8")
    for pattern in ("*.py", "*.jinja2")
    for path in sorted((ROOT / "portal").rglob(pattern))
)


def test_roles_and_checks_exist(house: House) -> None:
    names = "|".join(card.name for card in house.cards)
    known = {role.name for card in house.cards for role in card.roles} | set(house.checks)
    known |= {permission.name for card in house.cards for permission in card.permissions}
    asked = {one for page in PAGES for one in named(page) if re.fullmatch(rf"(?:{names})\.[a-z][\w.]*", one)}
    assert {"orders.clerk", "finance.chain", "people.administrator"} <= asked
    modules = {
        one for one in asked if find_spec("portal." + one.partition(".")[0]) and importable(f"portal.{one}")
    }
    assert asked - known - modules == set()


def test_every_check_is_explained(house: House) -> None:
    rows = [line for line in read("docs/operations.md").splitlines() if line.startswith("| `")]
    explained = [name for row in rows for name in _CODE.findall(row.split("|")[1])]
    assert [name for name in explained if name in house.checks] == list(house.checks)


def test_words_of_the_guide_stand_on_pages() -> None:
    labels = {" ".join(label.split()) for label in _BOLD.findall(read("docs/user-guide.md"))}
    assert len(labels) > 80
    missing = [
        label
        for label in sorted(labels)
        if not re.search(rf"""["'}}>]\s*{re.escape(label)}\s*["'{{<]""", SOURCES)
    ]
    assert missing == []
