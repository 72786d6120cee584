from collections.abc import Iterator
from typing import Any

from webob.response import Response as WebObResponse

class Response(WebObResponse): ...

class FileResponse(Response):
    def __init__(
        self,
        path: str,
        request: Any = None,
        cache_max_age: int | None = None,
        content_type: str | None = None,
        content_encoding: str | None = None,
    ) -> None: ...

class FileIter:
    def __init__(self, file: Any, block_size: int = ...) -> None: ...
    def __iter__(self) -> Iterator[bytes]: ...
    def close(self) -> None: ...
