"""Finding things on pages under test."""

from __future__ import annotations

from typing import Any

from webtest import TestResponse


def form_with(page: TestResponse, field: str) -> Any:
    """The form of a page that has the field."""
    return next(form for form in page.forms.values() if field in form.fields)


def form_to(page: TestResponse, ending: str) -> Any:
    """The form of a page whose address ends so."""
    return next(form for form in page.forms.values() if form.action.endswith(ending))
