"""Forms of customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from babel import Locale

from portal.kernel.folding import fold
from portal.kernel.i18n import _
from portal.kernel.people import SCOPES
from portal.modules.customers.interfaces import Department
from portal.modules.customers.services import AddressData
from portal.modules.taxes.interfaces import Position, position_title
from portal.people.forms import DepartmentsField
from portal.people.interfaces import AccountDepartment
from portal.web.forms import (
    BooleanField,
    ChoiceField,
    CountryField,
    CurrencyField,
    EmailField,
    Form,
    MultiChoiceField,
    TextAreaField,
    TextField,
)
from portal.web.merging import EditForm
from portal.web.request import Request

_POSITIONS = [(position.value, position_title(position)) for position in Position]
_DAYS = (0, 7, 8, 10, 14, 15, 20, 21, 30, 45, 60, 75, 90, 120)
_PHONE = r"[0-9+][0-9 ()./-]{2,38}"


@lru_cache(maxsize=16)
def country_names(locale: str) -> dict[str, str]:
    """ISO 3166 codes with the names of countries in a language, by name."""
    names: Any = Locale.parse(locale.replace("-", "_")).territories
    found = {str(code): str(name) for code, name in names.items()}
    countries = [(code, name) for code, name in found.items() if len(code) == 2 and code.isalpha()]
    return dict(sorted(countries, key=lambda entry: fold(entry[1])))


def country_name(code: str, locale: str) -> str:
    """What a country is called in a language; the code itself where it has no name."""
    return country_names(locale).get(code, code)


def language_name(code: str, locale: str) -> str:
    """What a language is called in another; the code itself where it has no name."""
    names: Any = Locale.parse(locale.replace("-", "_")).languages
    return str(names.get(code, code))


class DaysField(ChoiceField):
    """A usual number of days, as int; one that is stored already stays a choice."""

    def __init__(self, label: Any = "", **kwargs: Any) -> None:
        super().__init__(label, [(str(days), self._called(days)) for days in _DAYS], **kwargs)

    @staticmethod
    def _called(days: int) -> Any:
        return _("${days} days", mapping={"days": days}) if days else _("At once")

    def process_data(self, value: int | None) -> None:
        """Take the number to begin with."""
        self.data = value
        if value is not None and value not in _DAYS:
            self.choices = [*self.options, (str(value), self._called(value))]

    def read(self, text: str) -> int:
        """The number that was chosen."""
        if text not in {option.value for option in self.options}:
            raise self.wrong(_("This is not one of the choices."))
        return int(text)

    def examine(self, form: Any) -> None:
        """Nothing more: `read` has looked."""


class PhoneField(TextField):
    """A telephone number as people write it."""

    input_type = "tel"
    input_mode = "tel"

    def __init__(self, label: Any = _("Telephone"), **kwargs: Any) -> None:
        hint = _("Digits, spaces and + ( ) . / - only.")
        super().__init__(label, longest=40, pattern=_PHONE, hint=hint, **kwargs)


class CustomerForm(EditForm):
    """An account; the choices of the language are set by the page."""

    name = TextField(_("Name"), longest=200, required=True)
    country = CountryField(required=True)
    vat_id = TextField(_("VAT id"), longest=30)
    email = EmailField()
    phone = PhoneField()
    currency = CurrencyField(required=True)
    language = ChoiceField(_("Language"), required=True)
    payment_days = DaysField(_("Payment due after"), required=True)
    payment_terms = TextField(
        _("Payment terms on documents"), longest=200, description=_("Replaces the usual sentence.")
    )
    tax_position = ChoiceField(_("Tax position"), _POSITIONS, blank=_("As country and VAT id say"))
    tags = TextField(_("Tags"), longest=500, description=_("Separated by commas."))


class NewCustomerForm(CustomerForm):
    """A new account, with its first address if one was typed."""

    lines = TextAreaField(_("Street"), longest=500, rows=2)
    postal_code = TextField(_("Postal code"), longest=20)
    city = TextField(_("City"), longest=100)
    region = TextField(_("Region"), longest=100)
    anyway = BooleanField(_("It is another customer: create it anyway"))


class AddressForm(EditForm):
    """An address."""

    name = TextField(_("Name"), longest=200, required=True)
    lines = TextAreaField(_("Street"), longest=500, rows=2)
    postal_code = TextField(_("Postal code"), longest=20)
    city = TextField(_("City"), longest=100, required=True)
    region = TextField(_("Region"), longest=100)
    country = CountryField(required=True)
    billing = BooleanField(_("For invoices"))
    delivery = BooleanField(_("For deliveries"))
    department = ChoiceField(_("Department"), blank=_("The whole account"))

    def __init__(
        self,
        request: Request,
        stored: Mapping[str, Any],
        departments: Sequence[Department],
        *,
        whole: bool = True,
    ) -> None:
        """`whole` says that the person may keep addresses of the whole account."""
        self._departments = [(one.public_id, one.name) for one in departments]
        self._whole = whole
        self._implied = stored["department"]
        is_idle = len(departments) < (1 if whole else 2)
        super().__init__(
            request, {name: value for name, value in stored.items() if name != "department" or not is_idle}
        )
        if is_idle:
            del self.department
        else:
            self._offer()

    def _offer(self) -> None:
        self.department.choices = self._departments
        if not self._whole:
            self.department.blank, self.department.required = None, True

    def _settle(self) -> None:
        self._offer()
        super()._settle()

    @property
    def written(self) -> AddressData:
        """What was typed; where there was no department to choose, with the one that it begins with."""
        return AddressData(**{"department": self._implied, **self.data})


class DepartmentForm(EditForm):
    """A department."""

    name = TextField(_("Name"), longest=100, required=True)
    number = TextField(_("Number"), longest=40, description=_("What you call it by, such as a cost centre."))


class ContactForm(EditForm):
    """A contact."""

    name = TextField(_("Name"), longest=200, required=True)
    function = TextField(_("Function"), longest=100)
    email = EmailField()
    phone = PhoneField()
    billing = BooleanField(_("Receives invoices"))


class CompanyForm(EditForm):
    """What customers keep of their own account."""

    email = EmailField()
    phone = PhoneField()


class NoteForm(Form):
    """A note."""

    text = TextAreaField(_("Note"), longest=5000, required=True)


class InvitationForm(Form):
    """An invitation to the portal."""

    email = EmailField(required=True)
    name = TextField(_("Name"), longest=200, required=True)
    departments = DepartmentsField()
    scopes = MultiChoiceField(_("May"), SCOPES.items())

    def __init__(self, request: Request, data: Mapping[str, Any], departments: Sequence[Department]) -> None:
        super().__init__(request, data)
        choices = [AccountDepartment(one.id, one.public_id, one.name) for one in departments]
        self.departments.offer(choices, whole=True)
        if self.departments.is_idle:
            del self.departments

    @property
    def chosen_departments(self) -> frozenset[int] | None:
        """The departments that were ticked, None for the whole account."""
        return self.departments.chosen if "departments" in self else None
