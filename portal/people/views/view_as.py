"""/admin/view-as: look at the portal as somebody else, and the end of it."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPForbidden, HTTPSeeOther
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.view import view_config

from portal.kernel.i18n import _
from portal.kernel.tree import Root
from portal.people import roles, viewing
from portal.people.forms import ReasonForm
from portal.people.permissions import VIEW_AS
from portal.people.resources import SeenNode, ViewAsPage
from portal.people.services.users import matching
from portal.web.request import Request

TEMPLATES = "portal:people/templates"


@view_config(
    context=ViewAsPage, permission=VIEW_AS, request_method="GET", renderer=f"{TEMPLATES}/view_as.jinja2"
)
def choose(context: ViewAsPage, request: Request) -> dict[str, Any]:
    """Search the person as whom one wants to look."""
    wanted = request.GET.get("q", "").strip()[:200]
    return {
        "wanted": wanted,
        "people": matching(request.unit, wanted),
        "base": request.resource_path(context),
    }


@view_config(
    context=SeenNode,
    permission=VIEW_AS,
    request_method=("GET", "POST"),
    renderer=f"{TEMPLATES}/view_as_one.jinja2",
    fresh="POST",
)
def begin(context: SeenNode, request: Request) -> Any:
    """Say why, and look as this person from the next page on."""
    viewer = request.identified
    if viewer is None:
        raise HTTPForbidden
    form = ReasonForm(request)
    if request.submitted:
        form.check()
        own = roles.held(request.house, viewer)
        viewing.begin(request.unit, viewer, context.user, form.reason.data, own=own)
        return HTTPSeeOther(location="/")
    return {
        "form": form,
        "user": context.user,
        "minutes": int(viewing.LONGEST.total_seconds() // 60),
        "back": request.resource_path(context.__parent__),
    }


@view_config(
    context=Root,
    name="end-view",
    permission=NO_PERMISSION_REQUIRED,
    open_to_all=_("Ends the view as somebody else, whatever that person may do."),
    request_method="POST",
    operation=False,
    viewing=True,
)
def end(context: Root, request: Request) -> Response:
    """See the portal as oneself again."""
    if request.identified is not None and request.identified.viewed_by is not None:
        viewing.finish(request.unit, request.identified.session_id)
    return HTTPSeeOther(location="/")
