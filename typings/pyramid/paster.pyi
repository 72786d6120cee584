from typing import Any

from pyramid.request import Request
from pyramid.router import Router
from pyramid.scripting import AppEnvironment

def setup_logging(config_uri: str, global_conf: dict[str, Any] | None = None) -> None: ...
def get_app(config_uri: str, name: str | None = None, options: dict[str, Any] | None = None) -> Router: ...
def get_appsettings(
    config_uri: str, name: str | None = None, options: dict[str, Any] | None = None
) -> dict[str, Any]: ...
def bootstrap(
    config_uri: str, request: Request | None = None, options: dict[str, Any] | None = None
) -> AppEnvironment: ...
