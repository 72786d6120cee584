"""The words that documents print, marked for translation, and their translator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from pyramid.i18n import TranslationString

from portal.kernel.i18n import HOUSE_LOCALE, _, translate
from portal.ops.pdf.document import DocumentKind, EntryKind

#: Where the catalogues of the printed words are kept.
LOCALE = str(Path(__file__).resolve().parent / "locale")

#: From a marked string to the document's language.
Translator = Callable[[TranslationString], str]

TITLES: Mapping[DocumentKind, TranslationString] = {
    "quotation": _("Quotation"),
    "order_confirmation": _("Order confirmation"),
    "delivery_note": _("Delivery note"),
    "invoice": _("Invoice"),
    "credit_note": _("Credit note"),
}

NUMBERS: Mapping[DocumentKind, TranslationString] = {
    "quotation": _("Quotation no."),
    "order_confirmation": _("Order no."),
    "delivery_note": _("Delivery note no."),
    "invoice": _("Invoice no."),
    "credit_note": _("Credit note no."),
}

ENTRIES: Mapping[EntryKind, TranslationString] = {
    "invoice": _("Invoice"),
    "credit_note": _("Credit note"),
    "payment": _("Payment"),
    "refund": _("Refund"),
    "reversal": _("Reversal"),
    "entry": _("Entry"),
}


def translator(language: str) -> Translator:
    """Translates into the language, English where no catalogue has the string."""
    locale = language.replace("-", "_")
    return lambda text: translate(text, locale, (HOUSE_LOCALE, LOCALE))
