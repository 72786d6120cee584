from collections.abc import Callable
from types import ModuleType
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

def render(
    renderer_name: str, value: Any, request: Request | None = None, package: ModuleType | None = None
) -> str: ...
def render_to_response(
    renderer_name: str,
    value: Any,
    request: Request | None = None,
    package: ModuleType | None = None,
    response: Response | None = None,
) -> Response: ...
def get_renderer(renderer_name: str, package: ModuleType | None = None, registry: Any = None) -> Any: ...

class JSON:
    def __init__(self, serializer: Callable[..., str] = ..., adapters: Any = (), **kw: Any) -> None: ...
    def add_adapter(self, type_or_iface: Any, adapter: Callable[[Any, Any], Any]) -> None: ...
    def __call__(self, info: Any) -> Callable[[Any, dict[str, Any]], str]: ...

class RendererHelper:
    name: str
    package: ModuleType | None
    type: str
    registry: Any
    def __init__(
        self, name: str | None = None, package: ModuleType | None = None, registry: Any = None
    ) -> None: ...
