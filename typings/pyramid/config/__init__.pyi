from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from types import ModuleType, TracebackType
from typing import Any

from pyramid.interfaces import IActionInfo
from pyramid.registry import Introspectable, Introspector, Registry
from pyramid.request import Request
from pyramid.response import Response
from pyramid.router import Router
from pyramid.security import SecurityPolicy

_View = Callable[..., Any] | type[Any] | str
_Dotted = Callable[..., Any] | str

class Configurator:
    registry: Registry
    package: ModuleType
    package_name: str
    root_package: ModuleType
    autocommit: bool
    introspection: bool
    route_prefix: str | None
    basepath: str | None
    info: IActionInfo
    introspectable: type[Introspectable]
    introspector: Introspector
    def __init__(
        self,
        registry: Registry | None = None,
        package: ModuleType | str | None = None,
        settings: dict[str, Any] | None = None,
        root_factory: _Dotted | None = None,
        security_policy: SecurityPolicy | None = None,
        authentication_policy: Any = None,
        authorization_policy: Any = None,
        renderers: Any = None,
        debug_logger: Any = None,
        locale_negotiator: _Dotted | None = None,
        request_factory: _Dotted | None = None,
        response_factory: _Dotted | None = None,
        default_permission: str | None = None,
        session_factory: Any = None,
        default_view_mapper: Any = None,
        autocommit: bool = False,
        exceptionresponse_view: Any = ...,
        route_prefix: str | None = None,
        introspection: bool = True,
        root_package: ModuleType | None = None,
    ) -> None: ...
    def __enter__(self) -> Configurator: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        exc_traceback: TracebackType | None,
    ) -> None: ...
    def begin(self, request: Request | None = ...) -> None: ...
    def end(self) -> Any: ...
    def commit(self) -> None: ...
    def include(
        self, callable: Callable[[Configurator], object] | ModuleType | str, route_prefix: str | None = None
    ) -> None: ...
    def scan(
        self,
        package: ModuleType | str | None = None,
        categories: Sequence[str] = ...,
        onerror: Callable[[str], object] | None = None,
        ignore: Any = None,
        **kw: Any,
    ) -> None: ...
    def make_wsgi_app(self) -> Router: ...
    def get_settings(self) -> dict[str, Any]: ...
    def add_settings(self, settings: dict[str, Any] | None = None, **kw: Any) -> None: ...
    def maybe_dotted(self, dotted: Any) -> Any: ...
    def absolute_asset_spec(self, relative_spec: str) -> str: ...
    def with_package(self, package: ModuleType) -> Configurator: ...
    def action(
        self,
        discriminator: Any,
        callable: Callable[..., object] | None = None,
        args: tuple[Any, ...] = (),
        kw: dict[str, Any] | None = None,
        order: int = 0,
        introspectables: Iterable[Introspectable] = (),
        **extra: Any,
    ) -> None: ...
    def add_directive(self, name: str, directive: _Dotted, action_wrap: bool = True) -> None: ...
    def add_view(
        self,
        view: _View | None = None,
        name: str = "",
        for_: Any = None,
        permission: str | None = None,
        request_type: Any = None,
        route_name: str | None = None,
        request_method: str | tuple[str, ...] | None = None,
        request_param: str | tuple[str, ...] | None = None,
        containment: Any = None,
        attr: str | None = None,
        renderer: Any = None,
        wrapper: str | None = None,
        xhr: bool | None = None,
        accept: str | None = None,
        header: str | tuple[str, ...] | None = None,
        path_info: str | None = None,
        custom_predicates: Sequence[Any] = (),
        context: Any = None,
        decorator: Any = None,
        mapper: Any = None,
        http_cache: Any = None,
        match_param: Any = None,
        require_csrf: bool | None = None,
        exception_only: bool = False,
        **view_options: Any,
    ) -> None: ...
    def add_forbidden_view(self, view: _View | None = None, **view_options: Any) -> None: ...
    def add_notfound_view(
        self,
        view: _View | None = None,
        *,
        append_slash: bool | type[Response] = False,
        **view_options: Any,
    ) -> None: ...
    def add_exception_view(
        self, view: _View | None = None, context: Any = None, **view_options: Any
    ) -> None: ...
    def add_view_deriver(
        self,
        deriver: Callable[..., Any],
        name: str | None = None,
        under: str | Iterable[str] | None = None,
        over: str | Iterable[str] | None = None,
    ) -> None: ...
    def add_view_predicate(
        self,
        name: str,
        factory: _Dotted,
        weighs_more_than: Any = None,
        weighs_less_than: Any = None,
    ) -> None: ...
    def derive_view(self, view: _View, attr: str | None = None, renderer: Any = None) -> Any: ...
    def add_static_view(self, name: str, path: str, **kw: Any) -> None: ...
    def add_cache_buster(self, path: str, cachebust: Callable[..., Any], explicit: bool = False) -> None: ...
    def override_asset(self, to_override: str, override_with: str) -> None: ...
    def add_route(self, name: str, pattern: str | None = None, **predicates: Any) -> None: ...
    def route_prefix_context(self, route_prefix: str | None) -> AbstractContextManager[None]: ...
    def add_tween(
        self, tween_factory: str, under: str | Iterable[str] | None = None, over: str | Iterable[str] | None = None
    ) -> None: ...
    def add_renderer(self, name: str | None, factory: Any) -> None: ...
    def add_request_method(
        self,
        callable: Callable[..., Any] | str | None = None,
        name: str | None = None,
        property: bool = False,
        reify: bool = False,
    ) -> None: ...
    def add_subscriber(self, subscriber: _Dotted, iface: Any = None, **predicates: Any) -> None: ...
    def add_response_adapter(self, adapter: _Dotted, type_or_iface: Any) -> None: ...
    def add_traverser(self, adapter: _Dotted, iface: Any = None) -> None: ...
    def add_resource_url_adapter(self, adapter: _Dotted, resource_iface: Any = None) -> None: ...
    def add_permission(self, permission_name: str) -> None: ...
    def add_translation_dirs(self, *specs: str, override: bool = False) -> None: ...
    def set_default_permission(self, permission: str) -> None: ...
    def set_security_policy(self, policy: SecurityPolicy) -> None: ...
    def set_csrf_storage_policy(self, policy: Any) -> None: ...
    def set_default_csrf_options(
        self,
        require_csrf: bool = True,
        token: str | None = "csrf_token",
        header: str | None = "X-CSRF-Token",
        safe_methods: Iterable[str] = ...,
        check_origin: bool = True,
        allow_no_origin: bool = False,
        callback: Callable[[Any], bool] | None = None,
    ) -> None: ...
    def set_root_factory(self, factory: _Dotted) -> None: ...
    def set_session_factory(self, factory: Any) -> None: ...
    def set_request_factory(self, factory: _Dotted) -> None: ...
    def set_response_factory(self, factory: _Dotted) -> None: ...
    def set_execution_policy(self, policy: _Dotted) -> None: ...
    def set_locale_negotiator(self, negotiator: _Dotted) -> None: ...
    def set_view_mapper(self, mapper: Any) -> None: ...

    # Directives that pyramid_jinja2 adds.
    def add_jinja2_renderer(
        self, name: str, settings_prefix: str = "jinja2.", package: ModuleType | None = None
    ) -> None: ...
    def add_jinja2_search_path(self, searchpath: str, name: str = ".jinja2", prepend: bool = False) -> None: ...
    def add_jinja2_extension(self, ext: Any, name: str = ".jinja2") -> None: ...
    def get_jinja2_environment(self, name: str = ".jinja2") -> Any: ...

def not_(value: Any) -> Any: ...
