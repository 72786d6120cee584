"""Forms of the tax tables."""

from __future__ import annotations

from portal.kernel.i18n import _
from portal.modules.taxes.interfaces import Position, position_title
from portal.modules.taxes.services import CATEGORIES
from portal.web.forms import (
    BooleanField,
    ChoiceField,
    CurrencyField,
    DateField,
    Form,
    LinesField,
    PercentField,
    RateField,
    Row,
    TextField,
)

_POSITIONS = [(position.value, position_title(position)) for position in Position]


class RateRow(Row):
    """One rate of a set."""

    key = TextField(_("Key"), longest=30, required=True, pattern=r"[A-Za-z0-9][A-Za-z0-9.-]*")
    title = TextField(_("Title on documents"), longest=100, required=True)
    percent = PercentField(_("Percent"), required=True)


class RatesForm(Form):
    """A set of rates that begins on a day."""

    class_code = ChoiceField(_("Tax class"), required=True)
    position = ChoiceField(_("Position of the customer"), _POSITIONS, required=True)
    valid_from = DateField(_("Valid from"), required=True)
    category = ChoiceField(_("Category (EN 16931)"), CATEGORIES.items(), required=True)
    rates = LinesField(RateRow, _("Rates"), least=1, most=5)
    exemption_en = TextField(_("Reason for no tax, in English"), longest=500)
    exemption_de = TextField(_("Reason for no tax, in German"), longest=500)


class EndForm(Form):
    """The last day of a set."""

    last_day = DateField(_("Last day"), required=True)


class NewClassForm(Form):
    """A tax class."""

    code = TextField(
        _("Code"),
        longest=30,
        required=True,
        description=_("Documents store the code; it cannot be changed later."),
    )
    title = TextField(_("Title"), longest=100, required=True)


class ClassForm(Form):
    """What can be changed of a tax class."""

    title = TextField(_("Title"), longest=100, required=True)
    active = BooleanField(_("In use"))


class ExchangeRateForm(Form):
    """The rate of a currency from a day on."""

    currency = CurrencyField(required=True)
    day = DateField(_("Valid from"), required=True)
    rate = RateField(_("Exchange rate"), required=True)


class CorrectionForm(Form):
    """The right figure for a mistyped rate."""

    rate = RateField(_("Exchange rate"), required=True)
