"""Forms: WTForms with the language of the request, exact figures, and a closed set of fields.

A view makes its form, and acts when it was sent::

    form = CustomerForm(request, data)
    if request.submitted:
        form.check()
        services.rename(request.unit, form.name.data)
        return HTTPSeeOther(…)
    return {"form": form}

`check` raises `Invalid`; the view is then called again, and the form made anew shows what was typed with the errors
next to the fields, those of services (`Invalid({"lines-0-quantity": …})`) included.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wtforms import Form as WTForm
from wtforms.fields import Field, FieldList, FormField
from wtforms.i18n import get_translations
from wtforms.meta import DefaultMeta

from portal.kernel.errors import Invalid
from portal.kernel.i18n import Text, _
from portal.web.fields import (
    BooleanField,
    Choice,
    ChoiceField,
    CountryField,
    CurrencyField,
    DateField,
    DecimalField,
    EmailField,
    HiddenField,
    IntegerField,
    MoneyField,
    MultiChoiceField,
    PasswordField,
    PercentField,
    PriceField,
    QuantityField,
    RateField,
    SearchChoiceField,
    TextAreaField,
    TextField,
    choices_json,
)

if TYPE_CHECKING:
    from portal.web.request import Request

    # Generic in the stubs, plain classes when run.
    _FormField = FormField["Row"]
    _FieldList = FieldList[Any]
else:
    _FormField = FormField
    _FieldList = FieldList

__all__ = [
    "BooleanField",
    "Choice",
    "ChoiceField",
    "CountryField",
    "CurrencyField",
    "DateField",
    "DecimalField",
    "EmailField",
    "Form",
    "HiddenField",
    "IntegerField",
    "LinesField",
    "MoneyField",
    "MultiChoiceField",
    "PasswordField",
    "PercentField",
    "PriceField",
    "QuantityField",
    "RateField",
    "Row",
    "SearchChoiceField",
    "TextAreaField",
    "TextField",
    "choices_json",
]

#: Fields that the shell adds to every form, and the base values a form carries to notice changes meanwhile.
_SHELL = ("csrf_token", "_operation", "_preview")
_BASE = "_base"
#: The number of a row in the name of its field.
_NUMBER = re.compile(r"-[0-9]+-")


class _Meta(DefaultMeta):
    """The language and currency of a form, shared with the rows inside it."""

    request: Request
    currency: str

    @property
    def locale(self) -> str:
        return self.request.locale_name

    def get_translations(self, form: Any) -> Any:
        # WTForms brings its own messages; languages it lacks fall back to English.
        return get_translations([self.request.locale_name.replace("-", "_"), "en"])

    def translate(self, text: Text) -> str:
        return self.request.translate(text)


def _shared(meta: Any) -> dict[str, Any]:
    """What a row takes over from the form around it."""
    return {"request": meta.request, "currency": meta.currency}


class Row(WTForm):
    """One line of a `LinesField`; subclasses declare fields as a form does.

    A row in which nothing was typed counts as not there. `unasked` names fields that are filled beforehand (a unit,
    a tax class) and do not make a row count.
    """

    Meta = _Meta
    unasked: Sequence[str] = ()

    @property
    def is_blank(self) -> bool:
        """Whether nothing was typed into the row."""
        return not any(_filled(field) for name, field in self._fields.items() if name not in self.unasked)


def _filled(field: Field) -> bool:
    raw = field.raw_data if field.raw_data is not None else [field.data]
    return any(value not in (None, "", False) and str(value).strip() for value in raw)


class _RowField(_FormField):
    """A row with the language of the form around it."""

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        meta = _shared(self.meta)
        values: Mapping[str, Any] = dict(data) if data else {}
        self.object_data = values
        self.form = self.form_class(formdata, prefix=self.name + self.separator, data=values, meta=meta)


class LinesField(_FieldList):
    """Repeated rows: order lines, addresses.

    `data` is the list of the values of rows that are not blank. `spare` blank rows are offered for typing, so that
    the page works without scripts; more can be added by script up to `most`. At least `least` rows must be filled.
    """

    def __init__(
        self,
        row: type[Row],
        label: Text = "",
        *,
        least: int = 0,
        most: int = 500,
        spare: int = 1,
        description: Text = "",
        **kwargs: Any,
    ) -> None:
        unbound: Any = _RowField(row)
        super().__init__(unbound, label, max_entries=most, description=description, **kwargs)
        self.row = row
        self.least = least
        self.spare = spare

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        self.too_many = False
        inner: Any = self  # the stubs leave out what subclasses are given to work with
        if formdata:
            posted: set[int] = set(inner._extract_indices(self.name, formdata))
            self.too_many = len(posted) > (self.max_entries or 0)
            # What was posted is the whole truth: rows are not filled up by position from older data.
            super().process(formdata, ())
        else:
            super().process(None, data or ())
        for _spare in range(self.spare if not formdata or not self._blank_at_end() else 0):
            if len(self.entries) < (self.max_entries or 0):
                inner._add_entry(None, {})

    def _blank_at_end(self) -> bool:
        return bool(self.entries) and self.entries[-1].form.is_blank

    @property
    def rows(self) -> list[Row]:
        """The rows in which something was typed, in order."""
        return [entry.form for entry in self.entries if not entry.form.is_blank]

    @property
    def data(self) -> list[dict[str, Any]]:
        """The values of the rows that are not blank."""
        return [row.data for row in self.rows]

    @data.setter
    def data(self, value: Any) -> None:
        """Set by WTForms while processing; the rows are the data."""

    @property
    def template(self) -> Row:
        """A blank row for the script that adds rows; its names carry `__row__` where the number belongs."""
        return self.row(None, prefix=f"{self.name}-__row__-", meta=_shared(self.meta))

    def validate(self, form: Any, extra_validators: Any = ()) -> bool:
        wrong = [row for row in self.rows if not row.validate()]
        self.errors = list(self.process_errors)
        if self.too_many:
            self.errors.append(self._say(_("At most ${most} lines.", mapping={"most": self.max_entries})))
        elif len(self.rows) < self.least:
            self.errors.append(
                self._say(
                    _("Enter at least ${least} lines.", mapping={"least": self.least})
                    if self.least > 1
                    else _("Enter at least one line.")
                )
            )
        return not wrong and not self.errors

    def _say(self, text: Text) -> str:
        meta: Any = self.meta
        return str(meta.translate(text))


class Form(WTForm):
    """A form of the portal.

    It takes what was posted when the request is a POST, else `data`. `currency` is the currency of its `MoneyField`s
    (default: the company's). After a refusal it shows the field errors that the refusal brought.
    """

    Meta = _Meta

    def __init__(
        self,
        request: Request,
        data: Mapping[str, Any] | None = None,
        *,
        currency: str | None = None,
    ) -> None:
        self.request = request
        self.posted = request.POST if request.method == "POST" else None
        meta = {"request": request, "currency": currency or request.company.currency}
        super().__init__(self.posted, data=data, meta=meta)
        if self.posted is None and request.kept is not None and self._takes(request.kept):
            # The act was refused by a view of its own and this page shows the refusal: keep what was typed.
            self.posted = request.kept
            self.process(self.posted)
        if self.posted is not None and request.invalid is not None:
            self.absorb(request.invalid)

    def _takes(self, posted: Mapping[str, Any]) -> bool:
        """Whether a refused POST came from this form: it says something, and nothing that the form does not know."""
        own = [name for name in posted if name not in _SHELL and not name.startswith(_BASE)]
        return bool(own) and not self._strange(own)

    def check(self) -> None:
        """Raise `Invalid` with every error, named by field, unless all that was posted is right."""
        if not self.validate():
            raise Invalid(dict(self._failures()))

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether every field is right and no field was posted that the form does not have."""
        valid = super().validate(extra_validators)
        unknown = self._unknown()
        if unknown:
            names = ", ".join(unknown[:5])
            self.fail("", _("Unknown fields were sent: ${names}.", mapping={"names": names}))
        return valid and not unknown

    def fail(self, field: str, message: Text) -> None:
        """Put an error next to a field; `lines-0-quantity` means the first row that is not blank.

        An error of no field of this form stands above the form.
        """
        said = self.request.translate(message)
        found = self._find(field)
        if found is None:
            if said not in self.form_errors:
                self.form_errors = [*self.form_errors, said]
        elif said not in found.errors:
            found.errors = [*found.errors, said]

    def absorb(self, invalid: Invalid) -> None:
        """Put the errors of a service next to the fields they name."""
        for field, message in invalid.errors.items():
            self.fail(field, message)

    def _find(self, path: str) -> Field | None:
        if path in self._fields:
            return self._fields[path]
        name, _dash, rest = path.partition("-")
        lines = self._fields.get(name)
        number, _dash, inner = rest.partition("-")
        if not isinstance(lines, LinesField) or not number.isdecimal() or int(number) >= len(lines.rows):
            return None
        return lines.rows[int(number)]._fields.get(inner, lines)

    def _failures(self) -> Iterator[tuple[str, Text]]:
        for message in self.form_errors:
            yield "", message
        for name, field in self._fields.items():
            if isinstance(field, LinesField):
                for number, row in enumerate(field.rows):
                    for inner, cell in row._fields.items():
                        yield from _first(f"{name}-{number}-{inner}", cell.errors)
            yield from _first(name, field.errors)

    def _unknown(self) -> list[str]:
        return self._strange(name for name in self.posted or () if not name.startswith(_BASE))

    def _strange(self, names: Iterable[str]) -> list[str]:
        """The names that are of no field of this form, whatever the number of the row."""
        known = set(_names(self))
        numbered = ((name, _NUMBER.sub("-__row__-", name, count=1)) for name in names)
        return sorted({name for name, plain in numbered if plain not in known})


def _first(name: str, errors: Sequence[str]) -> Iterator[tuple[str, Text]]:
    if errors:
        yield name, errors[0]


def _names(form: WTForm) -> Iterator[str]:
    yield from _SHELL
    for field in form._fields.values():
        if isinstance(field, LinesField):
            yield from _names(field.template)
        else:
            yield field.name
            yield from getattr(field, "companions", ())
