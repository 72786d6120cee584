"""People: added, invited, renamed, given a password, disabled and let in again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.kernel.db import Contention, is_public_id
from portal.kernel.errors import Invalid, Refused
from portal.kernel.folding import fold, matches
from portal.kernel.i18n import _
from portal.kernel.people import Realm
from portal.kernel.unit import Unit
from portal.people import mails, viewing
from portal.people.emails import checked_email, fold_email
from portal.people.events import PasswordChanged, UserAdded, UserDisabled
from portal.people.models import Grant, User
from portal.people.passwords import check_strength, hash_password
from portal.people.services import attempts, grants, tokens
from portal.people.services.sessions import end_sessions

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class UserFacts:
    """A person as lists show them."""

    id: int
    public_id: str
    realm: Realm
    email: str
    name: str
    active: bool
    invited: bool
    roles: frozenset[str]
    created_at: datetime


def add_user(
    unit: Unit,
    realm: Realm,
    email: str,
    name: str,
    *,
    password: str | None = None,
    language: str | None = None,
) -> User:
    """Add a person; without a password they cannot sign in before they have accepted an invitation.

    Raises Invalid for an e-mail that is taken in this realm or malformed, an empty name, a weak password.
    """
    email, name = checked_email(email), checked_name(name)
    if find_user(unit, realm, email) is not None:
        raise Invalid({"email": _("Somebody with this e-mail is there already.")})
    if password is not None:
        check_strength(password, email, name, unit.company.name)
    user = User(
        realm=realm.value,
        email=email,
        email_folded=fold_email(email),
        name=name,
        search_text=search_text(name, email),
        language=language or unit.company.language,
        password_hash=None if password is None else hash_password(password),
        active=True,
        created_at=unit.now(),
    )
    unit.db.add(user)
    try:
        unit.db.flush()
    except IntegrityError as error:
        # Somebody added them since we looked: the command is run again and then sees them.
        raise Contention(str(error)) from error
    unit.publish(UserAdded(user.id, realm, email, name))
    return user


def invite(unit: Unit, realm: Realm, email: str, name: str, language: str | None = None) -> User:
    """Add a person and send them one mail with a link by which they choose a password. Raises like `add_user`."""
    user = add_user(unit, realm, email, name, language=language)
    tokens.send_invitation(unit, user)
    return user


def checked_name(name: str) -> str:
    """A person's name as it is stored. Raises Invalid for the field `name`."""
    name = " ".join(name.split())
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise Invalid(
            {"name": _("Enter a name of at most ${longest} characters.", mapping={"longest": _LONGEST_NAME})}
        )
    return name


def search_text(name: str, email: str) -> str:
    """What a person is found by."""
    return fold(f"{name} {email}")[:1000]


def find_user(unit: Unit, realm: Realm, email: str) -> User | None:
    """The person with that e-mail in that realm."""
    return unit.db.scalar(
        select(User).where(User.realm == realm.value, User.email_folded == fold_email(email))
    )


def user_by_id(unit: Unit, user_id: int) -> User:
    """The person with that number. LookupError when unknown."""
    user = unit.db.get(User, user_id)
    if user is None:
        raise LookupError(f"no user {user_id}")
    return user


def user_by_public_id(unit: Unit, public_id: str) -> User | None:
    """The person with that public id."""
    if not is_public_id(public_id):
        return None
    return unit.db.scalar(select(User).where(User.public_id == public_id))


def matching(unit: Unit, wanted: str, limit: int = 20) -> Sequence[User]:
    """The people that a public id, an e-mail or a part of name or e-mail leads to, by name; at most `limit`."""
    if not wanted:
        return []
    exact = user_by_public_id(unit, wanted)
    if exact is not None:
        return [exact]
    same = unit.db.scalars(
        select(User).where(User.email_folded == fold_email(wanted)).order_by(User.realm.desc())
    ).all()
    if same:
        return same
    found = select(User).where(matches(User.search_text, wanted)).order_by(User.name, User.id).limit(limit)
    return unit.db.scalars(found).all()


def list_users(unit: Unit, realm: Realm | None = None) -> Sequence[UserFacts]:
    """Everybody with their roles, by realm and name (for the command line; pages have a list that pages)."""
    people = select(User).order_by(User.realm.desc(), User.name, User.id)
    if realm is not None:
        people = people.where(User.realm == realm.value)
    roles: dict[int, set[str]] = {}
    in_force = select(Grant.user_id, Grant.role).where(grants.counts_on(unit.today()))
    for user_id, role in unit.db.execute(in_force):
        roles.setdefault(user_id, set()).add(role)
    return [
        UserFacts(
            id=user.id,
            public_id=user.public_id,
            realm=Realm(user.realm),
            email=user.email,
            name=user.name,
            active=user.active,
            invited=user.is_invited,
            roles=frozenset(roles.get(user.id, ())),
            created_at=user.created_at,
        )
        for user in unit.db.scalars(people)
    ]


def change_profile(unit: Unit, user: User, name: str, language: str) -> None:
    """Change how a person is called and spoken to. Raises Invalid for an empty name."""
    user.name = checked_name(name)
    user.language = language
    user.search_text = search_text(user.name, user.email)


def set_password(unit: Unit, user: User, password: str, *, field: str = "password") -> None:
    """Give a person a new password; every session and every open link of theirs is dead afterwards.

    What others have guessed wrong until then is forgotten: it cannot keep the person from signing in. Raises Invalid for `field` when the password is weak.
    """
    check_strength(password, user.email, user.name, unit.company.name, field=field)
    was_invited = user.is_invited
    replace_password(unit, user, password)
    if not was_invited:
        mails.notice(unit, user, _("Your password was changed, and you were signed out everywhere."))


def replace_password(unit: Unit, user: User, password: str) -> None:
    """Like `set_password`, for a password that needs no judging, and without the mail."""
    user.password_hash = hash_password(password)
    # Counted by the database: two who change it at once give it two versions.
    user.password_version = User.password_version + 1
    user.password_changed_at = unit.now()
    unit.db.flush()
    end_sessions(unit, user.id)
    attempts.forgive_account(unit, Realm(user.realm), user.email)
    tokens.void(unit, user)
    unit.publish(PasswordChanged(user.id))


def disable(unit: Unit, user: User) -> None:
    """Shut a person out: their sessions end, their links die, they cannot sign in. Doing it twice does no harm.

    Raises Refused for the last administrator of people, and for oneself.
    """
    if not user.active:
        return
    if user.id == unit.actor.user_id:
        raise Refused(_("You cannot disable yourself."))
    grants.keep_an_administrator(unit, user)
    user.active = False
    unit.db.flush()
    end_sessions(unit, user.id)
    viewing.release(unit, user)
    tokens.void(unit, user)
    unit.publish(UserDisabled(user.id))


def enable(unit: Unit, user: User) -> None:
    """Let a disabled person sign in again."""
    user.active = True
    unit.db.flush()
