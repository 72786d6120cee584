"""/account/draft: where pages keep what is being typed into them."""

from __future__ import annotations

from pyramid.httpexceptions import HTTPNoContent, HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from portal.kernel.errors import Refused
from portal.kernel.i18n import _
from portal.people import drafts
from portal.people.destinations import HOME, local_path
from portal.people.permissions import PROFILE
from portal.people.resources import ProfileRoot
from portal.web.request import Request


@view_config(context=ProfileRoot, name="draft", permission=PROFILE, request_method="POST", operation=False)
def save(context: ProfileRoot, request: Request) -> Response:
    """Keep what is being typed; the script of the page asks for nothing back."""
    identity = request.identified
    fields = [(name, value) for name, value in request.POST.items() if isinstance(value, str)]
    if identity is not None:
        drafts.save(request.unit, identity.user_id, fields)
    return HTTPNoContent()


@view_config(
    context=ProfileRoot, name="discard-draft", permission=PROFILE, request_method="POST", operation=False
)
def discard(context: ProfileRoot, request: Request) -> Response:
    """Forget it, and go back to the page as it is without it. Raises Refused for what is no page."""
    identity, address = request.identified, str(request.POST.get("address", ""))
    if local_path(address) != address or address == HOME:
        raise Refused(_("This form cannot be kept."))
    if identity is not None:
        drafts.discard(request.unit, identity.user_id, address)
    request.flash(_("Discarded."))
    return HTTPSeeOther(location=address)
