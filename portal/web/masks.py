"""A token on a page, under a mask of chance: it looks different each time (BREACH)."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode


def masked(token: str) -> str:
    """The token between the digits of a mask that is made anew each time."""
    plain = token.encode()
    mask = secrets.token_bytes(len(plain))
    return urlsafe_b64encode(mask + _xor(plain, mask)).decode().rstrip("=")


def unmasked(sent: str) -> str:
    """The token that was sent; "" for what was never masked here."""
    try:
        both = urlsafe_b64decode(sent.encode("ascii") + b"=" * (-len(sent) % 4))
        half, odd = divmod(len(both), 2)
        return "" if odd else _xor(both[half:], both[:half]).decode("ascii")
    except ValueError:
        return ""


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
