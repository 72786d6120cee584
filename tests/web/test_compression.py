"""Answers are compressed for those who take it, and no secret looks the same twice in them."""

from __future__ import annotations

import gzip
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webob import Request, Response

from portal.testing import Browser, TestPortal
from portal.testing.fixtures import PortalFactory
from portal.web.masks import masked, unmasked

STYLES = "/static/vendor/tabler.min.css"
TOKEN = re.compile(r'name="csrf_token" value="([^"]*)"')
#: What differs from page to page anyway.
VARYING = re.compile(r'name="(?:csrf_token|_operation)" value="[^"]*"|"X-CSRF-Token": "[^"]*"')


def raw(browser: Browser, path: str, method: str = "GET", **headers: str) -> Response:
    """The answer as it is sent: WebTest unpacks what it gets."""
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    sent = {"Cookie": cookies, **{name.replace("_", "-"): value for name, value in headers.items()}}
    answer = Request.blank(path, method=method, headers=sent).get_response(browser.app)
    _ = answer.body  # a file is open until it was read
    return answer


@pytest.fixture
def portal(portals: PortalFactory) -> TestPortal:
    return portals("taxes")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_pages_and_files_are_the_same_compressed_and_plain(portal: TestPortal) -> None:
    browser = portal.employee("ada@company.example", "people.administrator")
    for path in ("/admin/users/", "/account/", STYLES, STYLES):
        plain, packed = raw(browser, path), raw(browser, path, Accept_Encoding="gzip, br")
        assert "Content-Encoding" not in plain.headers
        assert packed.headers["Content-Encoding"] == "gzip"
        assert int(packed.headers["Content-Length"]) == len(packed.body) < len(plain.body) / 2
        assert "Accept-Encoding" in plain.headers["Vary"]
        assert "Accept-Encoding" in packed.headers["Vary"]
        assert VARYING.sub("", gzip.decompress(packed.body).decode()) == VARYING.sub("", plain.text)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_small_refused_and_packed_answers_stay_as_they_are(portal: TestPortal) -> None:
    browser = portal.browser()
    for path, status in (
        ("/healthz", 200),
        ("/admin/users/", 303),
        ("/static/nothing.css", 404),
        ("/static/vendor/inter-latin.woff2", 200),
    ):
        answer = raw(browser, path, Accept_Encoding="gzip")
        assert answer.status_int == status
        assert "Content-Encoding" not in answer.headers
    assert "Content-Encoding" not in raw(browser, STYLES, "HEAD", Accept_Encoding="gzip").headers
    assert "Content-Encoding" not in raw(browser, STYLES, Accept_Encoding="gzip;q=0").headers


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_unchanged_file_is_not_sent_again(portal: TestPortal) -> None:
    browser = portal.browser()
    first = raw(browser, STYLES, Accept_Encoding="gzip")
    again = raw(browser, STYLES, Accept_Encoding="gzip", If_Modified_Since=first.headers["Last-Modified"])
    assert again.status_int == 304
    assert not again.body


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_every_page_shows_the_token_differently_and_each_of_them_is_good(portal: TestPortal) -> None:
    browser = portal.employee("ada@company.example")
    shown = [TOKEN.search(browser.get("/account/").text) for _ in range(2)]
    tokens = [match[1] for match in shown if match]
    assert len(set(tokens)) == 2
    # The first one's page still works after the second was shown; a token without its mask never does.
    refused = browser.post("/sign-out", {"csrf_token": unmasked(tokens[0])}, expect_errors=True)
    assert refused.status_int == 400
    assert browser.post("/sign-out", {"csrf_token": tokens[0], "_operation": "a-b-c"}).status_int == 303


@given(st.text(alphabet="0123456789abcdef.", max_size=90))
def test_a_mask_comes_off_again(token: str) -> None:
    assert unmasked(masked(token)) == token


@given(st.text())
def test_what_was_never_masked_is_nothing_or_something_else(sent: str) -> None:
    unmasked(sent)
