"""An ID token and the page about the person may say different things: what vouches for an e-mail comes from where it does."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import text

from portal.kernel.people import Realm
from portal.people import services
from portal.testing import TestPortal
from portal.testing.portal import PASSWORD

ADA, OTHER = "ada@company.example", "ada@elsewhere.example"
KEY = RSAKey.generate_key(2048, {"kid": "one"})
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@dataclass
class Mouth:
    """A provider that says what it is told to."""

    url: str = ""
    nonce: str = ""
    in_token: dict[str, Any] = field(default_factory=dict[str, Any])
    in_page: dict[str, Any] = field(default_factory=dict[str, Any])

    def answer(self, path: str) -> Any:
        """What stands at a path."""
        now = int(datetime.now(UTC).timestamp())
        said = {"iss": self.url, "sub": "ada", "aud": "portal", "exp": now + 300, "iat": now}
        token = {**said, "nonce": self.nonce, "auth_time": now, **self.in_token}
        answers: dict[str, Any] = {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/there",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "userinfo_endpoint": f"{self.url}/page",
            },
            "/token": {
                "access_token": "a",
                "token_type": "Bearer",
                "id_token": jwt.encode({"alg": "RS256", "kid": "one"}, token, KEY),
            },
            "/keys": {"keys": [KEY.as_dict(private=False)]},
            "/page": {"sub": "ada", **self.in_page},
        }
        return answers[path]


@pytest.fixture
def mouth() -> Iterator[Mouth]:
    """The provider, on a port of this machine."""
    speaking = Mouth()

    class Handler(BaseHTTPRequestHandler):
        protocol_version: ClassVar[str] = "HTTP/1.0"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.dumps(speaking.answer(self.path)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_request(self, code: Any = "-", size: Any = "-") -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    speaking.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield speaking
    server.shutdown()
    server.server_close()


VERIFIED = {"email": ADA, "email_verified": True}


@pytest.mark.parametrize(
    ("claim", "in_token", "in_page", "comes_in"),
    [
        ("email", VERIFIED, {}, True),
        ("email", {}, VERIFIED, True),
        ("email", VERIFIED, {"email": OTHER, "email_verified": False}, True),
        # The page vouches for what it says itself.
        ("email", {"email": ADA}, {"email": OTHER, "email_verified": True}, False),
        ("email", {"email": ADA}, {"email_verified": True}, False),
        ("email", {"email": ADA, "email_verified": False}, VERIFIED, False),
        # So does the token.
        ("email", {"email_verified": True}, {"email": ADA}, False),
        ("email", {"xms_edov": True}, {"email": ADA}, False),
        # It is the address in `email` that is verified, not whatever else looks like one.
        ("upn", {"upn": ADA, **VERIFIED}, {}, True),
        ("upn", {"upn": ADA, "email_verified": True}, {}, True),
        ("upn", {"upn": ADA, "email": OTHER, "email_verified": True}, {}, False),
        ("upn", {"upn": ADA, "email": OTHER, "xms_edov": True}, {}, False),
        ("upn", {"upn": ADA}, VERIFIED, False),
        ("upn", VERIFIED, {"upn": ADA}, False),
    ],
)
def test_an_email_is_vouched_for_where_it_comes_from(
    portals: Callable[..., TestPortal],
    mouth: Mouth,
    claim: str,
    in_token: dict[str, Any],
    in_page: dict[str, Any],
    comes_in: bool,
) -> None:
    portal = portals(oidc__issuer=mouth.url, oidc__client_id="portal", oidc__email_claim=claim)
    portal.clock.moment = datetime.now(UTC)
    with portal.unit() as unit:
        services.add_user(unit, Realm.EMPLOYEES, ADA, "Ada", password=PASSWORD)
    mouth.in_token, mouth.in_page = in_token, in_page
    browser = portal.browser()
    asked = parse_qs(urlsplit(str(browser.get("/sign-in-sso").location)).query)
    mouth.nonce = asked["nonce"][0]
    answer = browser.get(f"/sign-in-sso-return?code=c&state={asked['state'][0]}")
    assert ("session" in browser.cookies) is comes_in
    assert (answer.location == "http://localhost/") is comes_in
    with portal.reading() as unit:
        assert unit.db.scalar(text("SELECT COUNT(*) FROM people_external")) == comes_in
