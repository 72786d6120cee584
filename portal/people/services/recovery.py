"""The way back for somebody who has lost their factors, or whose provider is down."""

from __future__ import annotations

import secrets
from datetime import timedelta

from portal.kernel.errors import Refused
from portal.kernel.i18n import _
from portal.kernel.unit import Unit
from portal.people import mails
from portal.people.models import User
from portal.people.services import tokens
from portal.people.services.factors import remove_all_factors
from portal.people.services.users import replace_password
from portal.people.settings import RESET_MINUTES


def reset_access(unit: Unit, user: User) -> str:
    """Take factors, recovery codes, password and sessions away; returns the path of the link that begins anew.

    The password goes too: without the factors it would be all that an intruder needs. The owner is told by mail. Raises
    Refused for somebody who is disabled.
    """
    if not user.active:
        raise Refused(_("This person is disabled."))
    remove_all_factors(unit, user)
    replace_password(unit, user, secrets.token_urlsafe(32))
    mails.notice(
        unit,
        user,
        _(
            "Your second factors and your password were taken away and you were signed out everywhere, so that you can"
            " choose new ones. Whoever did this has a link for you, which works once."
        ),
    )
    lifetime = timedelta(minutes=unit.setting(RESET_MINUTES))
    return f"/reset/{tokens.issue(unit, tokens.Kind.RESET, user, lifetime)}"
