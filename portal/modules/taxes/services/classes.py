"""Keeping tax classes."""

from __future__ import annotations

import re

from sqlalchemy import select

from portal.kernel.errors import Invalid
from portal.kernel.i18n import _
from portal.kernel.unit import Unit
from portal.modules.taxes.models import TaxClassRow

_CODE = re.compile(r"[a-z][a-z0-9_-]{0,29}")


def find_class(unit: Unit, code: str) -> TaxClassRow | None:
    """The class with that code, None when unknown."""
    return unit.db.scalar(select(TaxClassRow).where(TaxClassRow.code == code))


def lock_classes(unit: Unit) -> None:
    """Have whoever else changes rates wait until this transaction ends: a key is one for all classes."""
    unit.db.execute(select(TaxClassRow.id).order_by(TaxClassRow.id).with_for_update(key_share=True)).all()


def add_class(unit: Unit, code: str, title: str) -> TaxClassRow:
    """A new class. The code is what documents store: it never changes.

    Raises Invalid for a code that is taken or not made of small letters, digits, - and _.
    """
    if not _CODE.fullmatch(code):
        raise Invalid({"code": _("Use small letters, digits, - and _, and begin with a letter.")})
    if find_class(unit, code) is not None:
        raise Invalid({"code": _("There is a class with this code already.")})
    row = TaxClassRow(code=code, title=title, active=True)
    unit.db.add(row)
    unit.db.flush()
    return row


def change_class(unit: Unit, row: TaxClassRow, title: str, active: bool) -> None:
    """Rename a class, or take it out of use: it is then offered no more, and documents keep it."""
    row.title = title
    row.active = active
