"""Forms."""

from __future__ import annotations

from portal.kernel.i18n import _
from portal.web.forms import Form, IntegerField, TextField


class GrantForm(Form):
    """Points by hand."""

    customer = TextField(_("Customer (public id)"), required=True, most=26)
    points = IntegerField(_("Points"), required=True)
    reason = TextField(_("Reason"), required=True, most=200)
