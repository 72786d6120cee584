"""Tags of accounts."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, func, select

from portal.kernel.errors import Invalid
from portal.kernel.folding import fold
from portal.kernel.i18n import _
from portal.kernel.unit import Unit
from portal.modules.customers.models import Tag

_LONGEST = 50


def split_tags(text: str) -> list[str]:
    """The tags in what was typed, separated by commas: without doubles whatever their case, in folded order.

    Raises Invalid for a tag that is too long.
    """
    found = {fold(word): " ".join(word.split()) for word in text.split(",") if fold(word)}
    if any(len(tag) > _LONGEST or len(key) > 2 * _LONGEST for key, tag in found.items()):
        raise Invalid({"tags": _("A tag has at most ${longest} characters.", mapping={"longest": _LONGEST})})
    return [found[key] for key in sorted(found)]


def tags_of(unit: Unit, customer_id: int) -> list[str]:
    """The tags of an account, in folded order."""
    return list(unit.db.scalars(select(Tag.tag).where(Tag.customer_id == customer_id).order_by(Tag.tag_key)))


def set_tags(unit: Unit, customer_id: int, tags: Iterable[str]) -> None:
    """Give an account these tags and no others."""
    unit.db.execute(delete(Tag).where(Tag.customer_id == customer_id))
    unit.db.add_all(Tag(customer_id=customer_id, tag_key=fold(tag), tag=tag) for tag in tags)
    unit.db.flush()


def all_tags(unit: Unit) -> dict[str, str]:
    """Every tag in use: folded → as written."""
    rows = unit.db.execute(select(Tag.tag_key, func.min(Tag.tag)).group_by(Tag.tag_key).order_by(Tag.tag_key))
    return {row[0]: row[1] for row in rows}
