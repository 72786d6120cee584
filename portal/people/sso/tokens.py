"""What an ID token must say to be believed, and whom it then speaks of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from portal.people.emails import fold_email

#: Signatures by a key of the provider's own. Neither `none` nor one made with a secret that we share is among them.
ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
#: Seconds by which the provider's clock may be wrong.
LEEWAY = 60
TENANT = "{tenantid}"

Claims = Mapping[str, Any]


class Unbelievable(Exception):
    """A token is not from this provider, for this portal, for this sign-in, or no longer good."""


class UnknownKey(Unbelievable):
    """A token is signed with a key that is not among those known."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say: `issuer` may have a {tenantid}, then one of `tenants`."""

    issuer: str
    client_id: str
    nonce: str
    tenants: Collection[str] = ()


def validated(token: str, keys: KeySet, expected: Expected, now: datetime) -> Claims:
    """The claims of an ID token. Raises Unbelievable, UnknownKey."""
    try:
        claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
    except InvalidKeyIdError as error:
        raise UnknownKey(f"the ID token is signed with a key that is not known: {error}") from error
    except (JoseError, ValueError, TypeError) as error:
        raise Unbelievable(f"the ID token cannot be read: {error!r}") from error
    registry = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=LEEWAY,
        iss={"essential": True, "value": _issuer(expected, claims)},
        sub={"essential": True},
        aud={"essential": True, "value": expected.client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": expected.nonce},
    )
    try:
        registry.validate(claims)
    except JoseError as error:
        raise Unbelievable(f"the ID token is not good: {error}") from error
    _check_party(claims, expected.client_id)
    return claims


def _issuer(expected: Expected, claims: Claims) -> str:
    if TENANT not in expected.issuer:
        return expected.issuer
    tenant = claims.get("tid")
    if not isinstance(tenant, str) or tenant not in expected.tenants:
        raise Unbelievable("the ID token is of a tenant that is not let in")
    return expected.issuer.replace(TENANT, tenant)


def _check_party(claims: Claims, client_id: str) -> None:
    """A token for several must have been asked for by us."""
    audience = claims["aud"]
    several = isinstance(audience, list) and audience != [client_id]
    if claims.get("azp", None if several else client_id) != client_id:
        raise Unbelievable("the ID token was made for somebody else")


def at(claims: Claims, path: str) -> Any:
    """A claim by its name, or by a dotted path such as realm_access.roles; None when it is not there."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for word in path.split("."):
        found = cast("Claims", found).get(word) if isinstance(found, Mapping) else None
    return found


def words_at(claims: Claims, path: str) -> frozenset[str]:
    """The words of a claim that holds one or several."""
    found = at(claims, path)
    given = [found] if isinstance(found, str) else cast("list[Any]", found) if isinstance(found, list) else []
    return frozenset(word for word in given if isinstance(word, str))


#: What speaks of the e-mail, and belongs to the one that is said beside it.
_OF_EMAIL = ("email", "email_verified", "xms_edov")


def completed(claims: Claims, told: Claims, email_path: str) -> Claims:
    """The claims of an ID token with what the page about the person tells besides.

    The e-mail, and what vouches for it, come from one of the two: a page that has verified one address says nothing of
    another in the token.
    """
    source = claims if at(claims, email_path) is not None else told
    merged = {name: value for name, value in {**told, **claims}.items() if name not in _OF_EMAIL}
    return merged | {name: source[name] for name in _OF_EMAIL if name in source}


def verified_email(claims: Claims, path: str) -> str:
    """The e-mail, empty unless the provider says that it has verified it (Entra ID says so by `xms_edov`).

    What is verified is the address in `email`, where there is one: another claim has to say the same.
    """
    email = at(claims, path)
    sure = (claims.get("email_verified"), claims.get("xms_edov"))
    if not isinstance(email, str) or not any(word in (True, "true", "1", 1) for word in sure):
        return ""
    meant = claims.get("email", email)
    if not isinstance(meant, str) or fold_email(meant) != fold_email(email):
        return ""
    return email.strip()


def authenticated_at(claims: Claims) -> datetime | None:
    """When the person last proved to the provider who they are, where it says so."""
    moment = claims.get("auth_time")
    if isinstance(moment, bool) or not isinstance(moment, int | float):
        return None
    try:
        return datetime.fromtimestamp(moment, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def has_second_factor(claims: Claims, wanted: Collection[str]) -> bool:
    """Whether `amr` or `acr` names something that stands for a second factor."""
    return not (words_at(claims, "amr") | words_at(claims, "acr")).isdisjoint(wanted)
