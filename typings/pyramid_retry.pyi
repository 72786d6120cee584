from collections.abc import Callable
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response

class RetryableException(Exception): ...

class BeforeRetry:
    request: Request
    environ: dict[str, Any]
    exception: BaseException | None
    response: Response | None

def RetryableExecutionPolicy(
    attempts: int = 3, activate_hook: Callable[[Any], int | None] | None = None
) -> Callable[..., Response]: ...
def mark_error_retryable(error: BaseException) -> None: ...
def is_error_retryable(request: Any, exc: BaseException | None) -> bool: ...
def is_last_attempt(request: Any) -> bool: ...
def includeme(config: Configurator) -> None: ...
