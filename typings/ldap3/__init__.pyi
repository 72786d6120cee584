from ssl import VerifyMode
from typing import Any, Literal, Self

AUTO_BIND_NO_TLS: Literal["NO_TLS"]
AUTO_BIND_TLS_BEFORE_BIND: Literal["TLS_BEFORE_BIND"]
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
        return_empty_attributes: bool = True,
    ) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *args: object) -> None: ...
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
