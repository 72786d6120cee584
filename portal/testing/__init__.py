"""The test kit, for our tests and for those of outside modules.

In a `conftest.py`: `pytest_plugins = ["portal.testing.fixtures"]`. The fixture `portals` makes a portal of chosen
modules on a fresh migrated database (SQLite and PostgreSQL); see `TestPortal` for what one can do with it.
"""

from __future__ import annotations

from portal.testing.portal import Browser, TestPortal, raw_settings

__all__ = ["Browser", "TestPortal", "raw_settings"]
