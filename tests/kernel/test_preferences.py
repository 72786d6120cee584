"""What people have set up for themselves."""

from __future__ import annotations

import pytest

from portal.kernel import preferences
from portal.kernel.errors import Refused
from portal.testing.fixtures import PortalFactory


def test_the_later_value_stands_for_its_own_person(portals: PortalFactory) -> None:
    portal = portals("taxes")
    with portal.unit() as unit:
        preferences.keep(unit, 1, "list.orders", {"columns": ["number", "total"]})
        preferences.keep(unit, 1, "list.orders", {"columns": ["total"]})
        preferences.keep(unit, 2, "list.orders", "another's")
    with portal.unit() as unit:
        assert preferences.read(unit.db, 1, "list.orders") == {"columns": ["total"]}
        assert preferences.read_all(unit.db, 2) == {"list.orders": "another's"}
        preferences.forget(unit, 1, "list.orders")
    with portal.unit() as unit:
        assert preferences.read(unit.db, 1, "list.orders") is None
        assert preferences.read(unit.db, 2, "list.orders") == "another's"


def test_nobody_keeps_too_much(portals: PortalFactory) -> None:
    portal = portals("taxes")
    with portal.unit() as unit, pytest.raises(Refused):
        preferences.keep(unit, 1, "pins", "x" * preferences.LONGEST)
    with portal.unit() as unit:
        for number in range(preferences.MOST):
            preferences.keep(unit, 1, f"key-{number}", number)
        preferences.keep(unit, 1, "key-7", "changed")
        with pytest.raises(Refused):
            preferences.keep(unit, 1, "one more", 1)
        assert len(preferences.read_all(unit.db, 1)) == preferences.MOST
