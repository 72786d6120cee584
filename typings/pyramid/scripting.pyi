from collections.abc import Callable
from types import TracebackType
from typing import Any

from pyramid.registry import Registry
from pyramid.request import Request

class AppEnvironment(dict[str, Any]):
    def __enter__(self) -> AppEnvironment: ...
    def __exit__(
        self, type: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

def get_root(app: Any, request: Request | None = None) -> tuple[Any, Callable[[], None]]: ...
def prepare(request: Request | None = None, registry: Registry | None = None) -> AppEnvironment: ...
