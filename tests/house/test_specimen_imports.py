"""The specimen of an outside module uses the portal as an outside author can: what is public, and nothing of our tests."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SPECIMEN = Path(__file__).parent.parent / "acme_loyalty"
OF_MODULES = re.compile(r"portal\.modules\.\w+(\.(interfaces|events)(\.|$)|$)")
#: Libraries that the portal itself stands on and that its authors are told to use.
LIBRARIES = {"alembic", "pyramid", "pytest", "sqlalchemy", "webtest", "wtforms"}


def imported(source: Path) -> Iterator[str]:
    """Each imported name, dotted, as the file says it."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


def allowed(name: str) -> bool:
    root = name.split(".", maxsplit=1)[0]
    if name.startswith("portal.modules."):
        return OF_MODULES.match(name) is not None
    return root in {"portal", "acme_loyalty", "", *LIBRARIES} or root in sys.stdlib_module_names


@pytest.mark.parametrize(
    "source", sorted(SPECIMEN.rglob("*.py")), ids=lambda path: str(path.relative_to(SPECIMEN))
)
def test_the_specimen_imports_only_what_is_public(source: Path) -> None:
    assert [name for name in imported(source) if not allowed(name)] == []


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("portal.kernel.tree.Node", True),
        ("portal.modules.orders.interfaces.IOrders", True),
        ("portal.modules.orders.events", True),
        ("portal.modules.orders.models.Order", False),
        ("portal.modules.orders.CARD", False),
        ("tests.conftest.repository", False),
        ("decimal.Decimal", True),
    ],
)
def test_the_rule_tells_public_from_private(name: str, verdict: bool) -> None:
    assert allowed(name) is verdict
