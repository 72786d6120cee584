"""The names of cookies."""

from __future__ import annotations

from portal.kernel import BASE_URL
from portal.kernel.request import Request


def is_secure(request: Request) -> bool:
    """Whether people reach the portal by https, by the ini."""
    return request.setting(BASE_URL).startswith("https:")


def cookie_name(request: Request, name: str) -> str:
    """`__Host-<name>` (browsers then insist on https and on this very host), or `<name>` without https."""
    return f"__Host-{name}" if is_secure(request) else name
