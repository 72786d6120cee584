"""The pages of /admin: who may open them, what they show, and that a retry has one effect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from sqlalchemy import select, update

from portal.kernel.composition import Job
from portal.kernel.jobs import DONE, FAILED, WAITING, JobRow
from portal.kernel.mail import Address, IMail, Message
from portal.kernel.unit import Unit
from portal.ops import overview
from portal.ops.models import FAILED as MAIL_FAILED
from portal.ops.models import QUEUED, SENT, Mail
from portal.testing import Browser, TestPortal

PAGES = ("/admin/", "/admin/mail", "/admin/jobs", "/admin/settings", "/admin/modules")


def nothing(unit: Unit, payload: Mapping[str, Any]) -> None:
    """A handler without effects."""


@pytest.fixture
def portal(portals: Callable[..., TestPortal]) -> TestPortal:
    return portals(mail__password="hidden-from-pages")


@pytest.fixture
def admin(portal: TestPortal) -> Browser:
    return portal.employee("admin@company.example", "ops.administrator")


def failed_mail(portal: TestPortal) -> str:
    with portal.unit() as unit:
        recipient = Address("Anna", "anna@customer.example")
        unit.ask(IMail).queue(Message((recipient,), "Your <quotation>", "secret link", "en"))
    portal.work()
    with portal.unit() as unit:
        unit.db.execute(update(Mail).values(state=MAIL_FAILED, error="550 <no> such person"))
        return unit.db.scalars(select(Mail.public_id)).one()


@pytest.mark.parametrize("page", PAGES)
def test_only_the_role_opens_them(portal: TestPortal, page: str) -> None:
    assert portal.browser().get(page).status_int == 303
    assert portal.employee("clerk@company.example").get(page, status=403)
    assert portal.employee("admin@company.example", "ops.administrator").get(page).status_int == 200


def test_the_index_lists_what_one_may_open(portal: TestPortal, admin: Browser) -> None:
    page = admin.get("/admin/")
    for title in ("Mail", "Background jobs", "Settings", "Modules"):
        assert page.click(f"^.*{title}.*$", href="/admin/", index=0).status_int == 200
    assert "/admin/users" not in page
    both = portal.employee("both@company.example", "ops.administrator", "people.administrator")
    assert "/admin/users" in both.get("/admin/")


def test_settings_show_values_and_hide_secrets(portal: TestPortal, admin: Browser) -> None:
    page = admin.get("/admin/settings")
    assert "Test Trading GmbH" in page
    assert "portal.mail.password" in page
    assert "hidden-from-pages" not in page
    assert portal.raw["portal.secret"] not in page


def test_a_database_is_shown_without_its_passwords() -> None:
    shown = overview.masked("postgresql://u:hunter1@/portal?host=/run&password=hunter2&sslpassword=hunter3")
    assert "hunter" not in shown
    assert shown.startswith("postgresql://u:***@/portal?host=")


def test_modules_are_listed(admin: Browser) -> None:
    page = admin.get("/admin/modules")
    assert "portal.ops" in page
    assert "portal.people" in page
    assert "portal.people.views.sign_in.sign_in" in page
    assert "Part of signing in." in page


def test_a_failed_mail_is_shown_and_sent_again_once(portal: TestPortal, admin: Browser) -> None:
    public_id = failed_mail(portal)
    listed = admin.get("/admin/mail")
    assert "anna@customer.example" in listed
    assert "550 &lt;no&gt; such person" in listed
    assert "anna@customer.example" in admin.get("/admin/mail/csv").text
    page = listed.click("Your &lt;quotation&gt;|Your <quotation>")
    assert "secret link" not in page
    form = next(form for form in page.forms.values() if form.action.endswith("/retry"))
    assert form.submit().status_int == 303
    with portal.reading() as unit:
        assert unit.db.scalars(select(Mail.state)).one() == QUEUED
    form.submit()
    assert portal.work() == 1
    with portal.reading() as unit:
        assert unit.db.scalars(select(Mail.state)).one() == SENT
    assert "retry" not in admin.get(f"/admin/mail/{public_id}")


def test_a_sent_mail_is_not_sent_again(portal: TestPortal, admin: Browser) -> None:
    public_id = failed_mail(portal)
    page = admin.get(f"/admin/mail/{public_id}")
    form = next(form for form in page.forms.values() if form.action.endswith("/retry"))
    with portal.unit() as unit:
        unit.db.execute(update(Mail).values(state=SENT))
    refused = form.submit(expect_errors=True)
    assert refused.status_int == 422
    assert "Only a failed mail" in refused
    assert portal.work() == 0


def test_a_failed_job_is_run_again(portal: TestPortal, admin: Browser) -> None:
    portal.house.jobs["test.nothing"] = Job("test.nothing", "ops", nothing)
    with portal.unit() as unit:
        unit.enqueue("test.nothing", {"n": 1})
        unit.db.execute(update(JobRow).values(state=FAILED, attempts=8, error="RuntimeError: no luck"))
        number = unit.db.scalars(select(JobRow.id)).one()
    assert "RuntimeError: no luck" in admin.get("/admin/jobs?state=failed")
    assert "RuntimeError" not in admin.get("/admin/jobs?state=done")
    assert "test.nothing" in admin.get("/admin/jobs/csv").text
    page = admin.get(f"/admin/jobs/{number}")
    next(form for form in page.forms.values() if form.action.endswith("/retry")).submit()
    with portal.reading() as unit:
        row = unit.db.scalars(select(JobRow)).one()
        assert (row.state, row.attempts) == (WAITING, 0)
    assert portal.work() == 1
    with portal.reading() as unit:
        assert unit.db.scalars(select(JobRow.state)).one() == DONE


def test_a_failed_job_is_not_run_again_beside_one_that_does_its_work(
    portal: TestPortal, admin: Browser
) -> None:
    portal.house.jobs["test.nothing"] = Job("test.nothing", "ops", nothing)
    with portal.unit() as unit:
        unit.enqueue("test.nothing", {}, dedupe="key")
        unit.db.execute(update(JobRow).values(state=FAILED))
        number = unit.db.scalars(select(JobRow.id)).one()
        unit.enqueue("test.nothing", {}, dedupe="key")
        unit.enqueue("test.nothing", {}, dedupe="another key")
    page = admin.get(f"/admin/jobs/{number}")
    form = next(form for form in page.forms.values() if form.action.endswith("/retry"))
    refused = form.submit(expect_errors=True)
    assert refused.status_int == 422
    assert "Another job does the same work already." in refused
    with portal.reading() as unit:
        assert sorted(unit.db.scalars(select(JobRow.state))) == [FAILED, WAITING, WAITING]
    assert portal.work() == 2
    assert admin.get(f"/admin/jobs/{number}").forms  # now it may be run again
    next(f for f in admin.get(f"/admin/jobs/{number}").forms.values() if f.action.endswith("/retry")).submit()
    assert portal.work() == 1


def test_only_who_may_see_them_learns_which_jobs_and_mails_there_are(portal: TestPortal) -> None:
    public_id = failed_mail(portal)
    with portal.reading() as unit:
        number = unit.db.scalars(select(JobRow.id)).one()
    clerk = portal.employee("clerk@company.example")
    for known, unknown in (
        (f"/admin/jobs/{number}", f"/admin/jobs/{number + 1}"),
        (f"/admin/mail/{public_id}", "/admin/mail/" + "0" * 26),
    ):
        assert portal.browser().get(known).status_int == portal.browser().get(unknown).status_int == 303
        assert clerk.get(known, expect_errors=True).status_int == 403
        assert clerk.get(unknown, expect_errors=True).status_int == 403


@pytest.mark.parametrize("address", ["/admin/jobs/0", "/admin/jobs/x", "/admin/jobs/99999999999999999999",
                                     "/admin/mail/x", "/admin/mail/" + "0" * 26, "/admin/nothing"])  # fmt: skip
def test_what_is_not_there_is_404(admin: Browser, address: str) -> None:
    assert admin.get(address, status=404)


def test_a_retry_is_no_get(portal: TestPortal, admin: Browser) -> None:
    public_id = failed_mail(portal)
    assert admin.get(f"/admin/mail/{public_id}/retry", status=404)
    with portal.reading() as unit:
        assert unit.db.scalars(select(Mail.state)).one() == MAIL_FAILED
