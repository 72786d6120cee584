"""Forms of the catalog."""

from __future__ import annotations

from portal.kernel.i18n import _
from portal.modules.catalog.services import KINDS
from portal.web.forms import ChoiceField, PriceField, TextAreaField, TextField
from portal.web.merging import EditForm


class ProductForm(EditForm):
    """A product; the choices of tax class and category are set by the page."""

    sku = TextField(_("SKU"), longest=40, required=True)
    name = TextField(_("Name"), longest=200, required=True)
    description = TextAreaField(_("Description"))
    unit = TextField(_("Unit"), longest=30, required=True, description=_("Such as piece, hour, kg."))
    list_price = PriceField(_("List price"), required=True)
    tax_class = ChoiceField(_("Tax class"), required=True)
    kind = ChoiceField(_("Kind"), KINDS.items(), required=True)
    category = ChoiceField(_("Category"), blank=_("None"))


class CategoryForm(EditForm):
    """A category; the choices of the parent are set by the page."""

    name = TextField(_("Name"), longest=100, required=True)
    parent = ChoiceField(_("Below"), blank=_("At the top"))
