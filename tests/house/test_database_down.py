"""When the database fails, the person reads a page with a number, and the log has the reason."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import text

from portal.testing.fixtures import PortalFactory


def test_a_page_says_so_even_when_nobody_can_be_identified(
    portals: PortalFactory, caplog: pytest.LogCaptureFixture
) -> None:
    portal = portals()
    somebody = portal.employee("somebody@company.example")
    with portal.house.database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE people_session RENAME TO people_session_gone"))
    with caplog.at_level(logging.ERROR):
        page = somebody.get("/", status=500)
    page.mustcontain("Something went wrong", page.headers["X-Request-Id"], no="people_session")
    assert "people_session" in caplog.text
