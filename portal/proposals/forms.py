"""Forms of proposals."""

from __future__ import annotations

from portal.kernel.i18n import _
from portal.web.forms import Form, TextAreaField


class PlainForm(Form):
    """An act without a field of its own."""


class DeclineForm(Form):
    """A decline with its reason."""

    reason = TextAreaField(_("Reason"), longest=500, rows=2, required=True)
