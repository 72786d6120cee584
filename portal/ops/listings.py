"""The lists of /admin."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, select

from portal.kernel.i18n import _
from portal.kernel.jobs import DONE, RUNNING, WAITING, JobRow
from portal.kernel.jobs import FAILED as JOB_FAILED
from portal.ops.models import FAILED, QUEUED, SENT, Mail
from portal.web.lists import Badge, ChoiceFilter, Column, Listing

JOB_STATES = {
    WAITING: Badge(_("Waiting"), "info"),
    RUNNING: Badge(_("Running"), "progress"),
    DONE: Badge(_("Done"), "success"),
    JOB_FAILED: Badge(_("Failed"), "danger"),
}

MAIL_STATES = {
    QUEUED: Badge(_("Queued"), "info"),
    SENT: Badge(_("Sent"), "success"),
    FAILED: Badge(_("Failed"), "danger"),
}


def _jobs_with(term: str) -> ColumnElement[bool]:
    return JobRow.kind.contains(term, autoescape=True)


def _mails_with(term: str) -> ColumnElement[bool]:
    return or_(Mail.recipient.contains(term, autoescape=True), Mail.subject.contains(term, autoescape=True))


JOBS = Listing(
    base=select(JobRow.id),
    id=JobRow.id,
    columns=(
        Column("id", _("Number"), JobRow.id, "link", sort=True, to="id"),
        Column("kind", _("Kind"), JobRow.kind),
        Column("state", _("State"), JobRow.state, "status", states=JOB_STATES),
        Column("created_at", _("Created"), JobRow.created_at, "datetime"),
        Column("run_after", _("Due"), JobRow.run_after, "datetime"),
        Column("attempts", _("Attempts"), JobRow.attempts),
        Column("error", _("Last error"), JobRow.error),
    ),
    default="-id",
    name="jobs",
    search=_jobs_with,
    search_hint=_("Search by kind"),
    filters=(
        ChoiceFilter(
            "state",
            _("State"),
            {state: badge.label for state, badge in JOB_STATES.items()},
            lambda value: JobRow.state == value,
        ),
    ),
)

MAILS = Listing(
    base=select(Mail.id),
    id=Mail.id,
    columns=(
        Column("public_id", "", Mail.public_id, hidden=True),
        Column("subject", _("Subject"), Mail.subject, "link", to="public_id"),
        Column("recipient", _("Recipient"), Mail.recipient),
        Column("about", _("About"), Mail.about),
        Column("state", _("State"), Mail.state, "status", states=MAIL_STATES),
        Column("created_at", _("Queued"), Mail.created_at, "datetime", sort=True, sort_by=Mail.id),
        Column("attempts", _("Attempts"), Mail.attempts),
        Column("error", _("Last error"), Mail.error),
    ),
    default="-created_at",
    name="mail",
    search=_mails_with,
    search_hint=_("Search by recipient or subject"),
    filters=(
        ChoiceFilter(
            "state",
            _("State"),
            {state: badge.label for state, badge in MAIL_STATES.items()},
            lambda value: Mail.state == value,
        ),
    ),
)
