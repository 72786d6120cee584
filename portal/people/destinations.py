"""Where somebody goes after signing in: only to a path of this portal."""

from __future__ import annotations

import re
import string
from urllib.parse import quote

from portal.kernel.people import Realm

HOME = "/"
_LONGEST = 2000
_OURS = (
    "/sign-in",
    "/sign-out",
    "/verify",
    "/second-factor",
    "/passkey",
    "/forgotten",
    "/reset",
    "/invitation",
    "/confirm-email",
)


def local_path(wanted: str | None) -> str:
    """`wanted` if it is a path of this portal, else the start page.

    Refused are other hosts in every spelling browsers understand (`//x`, `/\\x`, tabs and line breaks in between),
    schemes, and the pages of signing in themselves.
    """
    if not wanted or len(wanted) > _LONGEST or not wanted.isprintable() or " " in wanted or "\\" in wanted:
        return HOME
    # What urlsplit makes of ///x is not what browsers make of it, so the text itself is judged.
    path = re.split("[?#]", wanted, maxsplit=1)[0]
    if not path.startswith("/") or "//" in path or path.startswith(_OURS):
        return HOME
    return wanted


def realm_of(path: str) -> Realm:
    """Who is asked for at a path: people of customers below /my, else employees."""
    return Realm.CUSTOMERS if path == "/my" or path.startswith("/my/") else Realm.EMPLOYEES


def after_sign_in(wanted: str | None, realm: Realm) -> str:
    """Where a person of this realm goes: where they wanted to, unless that is for the other kind of people.

    The address is percent-encoded, fit for a `Location` header.
    """
    path = local_path(wanted)
    ours = path == HOME or path.startswith("/account") or realm_of(path) is realm
    return _encoded(path) if ours else HOME


def _encoded(path: str) -> str:
    """The path as it may stand in a header: what is no ASCII becomes percent-encoded UTF-8, the rest stays."""
    return quote(path, safe=string.punctuation)
