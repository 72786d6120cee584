"""The provider: its addresses and keys are asked of itself, within time limits, and remembered for a while."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import urlsplit

from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests import RequestException

from portal.kernel.settings import Settings
from portal.people.sso import settings as keys
from portal.people.sso.tokens import (
    TENANT,
    Claims,
    Expected,
    Unbelievable,
    UnknownKey,
    at,
    completed,
    validated,
)

_DISCOVERY = "/.well-known/openid-configuration"
#: Seconds to connect, and between two bytes.
_TIMEOUT = (3.05, 5)
#: Seconds for which the addresses are believed, and for which keys are not asked for again.
_FRESH, _PATIENCE = 3600.0, 10.0
_POST = "client_secret_post"


class ProviderDown(Exception):
    """The provider cannot be reached, or says nothing of use; the text is for the log."""


class Declined(Exception):
    """The provider let nobody through."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """What the provider says of itself."""

    issuer: str
    authorization: str
    token: str
    keys: str
    userinfo: str
    by_post: bool

    @classmethod
    def of(cls, document: Any, configured: str) -> Self:
        """The addresses of a discovery document. Raises ProviderDown unless it is of the configured issuer."""
        try:
            found = cls(
                issuer=document["issuer"],
                authorization=document["authorization_endpoint"],
                token=document["token_endpoint"],
                keys=document["jwks_uri"],
                userinfo=document.get("userinfo_endpoint") or "",
                by_post=_POST in document.get("token_endpoint_auth_methods_supported", ())
                and "client_secret_basic" not in document["token_endpoint_auth_methods_supported"],
            )
            ours = all(
                keys.provider_url(url) for url in (found.authorization, found.token, found.keys)
            ) and _is_of(found.issuer, configured)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ProviderDown(f"the discovery document is of no use: {error!r}") from error
        if not ours:
            raise ProviderDown(f"the discovery document is of {found.issuer}, not of {configured}")
        return found


def _is_of(issuer: str, configured: str) -> bool:
    if TENANT in issuer:
        return urlsplit(issuer)[:2] == urlsplit(configured)[:2]
    return issuer.rstrip("/") == configured.rstrip("/")


@dataclass(frozen=True, slots=True)
class Crossing:
    """One way to the provider and back: what only the browser that began it knows."""

    state: str
    nonce: str
    verifier: str
    return_to: str


class Provider:
    """The OpenID Connect provider that the ini names; one for each process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._addresses: tuple[float, Addresses] | None = None
        self._keys: tuple[float, KeySet] | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return self._settings[keys.NAME]

    def way_there(self, crossing: Crossing, **asked: str) -> str:
        """The address at the provider where the person signs in. Raises ProviderDown."""
        url, _state = self._client(crossing).create_authorization_url(
            self.addresses().authorization,
            state=crossing.state,
            code_verifier=crossing.verifier,
            nonce=crossing.nonce,
            **asked,
        )
        return url

    def claims(self, crossing: Crossing, code: str, now: datetime) -> tuple[str, Claims]:
        """The issuer and what it says of the person who came back with a code.

        Raises ProviderDown, Declined, Unbelievable.
        """
        addresses = self.addresses()
        with self._client(crossing, addresses) as client:
            try:
                token = client.fetch_token(
                    addresses.token, code=code, code_verifier=crossing.verifier, allow_redirects=False
                )
            except OAuthError as error:
                raise Declined(f"the code was refused: {error.error}") from error
            except (RequestException, ValueError, TypeError, KeyError) as error:
                raise ProviderDown(f"no token was given: {error!r}") from error
            written = token.get("id_token")
            if not isinstance(written, str):
                raise Unbelievable("there is no ID token in the answer")
            claims = self._validated(written, addresses, crossing.nonce, now)
            return str(claims["iss"]), self._completed(client, addresses, claims)

    def _validated(self, token: str, addresses: Addresses, nonce: str, now: datetime) -> Claims:
        expected = Expected(
            addresses.issuer, self._settings[keys.CLIENT_ID], nonce, self._settings[keys.TENANTS]
        )
        try:
            return validated(token, self._known_keys(addresses), expected, now)
        except UnknownKey:
            return validated(token, self._known_keys(addresses, anew=True), expected, now)

    def _completed(self, client: OAuth2Session, addresses: Addresses, claims: Claims) -> Claims:
        """The claims, with what only the provider's page about the person tells."""
        wanted = (self._settings[keys.GROUPS_CLAIM], self._settings[keys.EMAIL_CLAIM])
        if not addresses.userinfo or all(at(claims, path) is not None for path in wanted):
            return claims
        told: Claims = self._json(client, addresses.userinfo, withhold_token=False)
        if at(told, "sub") != claims["sub"]:
            raise Unbelievable("what the provider says of the person is of somebody else")
        return completed(claims, told, self._settings[keys.EMAIL_CLAIM])

    def addresses(self) -> Addresses:
        """Where the provider's parts are. Raises ProviderDown."""
        # Two threads may ask at once; both learn the same, and neither waits for the other.
        known = self._addresses
        if known is None or time.monotonic() - known[0] > _FRESH:
            issuer = self._settings[keys.ISSUER]
            with OAuth2Session(default_timeout=_TIMEOUT) as client:
                document = self._json(client, issuer.rstrip("/") + _DISCOVERY)
            known = self._addresses = (time.monotonic(), Addresses.of(document, issuer))
        return known[1]

    def _known_keys(self, addresses: Addresses, *, anew: bool = False) -> KeySet:
        """The provider's keys; `anew` asks for them again unless that was done a moment ago."""
        known = self._keys
        if known is None or time.monotonic() - known[0] > (_PATIENCE if anew else _FRESH):
            with OAuth2Session(default_timeout=_TIMEOUT) as client:
                told = self._json(client, addresses.keys)
            try:
                found = KeySet.import_key_set(told)
            except (JoseError, KeyError, TypeError, ValueError) as error:
                raise ProviderDown(f"the keys are of no use: {error!r}") from error
            known = self._keys = (time.monotonic(), found)
        return known[1]

    @staticmethod
    def _json(client: OAuth2Session, url: str, *, withhold_token: bool = True) -> Any:
        try:
            answer = client.request("GET", url, withhold_token=withhold_token, allow_redirects=False)
            answer.raise_for_status()
            return answer.json()
        except (RequestException, ValueError) as error:
            raise ProviderDown(f"{url} gives no answer of use: {error!r}") from error

    def _client(self, crossing: Crossing, addresses: Addresses | None = None) -> OAuth2Session:
        secret = self._settings[keys.CLIENT_SECRET]
        return OAuth2Session(
            client_id=self._settings[keys.CLIENT_ID],
            client_secret=secret or None,
            scope=" ".join(self._settings[keys.SCOPES]),
            redirect_uri=crossing.return_to,
            code_challenge_method="S256",
            token_endpoint_auth_method=_POST if secret and addresses and addresses.by_post else None,
            default_timeout=_TIMEOUT,
        )
