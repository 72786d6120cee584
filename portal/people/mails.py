"""The mails about people, in the language of whoever gets them. Addresses come from the ini alone."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from babel.dates import format_datetime

from portal.kernel import BASE_URL
from portal.kernel.i18n import Text, _
from portal.kernel.mail import Address, IMail, Message
from portal.kernel.unit import Unit
from portal.people.models import User

#: Whoever invites somebody chooses what stands behind "Hello": room for a name, not for a message.
_LONGEST_GREETING = 60


def reset(unit: Unit, user: User, token: str, expires_at: datetime) -> None:
    """The link for a forgotten password."""
    text = _(
        "Hello ${name},\n\n"
        "with this link you choose a new password for ${company}:\n\n"
        "${url}\n\n"
        "It works once, until ${until}. If you did not ask for it, there is nothing to do: your password stays as "
        "it is.\n",
        mapping=_values(unit, user, f"/reset/{token}", expires_at),
    )
    subject = _("Your password for ${company}", mapping={"company": unit.company.name})
    _queue(unit, user, subject, text, secret=True)


def invitation(unit: Unit, user: User, token: str, expires_at: datetime) -> None:
    """The link by which somebody who was invited chooses their password."""
    text = _(
        "Hello ${name},\n\n"
        "you are invited to the portal of ${company}. With this link you choose your password:\n\n"
        "${url}\n\n"
        "It works once, until ${until}.\n",
        mapping=_values(unit, user, f"/invitation/{token}", expires_at),
    )
    subject = _("Your invitation to the portal of ${company}", mapping={"company": unit.company.name})
    _queue(unit, user, subject, text, secret=True)


def link(unit: Unit, user: User, token: str, wanted: str, expires_at: datetime) -> None:
    """The link by which a customer's person signs in, and goes on where they wanted to."""
    text = _(
        "Hello ${name},\n\n"
        "with this link you sign in to the portal of ${company}:\n\n"
        "${url}\n\n"
        "It works once, until ${until}. If you did not ask for it, there is nothing to do.\n",
        mapping=_values(unit, user, f"/sign-in-link/{token}?" + urlencode({"next": wanted}), expires_at),
    )
    subject = _("Your link to sign in at ${company}", mapping={"company": unit.company.name})
    _queue(unit, user, subject, text, secret=True)


def confirm_email(unit: Unit, user: User, email: str, token: str, expires_at: datetime) -> None:
    """The link by which somebody confirms that a new address is theirs; it goes there."""
    text = _(
        "Hello ${name},\n\n"
        "with this link you confirm that you sign in to the portal of ${company} with this e-mail from now on:\n\n"
        "${url}\n\n"
        "It works once, until ${until}. If you did not ask for it, there is nothing to do.\n",
        mapping=_values(unit, user, f"/confirm-email/{token}", expires_at),
    )
    subject = _("Your new e-mail at ${company}", mapping={"company": unit.company.name})
    _queue(unit, user, subject, text, secret=True, to=email)


def email_changed(unit: Unit, user: User, before: str) -> None:
    """The news to the old address that another has taken its place, and whom to tell if that is wrong."""
    text = _(
        "Hello ${name},\n\n"
        "you sign in to the portal of ${company} with another e-mail from now on, and get our mails there: ${email}.\n\n"
        "If it was not you who changed this, tell us at once: ${contact}.\n",
        mapping={
            "name": user.name[:_LONGEST_GREETING],
            "company": unit.company.name,
            "email": user.email,
            "contact": unit.company.email,
        },
    )
    subject = _("Your e-mail at ${company} has changed", mapping={"company": unit.company.name})
    _queue(unit, user, subject, text, to=before)


def further_account(unit: Unit, user: User, account: str, account_name: str) -> None:
    """The news that somebody who has a password already may use a further account."""
    values = _values(unit, user, f"/my/{account}/", None)
    text = _(
        "Hello ${name},\n\n"
        "in the portal of ${company} you may now also use the account of ${account}:\n\n"
        "${url}\n\n"
        "Sign in with your e-mail and password as before.\n",
        mapping={**values, "account": account_name},
    )
    subject = _("${account} in the portal of ${company}", mapping={"account": account_name, **values})
    _queue(unit, user, subject, text)


def notice(unit: Unit, user: User, what: Text) -> None:
    """The news that something happened to the person's access; without a link, so that nobody learns to follow one."""
    text = _(
        "Hello ${name},\n\n"
        "${what}\n\n"
        "This was on ${at}. If it was you, there is nothing to do. If it was not, change your password at once and tell "
        "${company}.\n",
        mapping={
            "name": user.name[:_LONGEST_GREETING],
            "company": unit.company.name,
            "what": unit.translate(what, user.language),
            "at": _moment(unit, user, unit.now()),
        },
    )
    _queue(unit, user, _("Your access to ${company}", mapping={"company": unit.company.name}), text)


def new_browser(unit: Unit, user: User, device: Text, address: str) -> None:
    """The news that somebody signed in as the person from a browser that was not known."""
    what = _(
        "You signed in with a browser that was new to us: ${device}, at the network address ${address}.",
        mapping={"device": device, "address": address or "?"},
    )
    notice(unit, user, what)


def _moment(unit: Unit, user: User, moment: datetime) -> str:
    return format_datetime(moment, "medium", tzinfo=unit.company.zone, locale=user.language.replace("-", "_"))


def token_created(unit: Unit, user: User, name: str, prefix: str, expires_at: datetime) -> None:
    """The news that somebody has made an API token in the name of a person."""
    text = _(
        "Hello ${name},\n\n"
        "an API token “${token}” (${prefix}…) was made in your name in the portal of ${company}. With it a program can "
        "act as you until ${until}.\n\n"
        "If it was not you who made it, revoke it at once and change your password:\n\n"
        "${url}\n",
        mapping={
            **_values(unit, user, "/account/tokens", expires_at),
            "token": name,
            "prefix": f"portal_{prefix}",
        },
    )
    subject = _("A new API token at ${company}", mapping={"company": unit.company.name})
    _queue(unit, user, subject, text)


def _values(unit: Unit, user: User, path: str, until: datetime | None) -> dict[str, str]:
    values = {
        "name": user.name[:_LONGEST_GREETING],
        "company": unit.company.name,
        "url": unit.setting(BASE_URL).rstrip("/") + path,
    }
    if until is not None:
        values["until"] = _moment(unit, user, until)
    return values


def _queue(
    unit: Unit, user: User, subject: Text, text: Text, *, secret: bool = False, to: str | None = None
) -> None:
    unit.ask(IMail).queue(
        Message(
            to=(Address(user.name[:_LONGEST_GREETING], to or user.email),),
            subject=unit.translate(subject, user.language),
            text=unit.translate(text, user.language),
            language=user.language,
            about=f"user:{user.public_id}",
            secret=secret,
        )
    )
