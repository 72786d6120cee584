"""Where the wall of the database does not stand: in signing in, and in what people do about themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from portal.kernel.tree import ModuleRoot, Node, lineage
from portal.web.request import Request

View = Callable[[Any, Request], Response]


def walls_deriver(view: View, info: Any) -> View:
    """Let open views, which answer whoever asks, and those below a root outside the walls act as the house."""
    if info.exception_only:
        return view
    is_open = info.options.get("permission") == NO_PERMISSION_REQUIRED

    def wrapper(context: Any, request: Request) -> Response:
        if is_open or _is_outside(context):
            request.leave_walls()
        return view(context, request)

    return wrapper


def _is_outside(context: Any) -> bool:
    nodes = lineage(context) if isinstance(context, Node) else ()
    return any(isinstance(node, ModuleRoot) and node.outside_walls for node in nodes)
