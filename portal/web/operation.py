"""Every POST has one effect: the form's operation id is remembered together with where the act led."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response

from portal.kernel import SECRET, operations
from portal.kernel.errors import Conflict, Refused
from portal.kernel.i18n import _
from portal.web.request import CSRF_FIELD, OPERATION_FIELD, Request

View = Callable[[Any, Request], Response]


def operation_deriver(view: View, info: Any) -> View:
    """Answer a repeated POST with the stored answer.

    `operation=False` is for views whose repetition is harmless by nature (signing in and out).
    """
    if not info.options.get("operation", True) or info.exception_only:
        return view

    def wrapper(context: Any, request: Request) -> Response:
        if request.method != "POST" or request.refusal is not None:
            return view(context, request)
        return _once(view, context, request)

    return wrapper


operation_deriver.options = ("operation",)  # type: ignore[attr-defined]


def _once(view: View, context: Any, request: Request) -> Response:
    key = str(request.POST.get(OPERATION_FIELD, ""))
    if not 16 <= len(key) <= 64:
        raise Refused(_("This form is not from this portal. Please open the page again."))
    identity = request.identified
    principal = "anonymous" if identity is None else f"user:{identity.user_id}"
    body = _body(request)
    earlier = operations.claim(request.unit, principal, key, body)
    if earlier is not None:
        if earlier.body != body:
            raise Conflict(_("This form was already sent with other content. Please open the page again."))
        return HTTPSeeOther(location=earlier.location)
    response = view(context, request)
    if response.status_int == 303:
        request.db.flush()
        operations.remember(request.unit, principal, key, response.location or "/")
    else:
        operations.forget(request.unit, principal, key)
    return response


def _body(request: Request) -> str:
    """A digest of address and body, without the fields that differ between two renderings of one form.

    It is keyed: a body may hold a new password, which a plain digest would let others guess from a stolen database.
    """
    digest = hmac.new(request.setting(SECRET).encode(), request.path_qs.encode(), hashlib.sha256)
    for name, value in sorted((name, str(value)) for name, value in request.POST.items()):
        if name not in (CSRF_FIELD, OPERATION_FIELD):
            digest.update(f"\0{name}={value}".encode())
    return digest.hexdigest()
