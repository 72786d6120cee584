"""Every POST has one effect: the form's operation id is remembered together with where the act led."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.response import Response

from portal.kernel import SECRET, operations
from portal.kernel.errors import Conflict, Invalid, Refused
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
    """Act, then claim the operation: one statement for the many that are sent once.

    A repeat acts in vain: either its act is refused, being done already, or its claim is. Then what it did is taken back
    and it gets the answer of the first.
    """
    key = operation_key(request)
    identity = request.identified
    principal = "anonymous" if identity is None else f"user:{identity.user_id}"
    body = _body(request)
    collected = len(request.afterwards)
    try:
        response = view(context, request)
    except (Refused, Invalid, HTTPNotFound):
        answer = _earlier(request, principal, key, body)
        if answer is None:
            raise
        del request.afterwards[collected:]
        return answer
    if response.status_int != 303:
        return response  # what was sent did not act: it only asked for another rendering of the form
    request.db.flush()
    if operations.claim(request.unit, principal, key, body, response.location or "/"):
        return response
    answer = _earlier(request, principal, key, body)
    if answer is None:
        raise LookupError(f"the operation {key} is claimed and not there")
    del request.afterwards[collected:]
    return answer


def operation_key(request: Request) -> str:
    """The one-time id that came with the form. Raises Refused without one."""
    key = str(request.POST.get(OPERATION_FIELD, ""))
    if not 16 <= len(key) <= 64:
        raise Refused(_("This form is not from this portal. Please open the page again."))
    return key


def _earlier(request: Request, principal: str, key: str, body: str) -> Response | None:
    """The answer of an earlier sending of the form, with nothing done by this one; None for the first sending."""
    request.tm.abort()
    request.tm.begin()
    earlier = operations.find(request.unit, principal, key)
    if earlier is None:
        return None
    if earlier.body != body:
        raise Conflict(_("This form was already sent with other content. Please open the page again."))
    return HTTPSeeOther(location=earlier.location)


def _body(request: Request) -> str:
    """A digest of address and body, without the fields that differ between two renderings of one form.

    It is keyed: a body may hold a new password, which a plain digest would let others guess from a stolen database.
    """
    digest = hmac.new(request.setting(SECRET).encode(), request.path_qs.encode(), hashlib.sha256)
    for name, value in sorted((name, str(value)) for name, value in request.POST.items()):
        if name not in (CSRF_FIELD, OPERATION_FIELD):
            digest.update(f"\0{name}={value}".encode())
    return digest.hexdigest()
