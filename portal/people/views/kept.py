"""/account/kept: forms that were sent after the session had ended, to be sent again or discarded."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from portal.kernel.i18n import _
from portal.people import kept
from portal.people.permissions import PROFILE
from portal.people.resources import ProfileRoot
from portal.web.request import Request


@view_config(
    context=ProfileRoot,
    name="kept",
    permission=PROFILE,
    request_method="GET",
    renderer="portal:people/templates/kept.jinja2",
)
def waiting(context: ProfileRoot, request: Request) -> dict[str, Any]:
    """The kept forms of the person; nobody who only looks as them sees what they typed."""
    identity = request.identified
    if identity is None or identity.viewed_by is not None:
        return {"forms": []}
    return {"forms": kept.waiting_forms(request.unit, identity.user_id)}


@view_config(context=ProfileRoot, name="discard-kept", permission=PROFILE, request_method="POST", show="kept")
def discard(context: ProfileRoot, request: Request) -> Response:
    """Forget one of them."""
    identity = request.identified
    try:
        kept.discard(
            request.unit, 0 if identity is None else identity.user_id, str(request.POST.get("form", ""))
        )
    except LookupError as error:
        raise HTTPNotFound from error
    request.flash(_("Discarded."))
    return HTTPSeeOther(location=kept.PAGE)
