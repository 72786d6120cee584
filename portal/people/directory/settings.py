"""The settings of the directory."""

from __future__ import annotations

from urllib.parse import urlsplit

from portal.kernel.settings import Setting, boolean, optional_file, text

#: Where the e-mail goes in a search filter.
EMAIL = "{email}"


def directory_url(value: str) -> str:
    """ldaps://host, or ldap://host which is then encrypted by StartTLS; or nothing."""
    url = value.strip()
    parts = urlsplit(url)
    if url and not (parts.scheme in ("ldap", "ldaps") and parts.hostname and parts.path in ("", "/")):
        raise ValueError("must be an address such as ldaps://directory.example.com")
    return url


def search_filter(value: str) -> str:
    """A search filter with a place for the e-mail."""
    if EMAIL not in value:
        raise ValueError(f"must have {EMAIL} where the e-mail goes")
    return value.strip()


URL = Setting(
    "portal.ldap.url",
    directory_url,
    "",
    "directory by whose passwords employees may sign in, such as ldaps://directory.example.com; empty for none",
)
BIND_DN = Setting("portal.ldap.bind_dn", text, "", "who the portal is in the directory; empty for nobody")
BIND_PASSWORD = Setting(
    "portal.ldap.bind_password", text, "", "the portal's password in the directory", secret=True
)
BASE = Setting(
    "portal.ldap.base", text, "", "below what people are looked for, such as ou=people,dc=example,dc=com"
)
FILTER = Setting(
    "portal.ldap.filter",
    search_filter,
    "(&(objectClass=person)(mail={email}))",
    "how a person is found by {email}",
)
ID_ATTRIBUTE = Setting(
    "portal.ldap.id_attribute",
    text,
    "entryUUID",
    "attribute that names a person for good; objectGUID in Active Directory",
)
GROUPS_ATTRIBUTE = Setting(
    "portal.ldap.groups_attribute",
    text,
    "memberOf",
    "attribute of a person that lists groups, by distinguished name; the first part of each counts",
)
CA_FILE = Setting(
    "portal.ldap.ca_file",
    optional_file,
    "",
    "certificates that the directory's is checked with; empty for those of the system",
)
CREATE_USERS = Setting(
    "portal.ldap.create_users",
    boolean,
    "false",
    "whether people of the directory are added as employees at their first sign-in",
)

SETTINGS = (
    URL,
    BIND_DN,
    BIND_PASSWORD,
    BASE,
    FILTER,
    ID_ATTRIBUTE,
    GROUPS_ATTRIBUTE,
    CA_FILE,
    CREATE_USERS,
)
