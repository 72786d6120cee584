"""Another e-mail for a person: asked for by themselves, counted once a link to the new address was confirmed."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.exc import IntegrityError

from portal.kernel.db import Contention
from portal.kernel.errors import Invalid, Refused
from portal.kernel.i18n import _
from portal.kernel.people import Realm
from portal.kernel.unit import Unit
from portal.people import mails
from portal.people.emails import checked_email, fold_email
from portal.people.events import EmailChanged
from portal.people.models import User
from portal.people.services import attempts, tokens, users
from portal.people.services.tokens import Kind
from portal.people.settings import RESET_MINUTES


def request_email(unit: Unit, user: User, email: str) -> None:
    """Send a link to the new address; nothing changes before it is confirmed. Raises Invalid for the field `email`.

    Whether somebody else has that address is not told: then no mail is sent.
    """
    email = checked_email(email)
    if fold_email(email) == user.email_folded:
        raise Invalid({"email": _("This is the present e-mail.")})
    tokens.void(unit, user, Kind.EMAIL)
    if users.find_user(unit, Realm(user.realm), email) is not None:
        return
    lifetime = timedelta(minutes=unit.setting(RESET_MINUTES))
    token = tokens.issue(unit, Kind.EMAIL, user, lifetime, email=email)
    mails.confirm_email(unit, user, email, token, unit.now() + lifetime)


def confirm_email(unit: Unit, token: str) -> tuple[User, str]:
    """Change the e-mail as the link says, and tell the address of before, which is returned too.

    Links that were sent to the old address die. Raises Refused for a link that was used, is too old or never was.
    """
    user, email = tokens.spend_email(unit, token)
    if users.find_user(unit, Realm(user.realm), email) is not None:
        raise Refused(_("This link does not work any more. Please ask for a new one."))
    before = user.email
    user.email, user.email_folded = email, fold_email(email)
    user.search_text = users.search_text(user.name, email)
    try:
        unit.db.flush()
    except IntegrityError as error:
        raise Contention(str(error)) from error
    tokens.void(unit, user)
    attempts.forgive_account(unit, Realm(user.realm), before)
    mails.email_changed(unit, user, before)
    unit.publish(EmailChanged(user.id, before, email))
    return user, before
