from socket import socket
from ssl import VerifyMode
from typing import Any, Literal

AUTO_BIND_NONE: Literal["NONE"]
NONE: Literal["NO_INFO"]
SUBTREE: Literal["SUBTREE"]

class Tls:
    def __init__(self, *, validate: VerifyMode, ca_certs_file: str | None = None) -> None: ...

class Server:
    ssl: bool
    def __init__(
        self, host: str, *, tls: Tls | None = None, connect_timeout: float | None = None, get_info: str = ...
    ) -> None: ...

class Connection:
    response: list[dict[str, Any]] | None
    socket: socket | None
    def __init__(
        self,
        server: Server,
        user: str | None = None,
        password: str | None = None,
        *,
        auto_bind: str,
        receive_timeout: float | None = None,
        read_only: bool = False,
        auto_referrals: bool = True,
    ) -> None: ...
    def start_tls(self, read_server_info: bool = True) -> bool: ...
    def bind(self, read_server_info: bool = True) -> bool: ...
    def unbind(self) -> bool: ...
    def search(
        self,
        search_base: str,
        search_filter: str,
        *,
        search_scope: str = ...,
        attributes: list[str] | None = None,
        size_limit: int = 0,
        time_limit: int = 0,
    ) -> bool: ...
