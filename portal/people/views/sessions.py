"""Where somebody is signed in, for themselves and for administrators, and how to end it."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound, HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from portal.kernel.i18n import _
from portal.kernel.people import Identity
from portal.people import services
from portal.people.models import User
from portal.people.permissions import ADMINISTER, PROFILE
from portal.people.resources import ProfileRoot, UserNode
from portal.web.request import Request

_SESSIONS = "/account/sessions"


@view_config(
    context=ProfileRoot,
    name="sessions",
    permission=PROFILE,
    request_method="GET",
    renderer="portal:people/templates/sessions.jinja2",
)
def sessions(context: ProfileRoot, request: Request) -> dict[str, Any]:
    """One's own sessions, this one marked."""
    identity = _identity(request)
    user = services.user_by_id(request.unit, identity.user_id)
    return {"sessions": services.live_sessions(request.unit, user), "here": identity.session_id}


@view_config(
    context=ProfileRoot, name="end-session", permission=PROFILE, request_method="POST", show="sessions"
)
def end_own(context: ProfileRoot, request: Request) -> Response:
    """End one of one's own sessions."""
    identity = _identity(request)
    _end(request, services.user_by_id(request.unit, identity.user_id))
    return HTTPSeeOther(location=_SESSIONS)


@view_config(
    context=ProfileRoot, name="end-sessions", permission=PROFILE, request_method="POST", show="sessions"
)
def end_others(context: ProfileRoot, request: Request) -> Response:
    """End all of one's own sessions but this one."""
    identity = _identity(request)
    services.end_sessions(request.unit, identity.user_id, but=identity.session_id)
    request.flash(_("You are signed out everywhere else."))
    return HTTPSeeOther(location=_SESSIONS)


@view_config(context=UserNode, name="end-session", permission=ADMINISTER, request_method="POST", show="")
def end_one(context: UserNode, request: Request) -> Response:
    """End one session of a person."""
    _end(request, context.user)
    return HTTPSeeOther(location=request.resource_path(context))


@view_config(context=UserNode, name="end-sessions", permission=ADMINISTER, request_method="POST", show="")
def end_all(context: UserNode, request: Request) -> Response:
    """End every session of a person."""
    services.end_sessions(request.unit, context.user.id)
    request.flash(_("${name} is signed out everywhere.", mapping={"name": context.user.name}))
    return HTTPSeeOther(location=request.resource_path(context))


def _end(request: Request, user: User) -> None:
    """End the session that the form names, if it is this person's; another's is not there."""
    try:
        services.end_session_of(request.unit, user, str(request.POST.get("session", "")))
    except LookupError as error:
        raise HTTPNotFound from error
    request.flash(_("The session has ended."))


def _identity(request: Request) -> Identity:
    if request.identified is None:
        raise HTTPForbidden
    return request.identified
