"""Signing in by e-mail and password."""

from __future__ import annotations

from sqlalchemy import update

from portal.kernel.errors import Invalid, Refused
from portal.kernel.i18n import _
from portal.kernel.people import Realm
from portal.kernel.unit import Unit
from portal.people.models import User
from portal.people.passwords import hash_password, is_outdated, matches
from portal.people.services import attempts, users
from portal.people.services.attempts import Visitor
from portal.people.settings import ATTEMPTS_WINDOW

__all__ = [
    "TooMany",
    "Visitor",
    "WrongPassword",
    "change_password",
    "check_password",
    "count_attempt",
    "sign_in",
]


class WrongPassword(Refused):
    """The person or the password is wrong."""

    recorded = True


class TooMany(Refused):
    """Too many attempts; nothing was tried, and this one does not count."""

    recorded = True


def check_password(unit: Unit, user: User | None, password: str) -> bool:
    """Whether this person may come in with this password. Takes the same time for nobody at all."""
    known = user is not None and user.active
    return matches(user.password_hash if user is not None and known else None, password)


def count_attempt(unit: Unit, visitor: Visitor, kind: str = attempts.SIGN_IN) -> None:
    """Count that somebody is about to prove who they are. Raises TooMany above the limits.

    The caller commits before the proof is looked at: a failure then stays counted, whatever becomes of the request.
    """
    if not attempts.reserve(unit, kind, visitor):
        minutes = unit.setting(ATTEMPTS_WINDOW)
        raise TooMany(
            _(
                "Too many attempts. Please wait ${minutes} minutes, then try again.",
                mapping={"minutes": minutes},
            )
        )


def sign_in(unit: Unit, visitor: Visitor, password: str) -> User:
    """The person with this e-mail and password. The caller has counted the attempt, and starts the session.

    Raises WrongPassword.
    """
    user = users.find_user(unit, visitor.realm, visitor.email)
    if not check_password(unit, user, password) or user is None:
        raise WrongPassword(_("The e-mail or the password is wrong."))
    attempts.forgive(unit, visitor)
    _rehash(unit, user, password)
    return user


def change_password(unit: Unit, user: User, old: str, new: str, address: str) -> None:
    """Change a password by somebody who knows the old one. All sessions end; the caller starts a new one.

    The attempt is counted by the caller. Raises WrongPassword, Invalid for the field `new`.
    """
    unit.db.refresh(user, with_for_update={"key_share": True})
    if not check_password(unit, user, old):
        raise WrongPassword(_("The present password is wrong."))
    if old == new:
        raise Invalid({"new": _("This is the present password.")})
    attempts.forgive(unit, visitor_of(user, address))
    users.set_password(unit, user, new, field="new")


def verify_password(unit: Unit, user: User, password: str, address: str) -> None:
    """Have somebody who has signed in prove by their password that it is them.

    The attempt is counted by the caller. Raises WrongPassword.
    """
    if not check_password(unit, user, password):
        raise WrongPassword(_("The password is wrong."))
    attempts.forgive(unit, visitor_of(user, address))


def visitor_of(user: User, address: str) -> Visitor:
    """A person who has signed in, at a network address, as attempts are counted."""
    return Visitor(Realm(user.realm), user.email, address, known=True)


def _rehash(unit: Unit, user: User, password: str) -> None:
    """Store the password anew under the present parameters, unless somebody has changed it meanwhile."""
    if user.password_hash is not None and is_outdated(user.password_hash):
        unit.db.execute(
            update(User)
            .where(User.id == user.id, User.password_version == user.password_version)
            .values(password_hash=hash_password(password))
            .execution_options(synchronize_session=False)
        )
