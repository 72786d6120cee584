"""How people have arranged the portal for themselves: chosen columns, arranged cards, pinned documents.

One small JSON value for each person and key. Nothing of the business depends on it, and it is not in the audit log.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import String, Text, delete, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.kernel.db import Base, BigInt
from portal.kernel.errors import Refused
from portal.kernel.i18n import _
from portal.kernel.unit import Unit
from portal.kernel.walls import OF_PERSON, Wall

#: Characters of a value as JSON, and keys of one person: what a page reads stays small.
LONGEST = 8000
MOST = 200


class Preference(Base):
    """What one person has set under one key, as JSON."""

    __tablename__ = "kernel_preference"
    __wall__ = Wall(OF_PERSON, read=True, insert=True, change=("value", "changed_at"), delete=True)
    __table_args__ = ({"info": {"audit": False}},)

    user_id: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime]


def read(db: Session, user_id: int, key: str) -> Any:
    """What the person has set under this key; None where nothing is. One statement."""
    value = db.scalar(select(Preference.value).where(Preference.user_id == user_id, Preference.key == key))
    return None if value is None else json.loads(value)


def read_all(db: Session, user_id: int) -> dict[str, Any]:
    """All that the person has set, by key. One statement."""
    rows = db.execute(select(Preference.key, Preference.value).where(Preference.user_id == user_id))
    return {key: json.loads(value) for key, value in rows}


def keep(unit: Unit, user_id: int, key: str, value: Any) -> None:
    """Set a value (anything that JSON can say) in place of the one before; the later of two wins.

    Raises Refused for a value that is too large, and for a person who has set too much.
    """
    text = json.dumps(value, separators=(",", ":"), sort_keys=True)
    if len(text) > LONGEST:
        raise Refused(_("That is more than can be kept here."))
    count = unit.db.scalar(select(func.count()).where(Preference.user_id == user_id, Preference.key != key))
    if (count or 0) >= MOST:
        raise Refused(_("That is more than can be kept here."))
    insert = sqlite_insert if unit.db.get_bind().dialect.name == "sqlite" else postgresql_insert
    statement = insert(Preference).values(user_id=user_id, key=key, value=text, changed_at=unit.now())
    unit.db.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "key"],
            set_={"value": statement.excluded.value, "changed_at": statement.excluded.changed_at},
        )
    )


def forget(unit: Unit, user_id: int, key: str) -> None:
    """Take back what was set under this key, if anything was."""
    unit.db.execute(delete(Preference).where(Preference.user_id == user_id, Preference.key == key))
