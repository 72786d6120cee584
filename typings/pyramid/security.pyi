from collections.abc import Sequence
from typing import Any, Protocol

from pyramid.request import Request

NO_PERMISSION_REQUIRED: str

def remember(request: Request, userid: Any, **kw: Any) -> list[tuple[str, str]]: ...
def forget(request: Request, **kw: Any) -> list[tuple[str, str]]: ...
def view_execution_permitted(context: Any, request: Request, name: str = "") -> PermitsResult: ...

class PermitsResult(int):
    s: str
    args: tuple[Any, ...]
    def __new__(cls, s: str, *args: Any) -> PermitsResult: ...
    @property
    def msg(self) -> str: ...

class Denied(PermitsResult):
    def __new__(cls, s: str, *args: Any) -> Denied: ...

class Allowed(PermitsResult):
    def __new__(cls, s: str, *args: Any) -> Allowed: ...

class ACLPermitsResult(PermitsResult):
    ace: Any
    acl: Any
    permission: str
    principals: Sequence[str]
    context: Any
    def __new__(
        cls, ace: Any, acl: Any, permission: str, principals: Sequence[str], context: Any
    ) -> ACLPermitsResult: ...

class ACLDenied(ACLPermitsResult, Denied):
    def __new__(
        cls, ace: Any, acl: Any, permission: str, principals: Sequence[str], context: Any
    ) -> ACLDenied: ...

class ACLAllowed(ACLPermitsResult, Allowed):
    def __new__(
        cls, ace: Any, acl: Any, permission: str, principals: Sequence[str], context: Any
    ) -> ACLAllowed: ...

class SecurityPolicy(Protocol):
    def identity(self, request: Any) -> Any: ...
    def authenticated_userid(self, request: Any) -> Any: ...
    def permits(self, request: Any, context: Any, permission: str) -> Any: ...
    def remember(self, request: Any, userid: Any, **kw: Any) -> list[tuple[str, str]]: ...
    def forget(self, request: Any, **kw: Any) -> list[tuple[str, str]]: ...
