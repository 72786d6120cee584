"""/admin/audit: who did what, when, from where."""

from __future__ import annotations

from typing import Any

from pyramid.response import Response
from pyramid.view import view_config

from portal.ops import audit_list
from portal.ops.audit_list import LOG
from portal.ops.permissions import AUDIT
from portal.ops.resources import AuditNode, AuditPage
from portal.web.request import Request

TEMPLATES = "portal:ops/templates"


@view_config(context=AuditPage, permission=AUDIT, request_method="GET", renderer=f"{TEMPLATES}/audit.jinja2")
def log(context: AuditPage, request: Request) -> dict[str, Any]:
    """The log, newest first."""
    return {"page": LOG.page(request.db, request.GET, base=request.resource_path(context))}


@view_config(context=AuditPage, name="csv", permission=AUDIT, request_method="GET")
def log_csv(context: AuditPage, request: Request) -> Response:
    """The log as a file; that it was taken out is in it too."""
    return LOG.csv(request)


@view_config(
    context=AuditNode, permission=AUDIT, request_method="GET", renderer=f"{TEMPLATES}/audit_row.jinja2"
)
def act(context: AuditNode, request: Request) -> dict[str, Any]:
    """One act with what was before and after."""
    row = context.row
    about = None
    if row.subject is not None and row.subject_id is not None:
        about = audit_list.history(row.subject, row.subject_id)
    return {
        "row": row,
        "values": audit_list.values(row),
        "changes": audit_list.changes(row),
        "about": about,
        "log": request.resource_path(context.__parent__),
    }
