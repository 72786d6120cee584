"""Form drafts: what somebody is typing is kept while they type, and is there when they open the page again.

A view that says `autosave=True` has its form saved by the page's script. A draft is its author's alone, has no number and
binds nobody; it is gone once the form was sent, was discarded, or has not been touched for thirty days. Passwords and
one-time codes are never in it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pyramid.response import Response
from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, delete, exists, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, mapped_column
from webob.multidict import MultiDict

from portal.kernel.db import Base, Id
from portal.kernel.errors import Refused
from portal.kernel.i18n import _
from portal.kernel.operations import Operation
from portal.kernel.sealing import Unsealable, seal, unseal
from portal.kernel.unit import Unit
from portal.kernel.walls import OF_PERSON, Wall
from portal.people.destinations import HOME, local_path
from portal.people.kept import is_secret_name
from portal.web.request import CSRF_FIELD, OPERATION_FIELD, PREVIEW_FIELD, Request

View = Callable[[Any, Request], Response]

LIFETIME = timedelta(days=30)
#: Where the script of a page says which page it is.
ADDRESS_FIELD = "_address"
_LARGEST = 256 * 1024
_LONGEST_ADDRESS = 300
#: How many drafts of one person wait at most; older ones give way.
_MOST = 50


class FormDraft(Base):
    """A form that somebody is filling in; `sealed` holds its fields, `operation` is the one-time id of the form."""

    __tablename__ = "people_form_draft"
    __wall__ = Wall(OF_PERSON, read=True)
    __table_args__ = (UniqueConstraint("user_id", "address"), {"info": {"audit": False}})

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("people_user.id"))
    address: Mapped[str] = mapped_column(String(_LONGEST_ADDRESS))
    operation: Mapped[str] = mapped_column(String(64))
    sealed: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody had typed, and when."""

    fields: MultiDict[str, str]
    saved_at: datetime


def drafts_deriver(view: View, info: Any) -> View:
    """Fill in the forms of views that say `autosave=True` with what this person had typed there."""
    if not info.options.get("autosave", False):
        return view

    def wrapper(context: Any, request: Request) -> Response:
        identity = request.identified
        if identity is not None and identity.method.is_of_person and identity.viewed_by is None:
            request.autosaves = True
            if request.method == "GET":
                draft = find(request.unit, identity.user_id, request.path_qs)
                if draft is not None:
                    request.kept, request.taken_up = draft.fields, draft.saved_at
        return view(context, request)

    return wrapper


drafts_deriver.options = ("autosave",)  # type: ignore[attr-defined]


def find(unit: Unit, user_id: int, address: str) -> Draft | None:
    """What the person had typed at that address, unless the form was sent meanwhile. One statement."""
    done = exists().where(Operation.principal == f"user:{user_id}", Operation.key == FormDraft.operation)
    row = unit.db.scalar(
        select(FormDraft).where(
            FormDraft.user_id == user_id,
            FormDraft.address == address,
            FormDraft.saved_at > unit.now() - LIFETIME,
            ~done,
        )
    )
    if row is None:
        return None
    try:
        fields = json.loads(unseal(unit, _purpose(user_id), row.sealed))
    except Unsealable:
        return None  # sealed under an earlier `portal.secret`
    return Draft(MultiDict((str(name), str(value)) for name, value in fields), row.saved_at)


def save(unit: Unit, user_id: int, fields: Iterable[tuple[str, str]]) -> None:
    """Keep what is being typed, in place of what was kept for that address before.

    Raises Refused for what is no form of a page of the portal.
    """
    typed = list(fields)
    said = dict(typed)
    address, operation = said.get(ADDRESS_FIELD, ""), said.get(OPERATION_FIELD, "")
    plain = [(name, value) for name, value in typed if name not in _SHELL and not is_secret_name(name)]
    text = json.dumps(plain)
    is_page = local_path(address) == address != HOME and len(address) <= _LONGEST_ADDRESS
    if not is_page or not 16 <= len(operation) <= 64 or len(text) > _LARGEST:
        raise Refused(_("This form cannot be kept."))
    row = {
        "user_id": user_id,
        "address": address,
        "operation": operation,
        "sealed": seal(unit, _purpose(user_id), text),
        "saved_at": unit.now(),
    }
    insert = sqlite_insert if unit.db.get_bind().dialect.name == "sqlite" else postgresql_insert
    statement = insert(FormDraft).values(**row)
    unit.db.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "address"],
            set_={name: statement.excluded[name] for name in ("operation", "sealed", "saved_at")},
        )
    )
    mine = select(FormDraft.id).where(FormDraft.user_id == user_id)
    newest = mine.order_by(FormDraft.saved_at.desc(), FormDraft.id.desc()).limit(_MOST)
    unit.db.execute(
        delete(FormDraft)
        .where(FormDraft.user_id == user_id, FormDraft.id.not_in(newest.scalar_subquery()))
        .execution_options(synchronize_session=False)
    )


def discard(unit: Unit, user_id: int, address: str) -> None:
    """Forget what was typed at that address, if anything was."""
    unit.db.execute(
        delete(FormDraft)
        .where(FormDraft.user_id == user_id, FormDraft.address == address)
        .execution_options(synchronize_session=False)
    )


def tidy(unit: Unit) -> None:
    """Delete what nobody has touched for too long."""
    unit.db.execute(delete(FormDraft).where(FormDraft.saved_at <= unit.now() - LIFETIME))


_SHELL = (CSRF_FIELD, OPERATION_FIELD, PREVIEW_FIELD, ADDRESS_FIELD)


def _purpose(user_id: int) -> str:
    return f"form draft of user {user_id}"
