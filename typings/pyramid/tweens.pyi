from collections.abc import Callable
from typing import Any

from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response

MAIN: str
INGRESS: str
EXCVIEW: str

def excview_tween_factory(
    handler: Callable[[Any], Response], registry: Registry
) -> Callable[[Request], Response]: ...
