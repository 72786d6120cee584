"""An act above its limit becomes a proposal: what the view did is taken back, the proposal is stored in its place.

It stands inside the one-time operation: a form that is sent twice proposes once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response

from portal.kernel.i18n import _
from portal.kernel.people import Realm
from portal.proposals import services
from portal.proposals.intents import NeedsSecond
from portal.web.refusals import begin_anew
from portal.web.request import Request

View = Callable[[Any, Request], Response]


def proposing_deriver(view: View, info: Any) -> View:
    """Catch `NeedsSecond` of views that act, and lead to the proposal."""
    if info.exception_only:
        return view

    def wrapper(context: Any, request: Request) -> Response:
        collected = len(request.afterwards)
        try:
            return view(context, request)
        except NeedsSecond as needed:
            identity = request.identified
            if identity is None or identity.realm is not Realm.EMPLOYEES:
                raise
            del request.afterwards[collected:]
            begin_anew(request)
            proposal = services.propose(request.unit, needed)
        request.flash(_("Nothing was done yet: this waits for a second person."), "info")
        return HTTPSeeOther(location=f"/proposals/{proposal.public_id}/")

    return wrapper
