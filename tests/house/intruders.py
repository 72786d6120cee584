"""People who try addresses that are not theirs, and a comparison of all that is stored."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import inspect, text
from webtest import TestResponse

from portal.testing import Browser, TestPortal
from portal.testing.crawler import Crawler, PostForm, Reading
from portal.web.request import CSRF_FIELD, OPERATION_FIELD


@dataclass
class Intruder:
    """Somebody with a browser of their own; what they post carries their own valid token and a fresh operation id."""

    browser: Browser
    token: str

    @classmethod
    def in_(cls, browser: Browser, page: str) -> Intruder:
        """Somebody who may see that page, from whose forms the token is taken."""
        forms = Reading(browser.get(page).maybe_follow().text).forms
        return cls(
            browser, next(value for form in forms for name, value in form.fields if name == CSRF_FIELD)
        )

    def get(self, url: str) -> TestResponse:
        """Ask for an address."""
        return self.browser.get(url, expect_errors=True)

    def post(self, url: str, form: PostForm | None = None, **fields: str) -> TestResponse:
        """Send a form, as it was found but with other fields."""
        sent = [(name, value) for name, value in (form.fields if form else ()) if name not in fields]
        own = [(name, value) for name, value in sent if name not in (CSRF_FIELD, OPERATION_FIELD)]
        own += [*fields.items(), (CSRF_FIELD, self.token), (OPERATION_FIELD, secrets.token_urlsafe(16))]
        return self.browser.post(url, own, expect_errors=True)


def contents(portal: TestPortal) -> dict[str, list[str]]:
    """Every row of every table but the audit log, which has what was refused."""
    with portal.house.database.engine.connect() as connection:
        return {
            name: sorted(map(repr, connection.execute(text(f'SELECT * FROM "{name}"')).all()))
            for name in inspect(connection).get_table_names()
            if not name.startswith("kernel_audit")
        }


def addresses(crawl: Crawler, below: Iterable[str]) -> list[str]:
    """The addresses of a crawl below some places, without those that only sort or page differently."""
    places = tuple(below)
    return sorted({urlsplit(url).path for url in crawl.visits if url.startswith(places)})


def forms(crawl: Crawler, below: Iterable[str]) -> dict[str, PostForm]:
    """The forms of a crawl that post below some places."""
    places = tuple(below)
    return {url: form for url, form in crawl.forms().items() if url.startswith(places)}
