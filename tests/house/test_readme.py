"""The module in the README is real: written to files as it stands there, it boots and serves its page."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.testing.fixtures import PortalFactory

BLOCK = re.compile(r"^```(python|jinja)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def notices(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The package of the README on the path; gives the number of its lines of Python."""
    blocks = dict(BLOCK.findall((repository / "README.md").read_text(encoding="utf-8")))
    package = tmp_path / "notices"
    (package / "templates").mkdir(parents=True)
    (package / "__init__.py").write_text(blocks["python"], encoding="utf-8")
    for name, text in re.findall(
        r"\{# notices/(\S+) #\}\n(.*?)(?=\n\{# notices|\Z)", blocks["jinja"], re.DOTALL
    ):
        (package / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield len(blocks["python"].splitlines())
    sys.modules.pop("notices", None)


def test_the_module_of_the_readme_boots_and_serves(portals: PortalFactory, notices: int) -> None:
    assert notices <= 60
    portal = portals("notices", notices__lines="Holiday on Friday")
    reader = portal.employee("reader@company.example", "notices.reader")
    reader.get("/notices/").mustcontain("Holiday on Friday")
    reader.get("/").mustcontain("Holiday on Friday")
    portal.employee("other@company.example").get("/notices/", status=403)
