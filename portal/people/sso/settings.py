"""The settings of single sign-on."""

from __future__ import annotations

from urllib.parse import urlsplit

from portal.kernel.settings import Setting, boolean, text, words

_LOCAL = ("localhost", "127.0.0.1")


def provider_url(value: str) -> str:
    """An https address, or one of this machine; or nothing."""
    url = value.strip()
    parts = urlsplit(url)
    encrypted = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)
    if url and not (encrypted and parts.netloc and not parts.query and not parts.fragment):
        raise ValueError("must be an address with https, as the provider names itself")
    return url


ISSUER = Setting(
    "portal.oidc.issuer",
    provider_url,
    "",
    "address of the OpenID Connect provider by which employees may sign in; empty for none",
)
CLIENT_ID = Setting("portal.oidc.client_id", text, "", "how the provider knows the portal")
CLIENT_SECRET = Setting(
    "portal.oidc.client_secret", text, "", "the portal's secret at the provider", secret=True
)
NAME = Setting("portal.oidc.name", text, "Single sign-on", "what the button on the sign-in page says")
SCOPES = Setting(
    "portal.oidc.scopes",
    words,
    "openid email profile",
    "what the provider is asked to tell; many need another word for groups",
)
GROUPS_CLAIM = Setting(
    "portal.oidc.groups_claim",
    text,
    "groups",
    "claim that lists the groups, such as realm_access.roles at Keycloak",
)
EMAIL_CLAIM = Setting("portal.oidc.email_claim", text, "email", "claim that holds the e-mail")
MFA_CLAIMS = Setting(
    "portal.oidc.mfa_claims",
    words,
    "mfa otp hwk",
    "values of the claims amr and acr that stand for a second factor",
)
TENANTS = Setting(
    "portal.oidc.tenants",
    words,
    "",
    "ids of the tenants let in, where the issuer has a {tenantid} (Entra ID)",
)
CREATE_USERS = Setting(
    "portal.oidc.create_users",
    boolean,
    "false",
    "whether people unknown to the portal are added as employees at their first sign-in",
)

SETTINGS = (
    ISSUER,
    CLIENT_ID,
    CLIENT_SECRET,
    NAME,
    SCOPES,
    GROUPS_CLAIM,
    EMAIL_CLAIM,
    MFA_CLAIMS,
    TENANTS,
    CREATE_USERS,
)
