from typing import Any

from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.request import Request

class DummyRequest(Request):
    def __init__(
        self,
        params: dict[str, Any] | None = None,
        environ: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        path: str = "/",
        cookies: dict[str, str] | None = None,
        post: Any = None,
        accept: str | None = None,
        **kw: Any,
    ) -> None: ...

def setUp(
    registry: Registry | None = None,
    request: Any = None,
    hook_zca: bool = True,
    autocommit: bool = True,
    settings: dict[str, Any] | None = None,
    package: Any = None,
) -> Configurator: ...
def tearDown(unhook_zca: bool = True) -> None: ...
