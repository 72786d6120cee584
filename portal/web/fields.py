"""Fields of forms: what a person types, as exact values.

Figures are read in the language of the request and never pass through float: amounts become whole minor units,
quantities, prices, percents and rates integers scaled by `SCALE`. An empty optional field is None (text: "").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from babel import Locale
from wtforms.fields import Field
from wtforms.validators import StopValidation, ValidationError

from portal.kernel.i18n import Text, _
from portal.kernel.mail import EMAIL_LENGTH, is_email
from portal.kernel.money import CURRENCIES, OutOfRange, exponent, from_scaled, to_scaled
from portal.web.formats import BadNumber, decimal, parse_decimal, plain_money

if TYPE_CHECKING:
    from portal.web.request import Request

_REQUIRED = _("This field is required.")


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose: its value, how it is called, and for searching a hint and values to fill in beside it."""

    value: str
    label: Text
    hint: str = ""
    fill: Mapping[str, str] = field(default_factory=dict[str, str])


Choices = Iterable[Choice | tuple[str, Text]]


class InputField(Field):
    """What the portal's fields have in common: one posted value, a kind for the template, `required`.

    `kind` names how the templates draw the field; `attributes` are further attributes of its input.
    """

    kind = "input"
    input_type = "text"
    input_mode: str | None = None

    def __init__(
        self,
        label: Text = "",
        *,
        required: bool = False,
        description: Text = "",
        default: Any = None,
        attributes: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        default = self.empty if default is None else default
        super().__init__(label, description=description, default=default, **kwargs)
        self.required = required
        self.attributes = dict(attributes or {})

    @property
    def request(self) -> Request:
        """The request of the form that the field stands in."""
        request: Request = getattr(self.meta, "request")  # noqa: B009 - declared on our own Meta
        return request

    @property
    def form_currency(self) -> str:
        """The currency of the form."""
        currency: str = getattr(self.meta, "currency")  # noqa: B009 - declared on our own Meta
        return currency

    @property
    def locale(self) -> str:
        """The language in which figures are read and written."""
        return self.request.locale_name

    @property
    def typed(self) -> str | None:
        """What was posted, as it was typed; None when nothing was."""
        return None if not self.raw_data else str(self.raw_data[0])

    @property
    def value(self) -> str:
        """What stands in the input: what was typed, else the value as it would be typed."""
        if self.typed is not None:
            return self.typed
        return "" if self.data is None else self.written(self.data)

    def written(self, data: Any) -> str:
        """A value as it would be typed."""
        return str(data)

    def read(self, text: str) -> Any:
        """The value of what was typed (not empty). Raises ValueError with the message for the person."""
        return text

    empty: Any = None

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Take what was posted; called by WTForms."""
        if not valuelist:
            return
        if not isinstance(valuelist[0], str):
            raise self.wrong(_("This is not a text."))
        text = self.clean(valuelist[0])
        self.data = self.empty
        if text:
            self.data = self.read(text)

    def clean(self, text: str) -> str:
        """What was typed without surrounding space."""
        return text.strip()

    def pre_validate(self, form: Any) -> None:
        """Refuse an empty required field; called by WTForms."""
        if self.process_errors:
            raise StopValidation
        if self.data in (None, "", []):
            if self.required:
                raise StopValidation(self.say(_REQUIRED))
            return
        self.examine(form)

    def examine(self, form: Any) -> None:
        """Check a value that is not empty. Raises ValueError with the message."""

    def say(self, text: Text) -> str:
        """A message in the language of the request."""
        return self.request.translate(text)

    def wrong(self, text: Text) -> ValidationError:
        """The error to raise for this message (a ValueError)."""
        return ValidationError(self.say(text))


# --- text ----------------------------------------------------------------------------------------------------


class TextField(InputField):
    """One line of text: NFC, without surrounding space or control characters, at most `longest` characters.

    `pattern` must match as a whole; `hint` says what is wrong when it does not.
    """

    empty = ""
    lines = False

    def __init__(
        self,
        label: Text = "",
        *,
        longest: int = 200,
        pattern: str | None = None,
        hint: Text = _("This does not have the right form."),
        **kwargs: Any,
    ) -> None:
        super().__init__(label, **kwargs)
        self.longest = longest
        self.pattern = None if pattern is None else re.compile(pattern)
        self.hint = hint

    def clean(self, text: str) -> str:
        return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()

    def read(self, text: str) -> str:
        if any(unicodedata.category(sign) in ("Cc", "Cs") and not self._allowed(sign) for sign in text):
            raise self.wrong(_("Control characters are not allowed."))
        if len(text) > self.longest:
            raise self.wrong(_("At most ${longest} characters.", mapping={"longest": self.longest}))
        if self.pattern is not None and not self.pattern.fullmatch(text):
            raise self.wrong(self.hint)
        return text

    def _allowed(self, sign: str) -> bool:
        return self.lines and sign in "\n\t"


class TextAreaField(TextField):
    """Several lines of text."""

    kind = "textarea"
    lines = True

    def __init__(self, label: Text = "", *, longest: int = 5000, rows: int = 3, **kwargs: Any) -> None:
        super().__init__(label, longest=longest, **kwargs)
        self.rows = rows


class EmailField(TextField):
    """An e-mail address; the domain is kept in lower case."""

    input_type = "email"
    input_mode = "email"

    def __init__(self, label: Text = _("E-mail"), **kwargs: Any) -> None:
        super().__init__(label, longest=EMAIL_LENGTH, **kwargs)

    def read(self, text: str) -> str:
        if not is_email(super().read(text)):
            raise self.wrong(_("Enter an e-mail address such as name@example.com."))
        name, _at, domain = text.rpartition("@")
        return f"{name}@{domain.lower()}"


class PasswordField(InputField):
    """A secret: taken as typed, never shown again."""

    input_type = "password"
    empty = ""

    def clean(self, text: str) -> str:
        return unicodedata.normalize("NFC", text)

    @property
    def value(self) -> str:
        return ""

    def read(self, text: str) -> str:
        if len(text) > 1024:
            raise self.wrong(_("At most ${longest} characters.", mapping={"longest": 1024}))
        return text


class HiddenField(TextField):
    """A value that the page carries along."""

    kind = "hidden"
    input_type = "hidden"


# --- figures -------------------------------------------------------------------------------------------------


class DecimalField(InputField):
    """A decimal number as Decimal, within `least` and `most`, with at most `places` decimals (up to six)."""

    input_mode = "decimal"
    kind = "number"

    def __init__(
        self,
        label: Text = "",
        *,
        least: Decimal | int | None = None,
        most: Decimal | int | None = None,
        places: int = 6,
        unit: Text = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(label, **kwargs)
        self.least = least
        self.most = most
        self.places = places
        self.unit = unit

    def written(self, data: Any) -> str:
        return decimal(self.as_decimal(data), self.locale, grouping=False)

    def as_decimal(self, data: Any) -> Decimal:
        """The value as a Decimal."""
        return Decimal(data)

    def read(self, text: str) -> Any:
        return self.in_range(self.parsed(text, self.places))

    def parsed(self, text: str, places: int) -> Decimal:
        """The number that was typed."""
        try:
            return parse_decimal(text, self.locale, places=places)
        except BadNumber as error:
            raise self.wrong(error.reason) from error

    def in_range(self, value: Decimal) -> Decimal:
        """The value, if it lies within the limits."""
        if self.least is not None and value < self.least:
            figure = decimal(Decimal(self.least), self.locale)
            raise self.wrong(_("At least ${figure}.", mapping={"figure": figure}))
        if self.most is not None and value > self.most:
            figure = decimal(Decimal(self.most), self.locale)
            raise self.wrong(_("At most ${figure}.", mapping={"figure": figure}))
        return value


class IntegerField(DecimalField):
    """A whole number as int."""

    input_mode = "numeric"

    def __init__(self, label: Text = "", **kwargs: Any) -> None:
        super().__init__(label, places=0, **kwargs)

    def read(self, text: str) -> int:
        return int(super().read(text))


class ScaledField(DecimalField):
    """A number as an integer scaled by `SCALE`; limits are given unscaled."""

    def as_decimal(self, data: Any) -> Decimal:
        return from_scaled(data)

    def read(self, text: str) -> int:
        try:
            return to_scaled(super().read(text))
        except OutOfRange as error:
            raise self.wrong(_("This number is too large.")) from error


class QuantityField(ScaledField):
    """A quantity, scaled."""

    def __init__(self, label: Text = _("Quantity"), **kwargs: Any) -> None:
        kwargs.setdefault("most", 1_000_000_000)
        kwargs.setdefault("places", 6)
        super().__init__(label, **kwargs)


class PriceField(ScaledField):
    """A unit price in major units of the form's currency, scaled."""

    def __init__(self, label: Text = _("Unit price"), **kwargs: Any) -> None:
        kwargs.setdefault("least", 0)
        kwargs.setdefault("most", 1_000_000_000)
        super().__init__(label, **kwargs)

    def as_decimal(self, data: Any) -> Decimal:
        """At least the decimals of the currency: 18.00."""
        value, places = from_scaled(data), exponent(self.form_currency)
        return (
            value if -int(value.as_tuple().exponent) >= places else value.quantize(Decimal(1).scaleb(-places))
        )


class PercentField(ScaledField):
    """A percentage between 0 and 100 (12.5 for 12.5 %), scaled."""

    def __init__(self, label: Text = "", **kwargs: Any) -> None:
        kwargs.setdefault("least", 0)
        kwargs.setdefault("most", 100)
        kwargs.setdefault("unit", "%")
        super().__init__(label, **kwargs)


class RateField(ScaledField):
    """An exchange rate above zero, scaled."""

    def __init__(self, label: Text = _("Exchange rate"), **kwargs: Any) -> None:
        kwargs.setdefault("least", Decimal("0.000001"))
        kwargs.setdefault("most", 1_000_000_000)
        super().__init__(label, **kwargs)


class MoneyField(DecimalField):
    """An amount in whole minor units of the form's currency, or of the one chosen in the field `currency_from`.

    Limits are given in major units.
    """

    def __init__(self, label: Text = _("Amount"), *, currency_from: str | None = None, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.currency_from = currency_from
        self.currency = self.form_currency
        if currency_from is None:
            self.unit = self.currency

    def as_decimal(self, data: Any) -> Decimal:
        return plain_money(data, self.currency)

    def read(self, text: str) -> Decimal:
        return super().read(text)

    def pre_validate(self, form: Any) -> None:
        # Which decimals are allowed depends on the currency, which may stand in a field read after this one.
        if self.currency_from is not None:
            chosen = form[self.currency_from].data
            self.currency = chosen if chosen in CURRENCIES else self.currency
        super().pre_validate(form)

    def examine(self, form: Any) -> None:
        if isinstance(self.data, Decimal):
            places = exponent(self.currency)
            self.parsed(str(self.typed), places)
            self.data = int(self.data.scaleb(places))


# --- dates ---------------------------------------------------------------------------------------------------


class DateField(InputField):
    """A date of business, as browsers send it (2026-11-22), within `least` and `most`."""

    input_type = "date"
    kind = "date"

    def __init__(
        self, label: Text = _("Date"), *, least: date | None = None, most: date | None = None, **kwargs: Any
    ) -> None:
        super().__init__(label, **kwargs)
        self.least = least or date(1900, 1, 1)
        self.most = most or date(2199, 12, 31)

    def written(self, data: date) -> str:
        return data.isoformat()

    def read(self, text: str) -> date:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise self.wrong(_("Enter a date such as 2026-01-31.")) from None
        if not self.least <= day <= self.most:
            raise self.wrong(_("This date is out of range."))
        return day


# --- choices -------------------------------------------------------------------------------------------------


class BooleanField(InputField):
    """A box to tick: True or False."""

    kind = "checkbox"
    empty = False

    def process_formdata(self, valuelist: list[Any]) -> None:
        """A box that is not ticked is not sent."""
        self.data = bool(valuelist) and valuelist[0] not in ("", "false")

    def pre_validate(self, form: Any) -> None:
        """A required box must be ticked (a consent)."""
        if self.required and not self.data:
            raise StopValidation(self.say(_("Please tick this box.")))


class ChoiceField(InputField):
    """One of a few: `choices` are `Choice`s or (value, label); `blank` is the label of "none of them".

    The choices may also be set on the field of a form, before `check`.
    """

    kind = "select"

    def __init__(
        self, label: Text = "", choices: Choices = (), *, blank: Text | None = None, **kwargs: Any
    ) -> None:
        super().__init__(label, **kwargs)
        self.choices = choices
        self.blank = blank

    @property
    def options(self) -> list[Choice]:
        """The choices."""
        found = [entry if isinstance(entry, Choice) else Choice(*entry) for entry in self.choices]
        self.choices = found
        return found

    def examine(self, form: Any) -> None:
        if self.data not in {option.value for option in self.options}:
            raise self.wrong(_("This is not one of the choices."))


class MultiChoiceField(ChoiceField):
    """Any of a few: a list of values."""

    kind = "checkboxes"

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Take every ticked value."""
        self.data = [str(value) for value in valuelist]

    def process_data(self, value: Iterable[str] | None) -> None:
        """Take the values to begin with."""
        self.data = list(value or ())

    def examine(self, form: Any) -> None:
        if not set(self.data) <= {option.value for option in self.options}:
            raise self.wrong(_("This is not one of the choices."))


class CurrencyField(ChoiceField):
    """An ISO currency."""

    def __init__(self, label: Text = _("Currency"), **kwargs: Any) -> None:
        super().__init__(label, [(code, code) for code in CURRENCIES], **kwargs)


class CountryField(ChoiceField):
    """An ISO country, called as in the language of the request."""

    def __init__(self, label: Text = _("Country"), **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.choices = _countries(self.locale)


@lru_cache(maxsize=16)
def _countries(locale: str) -> list[Choice]:
    territories: Any = Locale.parse(locale.replace("-", "_")).territories
    names: dict[str, str] = dict(territories)
    found = [code for code in names if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES]
    return [Choice(code, names[code]) for code in sorted(found, key=lambda code: _folded(names[code]))]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()


#: Codes of CLDR that are regions, groupings or reserved, not countries of ISO 3166.
_NO_COUNTRIES = frozenset(
    {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
)


class SearchChoiceField(InputField):
    """One of many: typed and searched for.

    `find(text)` gives the matches of what was typed, `get(value)` the one with that value or None; both are set on
    the field of a form, before `check`. `url` answers `?q=…` with `choices_json(…)`, for the script. Without a script the
    text alone is posted, and it must lead to exactly one match.
    """

    kind = "search"

    def __init__(self, label: Text = "", *, url: str = "", **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.url = url
        self.find: Callable[[str], Sequence[Choice]] | None = None
        self.get: Callable[[str], Choice | None] | None = None
        self.text: str | None = None

    @property
    def text_name(self) -> str:
        """The name of the text input; the value itself is in a hidden one."""
        return f"{self.name}-text"

    @property
    def companions(self) -> tuple[str, ...]:
        """Further names that this field posts."""
        return (self.text_name,)

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        super().process(formdata, data, extra_filters)
        if formdata is not None and self.text_name in formdata:
            self.text = formdata.getlist(self.text_name)[0].strip()
            self.raw_data = [self.typed or self.text]

    @property
    def value(self) -> str:
        return "" if self.data is None else str(self.data)

    @property
    def shown(self) -> str:
        """What stands in the text input."""
        if self.text is not None:
            return self.text
        chosen = self._chosen(self.value)
        return "" if chosen is None else self.say(chosen.label)

    def _chosen(self, value: str) -> Choice | None:
        return self.get(value) if value and self.get is not None else None

    def pre_validate(self, form: Any) -> None:
        """Turn what was typed into the one match, where no value came with it."""
        chosen = self._chosen(self.value)
        if chosen is not None and self.text in (None, self.say(chosen.label)):
            return
        self.data = None
        if self.text and self.find is not None:
            self.data = self._only(self.find(self.text), self.text)
        elif chosen is not None or self.typed:
            raise StopValidation(self.say(_("This is not one of the choices.")))
        if self.data is None and self.required:
            raise StopValidation(self.say(_REQUIRED))

    def _only(self, matches: Sequence[Choice], text: str) -> str:
        exact = [match for match in matches if self.say(match.label).casefold() == text.casefold()] or matches
        if len(exact) == 1:
            return exact[0].value
        if not exact:
            raise StopValidation(self.say(_("Nothing found for “${text}”.", mapping={"text": text})))
        names = "; ".join(self.say(match.label) for match in exact[:5])
        raise StopValidation(
            self.say(_("Several match, please be more precise: ${names}", mapping={"names": names}))
        )


def choices_json(choices: Iterable[Choice], request: Request) -> list[dict[str, Any]]:
    """The answer to a search for choices, for a view with the JSON renderer."""
    return [
        {
            "value": choice.value,
            "label": request.translate(choice.label),
            "hint": choice.hint,
            "fill": dict(choice.fill),
        }
        for choice in choices
    ]
