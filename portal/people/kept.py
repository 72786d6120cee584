"""Kept forms: what was typed is not lost where the session, or its freshness, had ended before the form was sent.

Kept is only what a page of a session of that very person sent: its token against forgery names the session and proves
it. Nothing is done with the form before the person has signed in again and says so. It waits for an hour, sealed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, delete, exists, select
from sqlalchemy.orm import Mapped, mapped_column
from wtforms.fields.core import UnboundField

from portal.kernel.db import Base, Id, PublicId, new_public_id
from portal.kernel.operations import Operation
from portal.kernel.people import Realm
from portal.kernel.sealing import Unsealable, seal, unseal
from portal.kernel.unit import Unit
from portal.kernel.walls import STAFF
from portal.people.destinations import HOME, local_path
from portal.people.models import User, UserSession
from portal.web.csrf import session_of_form
from portal.web.fields import PasswordField
from portal.web.forms import Form
from portal.web.request import CSRF_FIELD, OPERATION_FIELD, Request
from portal.web.slots import Kept

PAGE = "/account/kept"
LIFETIME = timedelta(hours=1)
_LARGEST = 256 * 1024
#: How many forms of one person wait at most; older ones give way.
_MOST = 20
_FORM = "application/x-www-form-urlencoded"
_SECRET = re.compile("passw|secret", re.IGNORECASE)


class KeptForm(Base):
    """A form that was sent too late; `sealed` holds its address and fields, `operation` is its one-time id."""

    __tablename__ = "people_kept_form"
    __wall__ = STAFF
    __table_args__ = (Index("ix_people_kept_form_user_id", "user_id"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    user_id: Mapped[int] = mapped_column(ForeignKey("people_user.id"))
    operation: Mapped[str] = mapped_column(String(64))
    sealed: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A kept form as its page shows it; `asked` are the fields that were secret and have to be typed anew."""

    public_id: str
    address: str
    operation: str
    fields: Sequence[tuple[str, str]]
    asked: Sequence[str]
    created_at: datetime

    @property
    def shown(self) -> list[tuple[str, str]]:
        """What was typed: without fields that are blank, or there for the page's own use."""
        return [(name, value) for name, value in self.fields if value.strip() and not name.startswith("_")]


def keep(request: Request) -> Kept | None:
    """Keep the form of a request that was refused for want of a session, or of freshness; None for what is no form.

    The row is written after the transaction of the refusal has ended.
    """
    if not _is_keepable(request):
        return None
    session_id, key = session_of_form(request), str(request.POST.get(OPERATION_FIELD, ""))
    if session_id is None or not 16 <= len(key) <= 64:
        return None
    request.leave_walls()
    owner = request.db.execute(
        select(User.id, User.realm)
        .join(UserSession, UserSession.user_id == User.id)
        .where(UserSession.id == session_id, User.active.is_(True))
    ).first()
    identity = request.identified
    if owner is None or (identity is not None and identity.user_id != owner.id):
        return None
    request.afterwards.append(partial(_store, user_id=owner.id, operation=key, content=_content(request)))
    return Kept(PAGE, Realm(owner.realm))


def waiting_forms(unit: Unit, user_id: int) -> list[Waiting]:
    """The forms of a person that wait to be sent, newest first; not those that were sent meanwhile."""
    done = exists().where(Operation.principal == f"user:{user_id}", Operation.key == KeptForm.operation)
    rows = unit.db.scalars(
        select(KeptForm)
        .where(KeptForm.user_id == user_id, KeptForm.created_at > unit.now() - LIFETIME, ~done)
        .order_by(KeptForm.id.desc())
    )
    return list(_opened(unit, rows))


def discard(unit: Unit, user_id: int, public_id: str) -> None:
    """Forget a kept form. LookupError when this person has none of that name."""
    gone = unit.db.execute(
        delete(KeptForm)
        .where(KeptForm.user_id == user_id, KeptForm.public_id == public_id)
        .returning(KeptForm.id)
        .execution_options(synchronize_session=False)
    ).first()
    if gone is None:
        raise LookupError("no such kept form of this person")


def tidy(unit: Unit) -> None:
    """Delete what has waited too long."""
    unit.db.execute(delete(KeptForm).where(KeptForm.created_at <= unit.now() - LIFETIME))


def _is_keepable(request: Request) -> bool:
    """Whether it is a form without files, not too large, of a page that has an address of its own."""
    size = request.content_length or 0
    return (
        request.content_type == _FORM
        and size <= _LARGEST
        and local_path(request.path_qs) == request.path_qs != HOME
    )


def is_secret_name(name: str) -> bool:
    """Whether a field of that name may hold a password or a one-time code: it is never kept."""
    return bool(_SECRET.search(name)) or name in _secret_names()


def _content(request: Request) -> dict[str, Any]:
    fields: list[tuple[str, str]] = []
    asked: list[str] = []
    for name, value in request.POST.items():
        if is_secret_name(name):
            asked.append(name)
        elif name not in (CSRF_FIELD, OPERATION_FIELD):
            fields.append((name, str(value)))
    return {"address": request.path_qs, "fields": fields, "asked": asked}


def _secret_names() -> frozenset[str]:
    """What the fields for passwords and one-time codes of all forms are called."""
    found: set[str] = set()
    forms: list[type[Any]] = [Form]
    for form in forms:
        forms.extend(form.__subclasses__())
        if form not in _LOOKED_AT:
            fields = ((name, getattr(form, name)) for name in dir(form))
            secret = (name for name, field in fields if isinstance(field, UnboundField) and _is_secret(field))
            _LOOKED_AT[form] = frozenset(secret)
        found |= _LOOKED_AT[form]
    return frozenset(found)


#: The secret fields of each form that was looked at; forms do not change once they are declared.
_LOOKED_AT: dict[type[Any], frozenset[str]] = {}


def _is_secret(field: Any) -> bool:
    attributes: Mapping[str, str] = field.kwargs.get("attributes") or {}
    is_password = issubclass(field.field_class, PasswordField)
    return is_password or attributes.get("autocomplete") == "one-time-code"


def _store(unit: Unit, user_id: int, operation: str, content: dict[str, Any]) -> None:
    mine = select(KeptForm.id).where(KeptForm.user_id == user_id)
    newest = mine.order_by(KeptForm.id.desc()).limit(_MOST - 1)
    unit.db.execute(
        delete(KeptForm)
        .where(
            KeptForm.user_id == user_id,
            (KeptForm.operation == operation) | KeptForm.id.not_in(newest.scalar_subquery()),
        )
        .execution_options(synchronize_session=False)
    )
    unit.db.add(
        KeptForm(
            public_id=new_public_id(),
            user_id=user_id,
            operation=operation,
            sealed=seal(unit, _purpose(user_id), json.dumps(content)),
            created_at=unit.now(),
        )
    )
    unit.db.flush()


def _opened(unit: Unit, rows: Iterable[KeptForm]) -> Iterator[Waiting]:
    for row in rows:
        try:
            content = json.loads(unseal(unit, _purpose(row.user_id), row.sealed))
        except Unsealable:
            continue  # sealed under an earlier `portal.secret`
        fields = [(name, value) for name, value in content["fields"]]
        yield Waiting(
            row.public_id, content["address"], row.operation, fields, content["asked"], row.created_at
        )


def _purpose(user_id: int) -> str:
    return f"kept form of user {user_id}"
