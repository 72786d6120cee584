"""The pages of /admin."""

from __future__ import annotations

import json
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from portal.kernel.gate import open_views
from portal.kernel.i18n import _
from portal.ops import jobs, mail, overview
from portal.ops.listings import JOB_STATES, JOBS, MAIL_STATES, MAILS
from portal.ops.permissions import ADMINISTER, ENTER
from portal.ops.resources import AdminRoot, JobNode, JobsPage, MailNode, MailPage, ModulesPage, SettingsPage
from portal.web.request import Request

TEMPLATES = "portal:ops/templates"


@view_config(context=AdminRoot, permission=ENTER, request_method="GET", renderer=f"{TEMPLATES}/admin.jinja2")
def index(context: AdminRoot, request: Request) -> dict[str, Any]:
    """The pages that this person may open."""
    return {"entries": list(context.entries())}


@view_config(
    context=SettingsPage, permission=ADMINISTER, request_method="GET", renderer=f"{TEMPLATES}/settings.jinja2"
)
def settings(context: SettingsPage, request: Request) -> dict[str, Any]:
    """Every setting, its value and its origin; secrets are masked."""
    return {"settings": overview.settings(request.house), "source": request.house.source}


@view_config(
    context=ModulesPage, permission=ADMINISTER, request_method="GET", renderer=f"{TEMPLATES}/modules.jinja2"
)
def modules(context: ModulesPage, request: Request) -> dict[str, Any]:
    """What is composed, and which views are open to all."""
    doors = open_views(request.registry.introspector)
    return {"modules": overview.modules(request.house), "doors": list(doors.items())}


# --- jobs ----------------------------------------------------------------------------------------------------


@view_config(
    context=JobsPage, permission=ADMINISTER, request_method="GET", renderer=f"{TEMPLATES}/jobs.jinja2"
)
def job_list(context: JobsPage, request: Request) -> dict[str, Any]:
    """Background jobs, newest first."""
    return {"page": JOBS.page(request.db, request.GET, base=request.resource_path(context))}


@view_config(context=JobsPage, name="csv", permission=ADMINISTER, request_method="GET")
def job_csv(context: JobsPage, request: Request) -> Response:
    """The list of jobs as a file."""
    return JOBS.csv(request)


@view_config(context=JobNode, permission=ADMINISTER, request_method="GET", renderer=f"{TEMPLATES}/job.jinja2")
def job(context: JobNode, request: Request) -> dict[str, Any]:
    """One job with its payload and its last error."""
    payload = json.dumps(json.loads(context.row.payload), indent=2, ensure_ascii=False)
    known = context.row.kind in request.house.jobs
    return {"job": context.row, "payload": payload, "states": JOB_STATES, "known": known}


@view_config(context=JobNode, name="retry", permission=ADMINISTER, request_method="POST", show="")
def retry_job(context: JobNode, request: Request) -> Response:
    """Have a failed job run again."""
    jobs.retry(request.unit, context.row.id)
    request.flash(_("The job will be run again."))
    return HTTPSeeOther(location=request.resource_path(context))


# --- mail ----------------------------------------------------------------------------------------------------


@view_config(
    context=MailPage, permission=ADMINISTER, request_method="GET", renderer=f"{TEMPLATES}/mails.jinja2"
)
def mail_list(context: MailPage, request: Request) -> dict[str, Any]:
    """Mails, newest first."""
    return {"page": MAILS.page(request.db, request.GET, base=request.resource_path(context))}


@view_config(context=MailPage, name="csv", permission=ADMINISTER, request_method="GET")
def mail_csv(context: MailPage, request: Request) -> Response:
    """The list of mails as a file."""
    return MAILS.csv(request)


@view_config(
    context=MailNode, permission=ADMINISTER, request_method="GET", renderer=f"{TEMPLATES}/mail.jinja2"
)
def one_mail(context: MailNode, request: Request) -> dict[str, Any]:
    """What became of a mail. Its text is not shown: it may hold links that let their reader in, or another's figures."""
    return {"mail": context.row, "states": MAIL_STATES, "attachments": mail.attachments(context.row)}


@view_config(context=MailNode, name="retry", permission=ADMINISTER, request_method="POST", show="")
def retry_mail(context: MailNode, request: Request) -> Response:
    """Send a failed mail again."""
    mail.retry(request.unit, context.row)
    request.flash(_("The mail will be sent again."))
    return HTTPSeeOther(location=request.resource_path(context))
