"""A directory (LDAP) that knows e-mails and passwords of employees which the portal does not know itself.

Asked only after the portal's own password did not fit, and outside of any transaction: a directory that is down keeps
nobody out who has a password here. Needs the extra `ldap`.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from portal.kernel.errors import BootRefused
from portal.kernel.people import Method
from portal.kernel.settings import Settings
from portal.people.directory.settings import (
    BASE,
    BIND_DN,
    BIND_PASSWORD,
    CA_FILE,
    EMAIL,
    FILTER,
    GROUPS_ATTRIBUTE,
    ID_ATTRIBUTE,
    URL,
)
from portal.people.services.external import Outsider
from portal.people.ways import PASSWORD_SOURCES

if TYPE_CHECKING:
    from ldap3 import Connection

    from portal.kernel.composition import Composer

log = logging.getLogger(__name__)

_LOCAL = ("localhost", "127.0.0.1")
#: Seconds to connect, and to wait for an answer.
_CONNECT, _RECEIVE = 3, 5


def connect(config: Composer, module: str) -> None:
    """Ask the directory that the ini names, if any. Raises BootRefused when it is half described."""
    settings = config.house.settings
    if not settings[URL]:
        return
    if find_spec("ldap3") is None:
        raise BootRefused(f"{URL.key} needs the extra ldap: pip install portal-suite[ldap]")
    if not settings[BASE]:
        raise BootRefused(f"{BASE.key} is missing: {URL.key} names a directory")
    config.offer(PASSWORD_SOURCES, vouch, module=module)


def vouch(settings: Settings, email: str, password: str) -> Outsider | None:
    """The person of the directory with this e-mail and password; None also when the directory cannot be asked."""
    from ldap3.core.exceptions import LDAPException

    # A directory takes a name without a password for a wish to be nobody in particular, and says yes.
    if not email or not password:
        return None
    try:
        return _known(settings, email, password)
    except (LDAPException, OSError, ValueError) as error:
        log.warning("the directory cannot be asked: %s", type(error).__name__)
        return None


def _known(settings: Settings, email: str, password: str) -> Outsider | None:
    found = _found(settings, email)
    # Somebody is asked for in any case: unknown people take the time that known ones do.
    name = found["dn"] if found is not None else f"cn=nobody,{settings[BASE]}"
    if not _lets_in(settings, name, password) or found is None:
        return None
    subject = _subject(found, settings[ID_ATTRIBUTE])
    if not subject:
        log.warning("the directory gives %s no %s", found["dn"], settings[ID_ATTRIBUTE])
        return None
    attributes: dict[str, list[Any]] = found["attributes"]
    return Outsider(
        method=Method.LDAP,
        issuer="ldap",
        subject=subject,
        email=email,
        name=next((str(name) for name in attributes.get("cn", [])), ""),
        groups=frozenset(_first_part(str(group)) for group in attributes.get(settings[GROUPS_ATTRIBUTE], [])),
    )


def _found(settings: Settings, email: str) -> dict[str, Any] | None:
    """The one entry with this e-mail, if there is exactly one."""
    from ldap3 import SUBTREE
    from ldap3.utils.conv import escape_filter_chars

    asked = settings[FILTER].replace(EMAIL, escape_filter_chars(email))
    with _connected(settings, settings[BIND_DN], settings[BIND_PASSWORD]) as connection:
        if connection is None:
            log.warning("the directory does not let the portal in by portal.ldap.bind_dn")
            return None
        connection.search(
            settings[BASE],
            asked,
            search_scope=SUBTREE,
            attributes=["cn", settings[ID_ATTRIBUTE], settings[GROUPS_ATTRIBUTE]],
            size_limit=2,
            time_limit=_RECEIVE,
        )
        entries = [one for one in connection.response or () if one["type"] == "searchResEntry"]
    return entries[0] if len(entries) == 1 else None


def _lets_in(settings: Settings, name: str, password: str) -> bool:
    with _connected(settings, name, password) as connection:
        return connection is not None


@contextmanager
def _connected(settings: Settings, name: str, password: str) -> Generator[Connection | None]:
    """A connection that was encrypted and checked before anything was said; None when the server wants no such person."""
    from ldap3 import AUTO_BIND_NONE, NONE, Connection, Server, Tls
    from ldap3.core.exceptions import LDAPStartTLSError

    url = settings[URL]
    ca_file: Path | None = settings[CA_FILE]
    plain = urlsplit(url).scheme == "ldap" and urlsplit(url).hostname in _LOCAL and ca_file is None
    tls = Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=None if ca_file is None else str(ca_file))
    server = Server(url, tls=None if plain else tls, connect_timeout=_CONNECT, get_info=NONE)
    connection = Connection(
        server,
        user=name or None,
        password=password if name else None,
        auto_bind=AUTO_BIND_NONE,
        receive_timeout=_RECEIVE,
        read_only=True,
        auto_referrals=False,
    )
    try:
        if not (plain or server.ssl or connection.start_tls(read_server_info=False)):
            raise LDAPStartTLSError("the directory does not encrypt")
        yield connection if connection.bind(read_server_info=False) else None
    finally:
        connection.unbind()
        if connection.socket is not None:  # ldap3 forgets one that could not be connected
            connection.socket.close()


def _subject(entry: dict[str, Any], attribute: str) -> str:
    raw: list[bytes] = entry["raw_attributes"].get(attribute, [])
    if len(raw) != 1:
        return ""
    # objectGUID is sixteen bytes, entryUUID the text of them.
    return str(UUID(bytes_le=raw[0])) if len(raw[0]) == 16 else raw[0].decode()


def _first_part(name: str) -> str:
    """Finance, of cn=Finance,ou=groups,dc=example,dc=com; a name that is none stays as it is."""
    from ldap3.core.exceptions import LDAPInvalidDnError
    from ldap3.utils.dn import parse_dn

    try:
        return str(parse_dn(name)[0][1])
    except (LDAPInvalidDnError, IndexError):
        return name
