"""Background work about people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, or_, select

from portal.kernel.people import Realm
from portal.kernel.unit import Unit
from portal.people import drafts, kept, services
from portal.people.factors import SpentChallenge
from portal.people.models import Attempt, Token, UserSession
from portal.people.services.sessions import SESSIONS_KEPT
from portal.people.settings import SESSION_LIFETIME
from portal.people.viewing import Viewing, expire

TIDY = "people.tidy"
EVERY = timedelta(hours=12)

_ATTEMPTS = timedelta(days=7)
_TOKENS = timedelta(days=30)


def reset_job(unit: Unit, payload: Mapping[str, Any]) -> None:
    """Send the link to whoever asked for it, if they exist and may sign in."""
    user = services.find_user(unit, Realm(payload["realm"]), payload["email"])
    if user is not None and user.active:
        services.send_reset(unit, user)


def link_job(unit: Unit, payload: Mapping[str, Any]) -> None:
    """Send the link for signing in to the customer's person who asked for it, if they exist and may sign in."""
    user = services.find_user(unit, Realm.CUSTOMERS, payload["email"])
    if user is not None and user.active:
        services.send_link(unit, user, payload["wanted"])


def tidy_job(unit: Unit, payload: Mapping[str, Any]) -> None:
    """Delete attempts of more than a week, links and sessions dead for a month, and what was typed and forgotten."""
    drafts.tidy(unit)
    kept.tidy(unit)
    now = unit.now()
    longest = timedelta(hours=unit.setting(SESSION_LIFETIME)) + SESSIONS_KEPT
    old_session = or_(UserSession.ended_at < now - SESSIONS_KEPT, UserSession.created_at < now - longest)
    unit.db.execute(delete(Attempt).where(Attempt.at < now - _ATTEMPTS))
    unit.db.execute(delete(SpentChallenge).where(SpentChallenge.expires_at < now))
    unit.db.execute(delete(Token).where(Token.expires_at < now - _TOKENS))
    for session_id in unit.db.scalars(select(Viewing.session_id).where(Viewing.until < now)).all():
        expire(unit, session_id)
    unit.db.execute(delete(UserSession).where(old_session))
