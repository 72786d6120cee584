from typing import Any

from pyramid.request import Request
from pyramid.response import Response

class static_view:
    def __init__(
        self,
        root_dir: str,
        cache_max_age: int | None = 3600,
        package_name: str | None = None,
        use_subpath: bool = False,
        index: str = "index.html",
        reload: bool = False,
        content_encodings: Any = (),
    ) -> None: ...
    def __call__(self, context: Any, request: Request) -> Response: ...

class QueryStringCacheBuster:
    param: str
    def __init__(self, param: str = "x") -> None: ...
    def __call__(
        self, request: Request, subpath: str, kw: dict[str, Any]
    ) -> tuple[str, dict[str, Any]]: ...

class QueryStringConstantCacheBuster(QueryStringCacheBuster):
    def __init__(self, token: str, param: str = "x") -> None: ...
    def tokenize(self, request: Request, subpath: str, kw: dict[str, Any]) -> str: ...

class ManifestCacheBuster:
    def __init__(self, manifest_spec: str, reload: bool = False) -> None: ...
    def parse_manifest(self, content: bytes) -> dict[str, str]: ...
    @property
    def manifest(self) -> dict[str, str]: ...
    def __call__(
        self, request: Request, subpath: str, kw: dict[str, Any]
    ) -> tuple[str, dict[str, Any]]: ...
