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

__all__ = ["TooMany", "Visitor", "WrongPassword", "change_password", "check_password", "sign_in"]


class WrongPassword(Refused):
    """The person or the password is wrong; the attempt counts."""


class TooMany(Refused):
    """Too many attempts; nothing was tried, and this one does not count."""


def check_password(unit: Unit, user: User | None, password: str) -> bool:
    """Whether this person may come in with this password. Takes the same time for nobody at all."""
    known = user is not None and user.active
    return matches(user.password_hash if user is not None and known else None, password)


def sign_in(unit: Unit, visitor: Visitor, password: str) -> User:
    """The person with this e-mail and password. The caller starts the session.

    Raises TooMany, or WrongPassword, which the caller counts with `attempts.record` after the transaction.
    """
    _limit(unit, visitor)
    user = users.find_user(unit, visitor.realm, visitor.email)
    if not check_password(unit, user, password) or user is None:
        raise WrongPassword(_("The e-mail or the password is wrong."))
    attempts.forgive(unit, visitor)
    _rehash(unit, user, password)
    return user


def change_password(unit: Unit, user: User, old: str, new: str, address: str) -> None:
    """Change a password by somebody who knows the old one. All sessions end; the caller starts a new one.

    Raises TooMany, WrongPassword (to be counted, as in `sign_in`), Invalid for the field `new`.
    """
    visitor = visitor_of(user, address)
    _limit(unit, visitor)
    unit.db.refresh(user, with_for_update={"key_share": True})
    if not check_password(unit, user, old):
        raise WrongPassword(_("The present password is wrong."))
    if old == new:
        raise Invalid({"new": _("This is the present password.")})
    attempts.forgive(unit, visitor)
    users.set_password(unit, user, new, field="new")


def verify_password(unit: Unit, user: User, password: str, address: str) -> None:
    """Have somebody who has signed in prove by their password that it is them.

    Raises TooMany, or WrongPassword (to be counted, as in `sign_in`).
    """
    visitor = visitor_of(user, address)
    _limit(unit, visitor)
    if not check_password(unit, user, password):
        raise WrongPassword(_("The password is wrong."))
    attempts.forgive(unit, visitor)


def visitor_of(user: User, address: str) -> Visitor:
    """A person who has signed in, at a network address, as attempts are counted."""
    return Visitor(Realm(user.realm), user.email, address, known=True)


def _limit(unit: Unit, visitor: Visitor) -> None:
    if attempts.is_limited(unit, attempts.SIGN_IN, visitor):
        minutes = unit.setting(ATTEMPTS_WINDOW)
        raise TooMany(
            _(
                "Too many attempts. Please wait ${minutes} minutes, then try again.",
                mapping={"minutes": minutes},
            )
        )


def _rehash(unit: Unit, user: User, password: str) -> None:
    """Store the password anew under the present parameters, unless somebody has changed it meanwhile."""
    if user.password_hash is not None and is_outdated(user.password_hash):
        unit.db.execute(
            update(User)
            .where(User.id == user.id, User.password_version == user.password_version)
            .values(password_hash=hash_password(password))
            .execution_options(synchronize_session=False)
        )
