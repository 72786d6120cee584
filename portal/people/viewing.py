"""Looking at the portal as somebody else, for support: only looking, for half an hour at most, and never in secret.

It belongs to the session of whoever looks: the session stays theirs, with its cookie, its method and its age. What the
portal would note of the person themselves (that they were there, that they opened an account) is not noted.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.db import Base
from portal.kernel.errors import Invalid, Refused
from portal.kernel.i18n import _
from portal.kernel.people import Identity
from portal.kernel.unit import Unit
from portal.kernel.walls import STAFF
from portal.people.events import ViewingBegan, ViewingEnded
from portal.people.models import User, UserSession
from portal.people.roles import is_powerful
from portal.people.services.grants import rights_of

LONGEST = timedelta(minutes=30)
_LONGEST_REASON = 200


class Viewing(Base):
    """As whom the person of a session looks at the portal, and until when at most; gone once it has ended."""

    __tablename__ = "people_viewing"
    __wall__ = STAFF
    __table_args__ = (Index("ix_people_viewing_user_id", "user_id"),)

    session_id: Mapped[int] = mapped_column(
        ForeignKey("people_session.id"), primary_key=True, autoincrement=False
    )
    user_id: Mapped[int] = mapped_column(ForeignKey("people_user.id"))
    reason: Mapped[str] = mapped_column(String(_LONGEST_REASON))
    began_at: Mapped[datetime]
    until: Mapped[datetime]


def begin(unit: Unit, viewer: Identity, person: User, reason: str, *, own: frozenset[str]) -> None:
    """Look as `person` from the next request on. `own` are the permissions of the viewer.

    Raises Refused for oneself, for people who are disabled or were invited only, and for whoever has a right over people or
    the portal that the viewer lacks; Invalid without a reason.
    """
    reason = " ".join(reason.split())
    if not reason or len(reason) > _LONGEST_REASON:
        raise Invalid({"reason": _("Say why, in at most ${longest} characters.", mapping={"longest": 200})})
    if person.id == viewer.user_id:
        raise Refused(_("You see the portal as yourself already."))
    if not person.active or person.is_invited:
        raise Refused(_("This person cannot sign in, so there is nothing to see."))
    if any(is_powerful(name) for name in rights_of(unit, person) - own):
        raise Refused(_("This person has rights over people or the portal that you lack."))
    finish(unit, viewer.session_id)
    until = unit.now() + LONGEST
    unit.db.add(
        Viewing(
            session_id=viewer.session_id,
            user_id=person.id,
            reason=reason,
            began_at=unit.now(),
            until=until,
        )
    )
    unit.db.flush()
    unit.publish(ViewingBegan(viewer.user_id, person.id, reason, until))


def release(unit: Unit, person: User) -> None:
    """End whatever views there are of somebody."""
    for session_id in unit.db.scalars(select(Viewing.session_id).where(Viewing.user_id == person.id)).all():
        finish(unit, session_id)


def expire(unit: Unit, session_id: int) -> None:
    """End what has lasted for as long as it may."""
    until = unit.db.scalar(select(Viewing.until).where(Viewing.session_id == session_id))
    if until is not None and until <= unit.now():
        finish(unit, session_id)


def finish_all(unit: Unit, session_ids: Collection[int]) -> None:
    """See the portal as oneself again in each of these sessions where one does not."""
    looking = select(Viewing.session_id).where(Viewing.session_id.in_(session_ids))
    for session_id in unit.db.scalars(looking).all():
        finish(unit, session_id)


def finish(unit: Unit, session_id: int) -> int | None:
    """See the portal as oneself again: the number of whoever looked; None where nobody looked as another."""
    viewer_id = unit.db.scalar(select(UserSession.user_id).where(UserSession.id == session_id))
    ended = unit.db.scalar(
        delete(Viewing)
        .where(Viewing.session_id == session_id)
        .returning(Viewing.user_id)
        .execution_options(synchronize_session=False)
    )
    if ended is None or viewer_id is None:
        return None
    unit.publish(ViewingEnded(viewer_id, ended))
    return viewer_id
