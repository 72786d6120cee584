"""Freshness: what matters most asks for a proof of identity that is minutes old, whatever the session's age.

A view says so itself: `view_config(..., fresh=True)`, or `fresh="POST"` for a page that everybody may read and only whose
form matters. Whoever proved too long ago who they are is led to `/verify` and from there back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from pyramid.httpexceptions import HTTPForbidden
from pyramid.response import Response

from portal.kernel.errors import Denied, NextStep
from portal.kernel.i18n import _
from portal.kernel.people import Method
from portal.people.settings import VERIFY_MINUTES
from portal.web.request import Request

View = Callable[[Any, Request], Response]

#: Where people prove anew who they are who did not sign in by password: the path that takes `?next=`.
ANEW: Mapping[Method, str] = {
    Method.LINK: "/sign-in-by-mail",
    Method.SSO: "/sign-in-sso-again",
    Method.LDAP: "/sign-in-directory-again",
}


def stale(request: Request) -> Denied | None:
    """The reason why this person must first prove anew who they are; None when they did so lately."""
    identity = request.identified
    if identity is None:
        return Denied(_("Please sign in."), NextStep.SIGN_IN)
    if identity.method is Method.TOKEN:
        return Denied(_("A program cannot do this; it takes a person."))
    if request.house.clock() - identity.verified_at <= timedelta(minutes=request.setting(VERIFY_MINUTES)):
        return None
    return Denied(_("Please show once more that it is you."), NextStep.VERIFY)


def demand_fresh(request: Request) -> None:
    """Go on only with a fresh proof of identity; else raise HTTPForbidden, which leads to `/verify` and back."""
    denied = stale(request)
    if denied is not None:
        raise HTTPForbidden(result=denied)


def fresh_deriver(view: View, info: Any) -> View:
    """Demand a fresh proof of identity of views with `fresh=True`, or `fresh="POST"` for their acts alone."""
    wanted: bool | str = info.options.get("fresh", False)
    if wanted is False:
        return view
    show: str | None = info.options.get("show")

    def wrapper(context: Any, request: Request) -> Response:
        if wanted is True or request.method == wanted:
            if show is not None:
                request.form_page = request.resource_path(context, show)
            demand_fresh(request)
        return view(context, request)

    return wrapper


fresh_deriver.options = ("fresh",)  # type: ignore[attr-defined]
