"""Requests that are not UTF-8 are answered politely, wherever the odd bytes stand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal.testing import TestPortal


@pytest.mark.parametrize(
    ("path", "cookie"),
    [
        ("/sign-in%ff", ""),
        ("/%ff/x", ""),
        ("/static/%ff", ""),
        ("/sign-in?next=%ff", ""),
        ("/sign-in?%ff=1", ""),
        ("/sign-in?next=%00", ""),
        ("/account%00/", ""),
        ("/sign-in", 'theme="\\377"'),
    ],
)
def test_odd_bytes_are_no_error_of_ours(portals: Callable[..., TestPortal], path: str, cookie: str) -> None:
    answer = portals().browser().get(path, headers={"Cookie": cookie}, expect_errors=True)
    assert answer.status_int == 400
    assert answer.content_type == "text/plain"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def test_odd_bytes_in_a_form(portals: Callable[..., TestPortal]) -> None:
    browser = portals().browser()
    token = browser.get("/sign-in").forms["sign-in"]["csrf_token"].value
    body = f"csrf_token={token}&realm=employees&email=%ff&password=%ff"
    assert browser.post("/sign-in", body.encode(), expect_errors=True).status_int == 422


def test_everything_else_is_read(portals: Callable[..., TestPortal]) -> None:
    assert (
        portals().browser().get("/sign-in?next=/%C3%A4", headers={"Cookie": "x=%ff; y=\xff"}).status_int
        == 200
    )
