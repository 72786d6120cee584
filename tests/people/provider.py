"""The OpenID Connect provider of a company, a real one: its people, their groups, and the portal as it knows it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urljoin

import requests
from webtest import TestResponse

from portal.testing import Browser, TestPortal
from portal.testing.fixtures import PortalFactory
from portal.testing.portal import PASSWORD

RETURN = "/sign-in-sso-return"
SECRET = "the-secret-of-the-portal-at-the-provider"


@dataclass
class Company:
    """A portal and the provider of the same company."""

    portal: TestPortal
    iam: Any

    @property
    def back(self) -> str:
        """The address to which the provider sends people back."""
        return self.portal.raw["portal.base_url"] + RETURN

    def person(self, email: str, *groups: str, verified: bool = True) -> Any:
        """Somebody at the provider, who has never been asked there about the portal."""
        user = self.iam.random_user(
            user_name=email.split("@", maxsplit=1)[0],
            formatted_name="Ada at the provider",
            emails=[email],
            password=PASSWORD,
            title="" if verified else "unverified",
        )
        self.put(user, *groups)
        return user

    def known(self, email: str, *groups: str, verified: bool = True) -> Any:
        """Somebody at the provider, who has signed in there and let the portal know of them."""
        user = self.person(email, *groups, verified=verified)
        self.iam.login(user)
        self.iam.consent(user)
        return user

    def put(self, user: Any, *groups: str) -> None:
        """Have somebody be in these groups and no others."""
        with self.iam.app.app_context():
            models, backend = self.iam.models, self.iam.backend
            for name in groups:
                if not backend.query(models.Group, display_name=name):
                    backend.save(models.Group(display_name=name, members=[user]))
            backend.update(
                user, groups=backend.query(models.Group, display_name=list(groups)) if groups else []
            )
            backend.save(user)

    def there(self, answer: TestResponse) -> str:
        """Follow the way through the provider; returns the path by which it sends back."""
        seen = requests.get(str(answer.location), allow_redirects=False, timeout=5)
        assert seen.status_code == 302, seen.text
        assert seen.headers["Location"].startswith(self.back)
        return RETURN + seen.headers["Location"].removeprefix(self.back)

    def typed(self, answer: TestResponse, name: str = "ada") -> str:
        """The way through the provider of somebody who types their password there; the path that leads back."""
        self.iam.logout()
        with requests.Session() as visitor:
            page = visitor.get(str(answer.location), timeout=5)
            if page.url.endswith("/login"):
                page = visitor.post(page.url, {"login": name}, timeout=5)
            seen = visitor.post(page.url, {"password": PASSWORD}, allow_redirects=False, timeout=5)
            while not seen.headers["Location"].startswith(self.back):
                seen = visitor.get(
                    urljoin(page.url, seen.headers["Location"]), allow_redirects=False, timeout=5
                )
        return RETURN + seen.headers["Location"].removeprefix(self.back)

    def sign_in(self, browser: Browser, wanted: str = "/account/") -> TestResponse:
        """The whole way there and back; the answer of the portal."""
        return browser.get(self.there(browser.get("/sign-in-sso?" + urlencode({"next": wanted}))))


@contextmanager
def registered(iam_server: Any, base_url: str = "http://localhost") -> Generator[Any]:
    """The portal at that address, as the provider knows it; afterwards nobody is known there any more."""
    with iam_server.app.app_context():
        client = iam_server.models.Client(
            client_id="portal",
            client_secret=SECRET,
            client_name="Portal",
            redirect_uris=[base_url + RETURN],
            scope=["openid", "email", "profile", "groups"],
            grant_types=["authorization_code"],
            response_types=["code"],
            token_endpoint_auth_method="client_secret_basic",
        )
        iam_server.backend.save(client)
        client.audience = [client]
        iam_server.backend.save(client)
        # The provider knows of no verification: in the tests, people without a title have a verified address.
        mapping = iam_server.app.config["CANAILLE_OIDC"]["USERINFO_MAPPING"]
        mapping["EMAIL_VERIFIED"] = "{{ '' if user.title else 'true' }}"
        yield client
        iam_server.logout()
        for model in (iam_server.models.User, iam_server.models.Group):
            for one in iam_server.backend.query(model):
                iam_server.backend.delete(one)
        iam_server.backend.delete(client)


def told_of(portals: PortalFactory, iam: Any, **more: str) -> TestPortal:
    """A portal that is told of the provider, by a clock that agrees with the provider's."""
    settings = {
        "oidc__issuer": iam.url.rstrip("/"),
        "oidc__client_id": "portal",
        "oidc__client_secret": SECRET,
        "oidc__name": "Company account",
        "oidc__scopes": "openid email profile groups",
        "roles__people__administrator": "group:Admins",
        "roles__people__supporter": 'group:Support group:"Heads of Sales"',
        **more,
    }
    portal = portals(**settings)
    portal.clock.moment = datetime.now(UTC)
    return portal
