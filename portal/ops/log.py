"""The log: one structured line per request, JSON in production, readable in development.

The ini's `[formatter_…]` sections name `JsonFormatter` or `ReadableFormatter`; every line of every library then
carries the id of the request that it was written in.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import structlog
from pyramid.registry import Registry
from pyramid.response import Response

from portal.kernel.db import statements
from portal.web.request import Request

Handler = Callable[[Request], Response]

#: What every line carries, ours and those of libraries.
_COMMON: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

log = structlog.wrap_logger(
    logging.getLogger("portal.requests"),
    wrapper_class=structlog.stdlib.BoundLogger,
    processors=[
        structlog.stdlib.filter_by_level,
        *_COMMON,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
)

#: Addresses that are asked every few seconds by machines: logged only when debugging.
_QUIET = ("/healthz", "/readyz", "/jobsz", "/static/")


def request_log_tween(handler: Handler, registry: Registry) -> Handler:
    """Log each request when it has been answered, and echo its id in `X-Request-Id`.

    The query string is left out: it may hold what people typed. So is what follows a view's name.
    """

    def tween(request: Request) -> Response:
        started = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request.request_id)
        try:
            response = handler(request)
            response.headers["X-Request-Id"] = request.request_id
            _write(request, response.status_int, started)
        except BaseException:
            _write(request, 500, started)
            raise
        finally:
            structlog.contextvars.clear_contextvars()
        return response

    return tween


def _write(request: Request, status: int, started: float) -> None:
    counter = statements.get()
    # Only an identity that was asked for anyway: the log itself runs no query.
    identity = request.__dict__.get("identified")
    write = log.debug if request.path.startswith(_QUIET) else log.info
    write(
        "request",
        method=request.method,
        path=_path(request),
        status=status,
        user=None if identity is None else identity.user_id,
        ms=round((time.perf_counter() - started) * 1000, 1),
        statements=0 if counter is None else counter.count,
    )


def _path(request: Request) -> str:
    """The address without what follows a view's name: the links of mails carry their one-time tokens there."""
    beyond: tuple[str, ...] = getattr(request, "subpath", ())
    if not beyond:
        return request.path
    return request.path.rstrip("/").rsplit("/", len(beyond))[0] + "/…"


class JsonFormatter(structlog.stdlib.ProcessorFormatter):
    """One JSON object per line, exceptions included."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        """Take and ignore what `logging.config.fileConfig` passes to every formatter."""
        super().__init__(
            foreign_pre_chain=[*_COMMON, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )


class ReadableFormatter(structlog.stdlib.ProcessorFormatter):
    """One line for the eye, without colours where nobody sees them."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        """Take and ignore what `logging.config.fileConfig` passes to every formatter."""
        super().__init__(
            foreign_pre_chain=[*_COMMON, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.dev.ConsoleRenderer(colors=False),
            ],
        )
