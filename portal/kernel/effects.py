"""What an act writes, said while it is written: so that a page can show it before it is done.

A verb that writes something worth showing (an entry of the ledger, a mail, a movement of stock) tells it, events tell
themselves. Nobody listens in the usual course, and telling then costs a look into a dictionary. Who previews an act
collects what is told, and takes the transaction back.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from portal.kernel.unit import Unit

_LISTENING = "portal_effects"


def tell(unit: Unit, effect: object) -> None:
    """Say what has just been written: a frozen value of the module that wrote it."""
    heard: list[object] | None = unit.db.info.get(_LISTENING)
    if heard is not None:
        heard.append(effect)


@contextmanager
def collected(session: Session) -> Generator[list[object]]:
    """Collect what is told in a session, in the order of its writing."""
    heard: list[object] = []
    session.info[_LISTENING] = heard
    try:
        yield heard
    finally:
        session.info.pop(_LISTENING, None)
