"""Document links: opened by whoever has them, made and revoked by employees on the document's own page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyramid.csrf import check_csrf_token
from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.view import exception_view_config, view_config

from portal.kernel.composition import Composer
from portal.kernel.i18n import _
from portal.kernel.tree import Node, Root
from portal.kernel.unit import Unit
from portal.my.forms import DocumentLinkForm
from portal.my.opened import Closed
from portal.people import document_links, opened
from portal.people.document_links import SEGMENT, Linked
from portal.people.services import attempts
from portal.people.settings import ATTEMPTS_WINDOW, DOCUMENT_LINK_DAYS
from portal.web.badges import Badge
from portal.web.operation import operation_key
from portal.web.request import Request

_TEMPLATES = "portal:my/templates/"
_USUAL_DAYS = 14
_STATES = {
    "active": Badge(_("Active"), "success"),
    "expired": Badge(_("Expired"), "neutral"),
    "revoked": Badge(_("Revoked"), "danger"),
}


@view_config(
    context=Root,
    name=SEGMENT,
    permission=NO_PERMISSION_REQUIRED,
    open_to_all=_("Opened by whoever has the link to one document."),
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}open_document.jinja2",
    subpath=True,
    operation=False,
    require_csrf=False,
)
def open_document(context: Root, request: Request) -> Any:
    """A page that tells nothing and spends nothing; its button opens the document.

    It sends no referrer, so that the token stays here. Browsers then send no origin either, hence the form's token is
    checked here, without it.
    """
    request.response.headers["Referrer-Policy"] = "no-referrer"
    if len(request.subpath) != 1:
        raise HTTPNotFound
    if not request.submitted:
        return {"dead": None}
    check_csrf_token(request)
    link = document_links.open_by(request.unit, request.subpath[0])
    kind = None if link is None else request.house.documents.get(link.kind)
    visitor = attempts.nameless(request.remote_addr or "")
    # Who holds a link that works is never kept waiting for what others try.
    if link is None and attempts.is_limited(request.unit, attempts.DOCUMENT, visitor):
        request.response.status_int = 429
        minutes = request.setting(ATTEMPTS_WINDOW)
        return {
            "dead": _(
                "Too many attempts. Please wait ${minutes} minutes, then try again.",
                mapping={"minutes": minutes},
            )
        }
    if link is None or kind is None or kind.my_path is None:
        request.afterwards.append(lambda unit: _count(unit, visitor))
        request.response.status_int = 410
        return {"dead": _("This link does not work any more. Please ask us for a new one.")}
    place = "/".join(opened.PLACE)
    response = HTTPSeeOther(location=f"/{place}/{link.public_id}/{kind.my_path}{link.document}/")
    response.headers["Referrer-Policy"] = "no-referrer"
    opened.remember(request, response, link.public_id)
    return response


def _count(unit: Unit, visitor: attempts.Visitor) -> None:
    attempts.reserve(unit, attempts.DOCUMENT, visitor)


@exception_view_config(Closed, renderer="portal:web/templates/error.jinja2")
def closed(context: Closed, request: Request) -> dict[str, Any]:
    """The same for a link that has ended, one that was never there, and one opened too long ago."""
    request.response.status_int = 404
    return {
        "title": _("This document is not open"),
        "text": _(
            "Please open it again by the link that you were sent. If that does not help, ask us for a new one."
        ),
        "step": None,
    }


# --- on the document's page ----------------------------------------------------------------------------------


def offer_links(
    config: Composer, context: type[Node], permission: str, linked: Callable[[Any, Request], Linked]
) -> None:
    """Put `links` below the page of a kind of document: who has links to it, new ones, and an end to old ones.

    The kind says in its DocumentType what a link allows (`linked`), and stands below `/my/<account>/<my_path>`.
    """

    def links(node: Any, request: Request) -> Any:
        return _links(node, request, linked(node, request))

    def revoke_link(node: Any, request: Request) -> Response:
        try:
            document_links.revoke(request.unit, linked(node, request), str(request.POST.get("link", "")))
        except LookupError as error:
            raise HTTPNotFound from error
        request.flash(_("The link works no longer."))
        return HTTPSeeOther(location=request.resource_path(node, "links"))

    config.add_view(
        links,
        context=context,
        name="links",
        permission=permission,
        request_method=("GET", "POST"),
        renderer=f"{_TEMPLATES}document_links.jinja2",
        operation=False,
    )
    config.add_view(
        revoke_link,
        context=context,
        name="revoke-link",
        permission=permission,
        request_method="POST",
        show="links",
    )


def _links(context: Any, request: Request, linked: Linked) -> dict[str, Any]:
    days = min(_USUAL_DAYS, request.setting(DOCUMENT_LINK_DAYS))
    form = DocumentLinkForm(request, {"days": days})
    made = None
    if request.submitted:
        operation = operation_key(request)
        form.check()
        made = document_links.create(request.unit, linked, form.sent_to.data, int(form.days.data), operation)
    return {
        "form": form,
        "made": made,
        "links": [(one, _STATES[one.state]) for one in document_links.links_of(request.unit, linked)],
        "back": request.resource_path(context),
    }
