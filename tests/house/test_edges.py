"""What every answer carries, which hosts are answered, and what cookies say: over https as in production."""

from __future__ import annotations

import re
from http.cookies import SimpleCookie

import pytest
from webtest import TestApp, TestResponse

from portal.kernel.people import Realm
from portal.people import services as people
from portal.testing import Browser, TestPortal
from portal.testing.fixtures import PortalFactory
from portal.testing.portal import PASSWORD
from portal.web.headers import CONTENT_SECURITY_POLICY

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

HOST = "portal.example"
ADA = "ada@company.example"


@pytest.fixture
def strict(portals: PortalFactory) -> TestPortal:
    """A portal as production has it: by https, under one name and another."""
    return portals(
        environment="production", base_url=f"https://{HOST}", hosts="shop.example:8443", jobs__worker="none"
    )


def browser(p: TestPortal, host: str = HOST) -> Browser:
    return Browser(p.router, extra_environ={"HTTP_HOST": host, "wsgi.url_scheme": "https"})


def cookies(answer: TestResponse) -> SimpleCookie:
    return SimpleCookie("\r\n".join(answer.headers.getall("Set-Cookie")))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/sign-in", 200),
        ("/nothing", 303),
        ("/admin/users/", 303),
        ("/healthz", 200),
        ("/static/nothing.css", 404),
        ("/%ff", 400),
        ("/sign-in?next=%00", 400),
        ("/sign-in/more", 404),
    ],
)
def test_every_answer_has_its_headers(strict: TestPortal, path: str, status: int) -> None:
    answer = browser(strict).get(path, expect_errors=True)
    assert answer.status_int in (status, 404)
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "camera=()" in answer.headers["Permissions-Policy"]
    if not path.startswith("/static/"):
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_policy_allows_nothing_unsafe(backend: str) -> None:
    assert backend == "sqlite"
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "frame-ancestors 'none'" in CONTENT_SECURITY_POLICY


def test_without_https_browsers_are_not_told_to_insist_on_it(portals: PortalFactory) -> None:
    answer = portals().browser().get("/sign-in")
    assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize(
    "host", ["evil.example", "portal.example.evil.example", "evil.example:443", "127.0.0.1", "[", "", "x y"]
)
def test_other_hosts_get_nothing_and_are_not_repeated(strict: TestPortal, host: str) -> None:
    answer = browser(strict, host).get("/sign-in", expect_errors=True)
    assert answer.status_int == 400
    assert "evil" not in answer.text
    assert "Set-Cookie" not in answer.headers
    assert browser(strict, host).get("/healthz").status_int == 200


@pytest.mark.parametrize(
    "host", [HOST, f"{HOST}:443", HOST.upper(), f"{HOST}.", "shop.example", "shop.example:9000"]
)
def test_own_hosts_are_answered(strict: TestPortal, host: str) -> None:
    assert browser(strict, host).get("/sign-in").status_int == 200


def test_a_forwarded_host_is_not_believed(strict: TestPortal) -> None:
    answer = browser(strict).get("/", headers={"X-Forwarded-Host": "evil.example"})
    assert "evil" not in str(answer.location)


def test_development_answers_on_this_machine(portals: PortalFactory) -> None:
    p = portals(base_url="http://portal.example")
    for host in ("localhost:6543", "127.0.0.1:6543", "[::1]:6543"):
        assert TestApp(p.router, extra_environ={"HTTP_HOST": host}).get("/sign-in").status_int == 200
    assert TestApp(p.router, extra_environ={"HTTP_HOST": "x"}).get("/sign-in", status=400)


def test_every_cookie_is_for_this_host_alone(strict: TestPortal) -> None:
    with strict.unit() as unit:
        people.add_user(unit, Realm.EMPLOYEES, ADA, "Ada", password=PASSWORD)
    visitor = browser(strict)
    said = [visitor.get("/sign-in")]
    form = said[0].forms["sign-in"]
    form["email"], form["password"] = ADA, PASSWORD
    said.append(form.submit())
    said.append(visitor.get("/account/"))
    found = {name: morsel for answer in said for name, morsel in cookies(answer).items()}
    assert {"__Host-visitor", "__Host-session"} <= set(found)
    for name, morsel in found.items():
        assert name.startswith("__Host-"), name
        assert morsel["secure"], name
        assert morsel["httponly"], name
        assert morsel["samesite"] == "Lax", name
        assert (morsel["path"], morsel["domain"]) == ("/", ""), name


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "https://evil.example", "https:evil.example", "%2f%2fevil.example"],
)
def test_one_is_led_to_own_addresses_only(portals: PortalFactory, target: str) -> None:
    p = portals()
    p.employee(ADA)
    visitor = p.browser()
    form = visitor.get("/sign-in", {"next": target}).forms["sign-in"]
    form["email"], form["password"] = ADA, PASSWORD
    location = str(form.submit().location)
    assert re.fullmatch(r"(http://localhost)?/(?![/\\]).*|http://localhost/?", location)
    assert not location.startswith("http://localhost//")
