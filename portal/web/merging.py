"""Forms that edit something stored: they carry what they were filled with, so that changes of two people merge.

A view makes the form from what is stored, and hands `form.values` and `form.base` to the service, which merges them
(`portal.kernel.merging.merge`) with the row it has locked. On a real conflict the form comes back with one question per
field; the template shows them with `merging.base(form)` and `merging.conflicts(form)`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.kernel.errors import Invalid
from portal.kernel.i18n import Text, _
from portal.kernel.merging import Changed
from portal.web.fields import ChoiceField, InputField
from portal.web.forms import Form
from portal.web.request import Request

BASE = "_base"
_CHOICE = "_base-choice-"


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """A field that two people changed: `name` of the choice in the form, and both values as people read them."""

    name: str
    label: Text
    mine: str
    theirs: str


class EditForm(Form):
    """A form over stored values; `stored` has them by field and must be representable in JSON."""

    def __init__(self, request: Request, stored: Mapping[str, Any], *, currency: str | None = None) -> None:
        super().__init__(request, stored, currency=currency)
        self.stored = dict(stored)
        self.conflicts: list[FieldConflict] = []
        if isinstance(request.refusal, Changed):
            self._settle()

    @property
    def base(self) -> dict[str, Any]:
        """What the person was shown. Raises Invalid when the form does not carry it."""
        try:
            found: Any = json.loads(str((self.posted or {}).get(BASE, "")))
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise Invalid({"": _("This form is incomplete. Please open the page again.")})
        return {name: found[name] for name in self.stored if name in found}

    @property
    def values(self) -> dict[str, Any]:
        """What the person wants; where they chose what somebody else had stored, that."""
        values = {name: self._fields[name].data for name in self.stored}
        base = self.base
        for name in self.stored:
            if (self.posted or {}).get(_CHOICE + name) == "theirs" and name in base:
                values[name] = base[name]
        return values

    @property
    def base_json(self) -> str:
        """What the form carries along: the values that it shows as stored."""
        if self.posted is not None and not isinstance(self.request.refusal, Changed):
            return str(self.posted.get(BASE, ""))
        return json.dumps(self.stored, sort_keys=True)

    def _settle(self) -> None:
        """Show the stored value of what was not touched, and ask about what both changed."""
        base = self.base
        for name, now in self.stored.items():
            field: Any = self._fields[name]
            typed = field.data
            if name in base and typed == base[name]:
                field.data, field.raw_data = now, None
            elif typed != now and base.get(name) != now:
                self.conflicts.append(
                    FieldConflict(_CHOICE + name, field.label.text, _shown(field, typed), _shown(field, now))
                )


def _shown(field: InputField, value: Any) -> str:
    if isinstance(field, ChoiceField):
        labels = {option.value: option.label for option in field.options}
        return field.say(labels.get(value, ""))
    return "" if value is None else field.written(value)
