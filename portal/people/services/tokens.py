"""Links that work once: for a forgotten password, an invitation, signing in, and a new e-mail."""

from __future__ import annotations

import secrets
from datetime import timedelta
from enum import Enum

from sqlalchemy import insert, select, update

from portal.kernel.errors import Refused
from portal.kernel.i18n import _
from portal.kernel.unit import Unit
from portal.people import mails
from portal.people.models import Token, User
from portal.people.services import attempts
from portal.people.services.attempts import Visitor
from portal.people.services.sessions import digest
from portal.people.settings import INVITATION_DAYS, LINK_MINUTES, RESET_MINUTES

RESET_JOB = "people.reset"
LINK_JOB = "people.link"


class Kind(Enum):
    """What a link is for."""

    RESET = "reset"
    INVITATION = "invitation"
    LINK = "link"
    EMAIL = "email"


def request_reset(unit: Unit, visitor: Visitor) -> None:
    """Somebody says that they have forgotten their password.

    Whether the person exists is found out by a job: what happens here, and how long it takes, is the same for
    everybody. Above the limits nothing is done, silently.
    """
    if attempts.reserve(unit, attempts.FORGOTTEN, visitor):
        unit.enqueue(RESET_JOB, {"realm": visitor.realm.value, "email": visitor.folded})


def request_link(unit: Unit, visitor: Visitor, wanted: str) -> None:
    """Somebody wants to sign in by a link, and to go on at `wanted`; as silent as `request_reset`, and limited with it."""
    if attempts.reserve(unit, attempts.FORGOTTEN, visitor):
        unit.enqueue(LINK_JOB, {"email": visitor.folded, "wanted": wanted})


def send_link(unit: Unit, user: User, wanted: str) -> None:
    """Send a link by which a customer's person signs in."""
    lifetime = timedelta(minutes=unit.setting(LINK_MINUTES))
    mails.link(unit, user, issue(unit, Kind.LINK, user, lifetime), wanted, unit.now() + lifetime)


def send_reset(unit: Unit, user: User) -> None:
    """Send a link for choosing a new password; people who never had one get their invitation again.

    Raises Refused for somebody who is disabled.
    """
    if not user.active:
        raise Refused(_("This person is disabled."))
    if user.is_invited:
        send_invitation(unit, user)
        return
    lifetime = timedelta(minutes=unit.setting(RESET_MINUTES))
    mails.reset(unit, user, issue(unit, Kind.RESET, user, lifetime), unit.now() + lifetime)


def send_invitation(unit: Unit, user: User, *, replace: bool = True) -> None:
    """Send the link by which an invited person chooses their password.

    With `replace`, links sent before stop working; whoever invites somebody that others have invited leaves theirs.
    Raises Refused for somebody who is disabled, or has a password already.
    """
    if not user.active:
        raise Refused(_("This person is disabled."))
    if not user.is_invited:
        raise Refused(_("This person has a password already."))
    lifetime = timedelta(days=unit.setting(INVITATION_DAYS))
    if replace:
        void(unit, user, Kind.INVITATION)
    mails.invitation(unit, user, issue(unit, Kind.INVITATION, user, lifetime), unit.now() + lifetime)


def find_token(unit: Unit, kind: Kind, token: str) -> User | None:
    """Whose link this is, if it still works. Spends nothing."""
    live = select(User).join(Token, Token.user_id == User.id)
    return unit.db.scalar(
        live.where(
            Token.hash == digest(token),
            Token.kind == kind.value,
            Token.used_at.is_(None),
            Token.expires_at > unit.now(),
            User.active.is_(True),
        )
    )


def spend_token(unit: Unit, kind: Kind, token: str) -> User:
    """Use the link up and say whose it was. Raises Refused for one that was used, is too old or never was."""
    return _spend(unit, kind, token)[0]


def spend_email(unit: Unit, token: str) -> tuple[User, str]:
    """Use up a link that confirms an e-mail: whose it was, and the address. Raises like `spend_token`."""
    user, email = _spend(unit, Kind.EMAIL, token)
    return user, str(email)


def new_email(unit: Unit, token: str) -> str | None:
    """The address that a link confirms, if it still works. Spends nothing."""
    if find_token(unit, Kind.EMAIL, token) is None:
        return None
    return unit.db.scalar(select(Token.email).where(Token.hash == digest(token)))


def void(unit: Unit, user: User, kind: Kind | None = None) -> None:
    """Make the open links of a person useless: of one kind, or all."""
    links = update(Token).where(Token.user_id == user.id, Token.used_at.is_(None))
    if kind is not None:
        links = links.where(Token.kind == kind.value)
    unit.db.execute(links.values(used_at=unit.now()).execution_options(synchronize_session=False))


def issue(unit: Unit, kind: Kind, user: User, lifetime: timedelta, *, email: str | None = None) -> str:
    """A new link's token, of which only the digest is stored."""
    token = secrets.token_urlsafe(32)
    unit.db.execute(
        insert(Token).values(
            kind=kind.value,
            hash=digest(token),
            user_id=user.id,
            email=email,
            created_at=unit.now(),
            expires_at=unit.now() + lifetime,
        )
    )
    return token


def _spend(unit: Unit, kind: Kind, token: str) -> tuple[User, str | None]:
    spent = unit.db.execute(
        update(Token)
        .where(
            Token.hash == digest(token),
            Token.kind == kind.value,
            Token.used_at.is_(None),
            Token.expires_at > unit.now(),
        )
        .values(used_at=unit.now())
        .returning(Token.user_id, Token.email)
        .execution_options(synchronize_session=False)
    ).first()
    user = None if spent is None else unit.db.get(User, spent.user_id)
    if spent is None or user is None or not user.active:
        raise Refused(_("This link does not work any more. Please ask for a new one."))
    return user, spent.email
