"""Sealing: text that only this portal can read and make, under a key derived from `portal.secret`.

For secrets that must be read again (what one-time codes are computed from) and for what a browser carries for us. Each
purpose has a key of its own, so that nothing sealed for one can be passed off as another. With another `portal.secret`
nothing sealed before can be read.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta

from cryptography.fernet import Fernet, InvalidToken

from portal.kernel import SECRET
from portal.kernel.unit import Unit


class Unsealable(Exception):
    """This was not sealed here for this purpose, or too long ago."""


def seal(unit: Unit, purpose: str, text: str) -> str:
    """`text`, encrypted and signed, fit for a column, a form and a cookie."""
    return _fernet(unit, purpose).encrypt_at_time(text.encode(), _moment(unit)).decode()


def unseal(unit: Unit, purpose: str, sealed: str, *, within: timedelta | None = None) -> str:
    """What was sealed for this purpose. Raises Unsealable, also for what is older than `within`."""
    fernet = _fernet(unit, purpose)
    try:
        if within is None:
            return fernet.decrypt(sealed.encode()).decode()
        return fernet.decrypt_at_time(sealed.encode(), int(within.total_seconds()), _moment(unit)).decode()
    except InvalidToken as error:
        raise Unsealable(purpose) from error


def _fernet(unit: Unit, purpose: str) -> Fernet:
    key = hmac.new(unit.setting(SECRET).encode(), f"seal:{purpose}".encode(), hashlib.sha256).digest()
    return Fernet(base64.urlsafe_b64encode(key))


def _moment(unit: Unit) -> int:
    return int(unit.now().timestamp())
