from collections.abc import Iterable
from typing import Any

from pyramid.security import ACLAllowed as ACLAllowed
from pyramid.security import ACLDenied as ACLDenied

Everyone: str
Authenticated: str
Allow: str
Deny: str

class AllPermissionsList:
    def __contains__(self, other: object) -> bool: ...

ALL_PERMISSIONS: AllPermissionsList
DENY_ALL: tuple[str, str, AllPermissionsList]

class ACLHelper:
    def permits(self, context: Any, principals: Iterable[str], permission: str) -> ACLAllowed | ACLDenied: ...
    def principals_allowed_by_permission(self, context: Any, permission: str) -> set[str]: ...
