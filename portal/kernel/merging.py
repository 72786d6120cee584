"""Two people edit one thing: untouched fields merge, real conflicts are left to the person, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.kernel.errors import Conflict
from portal.kernel.i18n import _


class Changed(Conflict):
    """Fields that somebody else changed meanwhile, and this person as well. `stored` has what is stored of them."""

    def __init__(self, stored: Mapping[str, Any]) -> None:
        super().__init__(_("Somebody else changed this meanwhile. Please choose what shall stay."))
        self.stored = dict(stored)


def merge(base: Mapping[str, Any], stored: Mapping[str, Any], typed: Mapping[str, Any]) -> dict[str, Any]:
    """What to store: of each field in `typed` the person's value if they touched it, else the stored one.

    `base` is what the person was shown; a field that is missing there counts as touched. Raises `Changed` with every
    field that both changed to different values.
    """
    merged: dict[str, Any] = {}
    conflicts: dict[str, Any] = {}
    for name, value in typed.items():
        now = stored[name]
        touched = name not in base or base[name] != value
        if touched and now != value and name in base and base[name] != now:
            conflicts[name] = now
        merged[name] = value if touched else now
    if conflicts:
        raise Changed(conflicts)
    return merged
