"""Marking and translating text.

Every module, ours or foreign, uses the one gettext domain `portal` and ships its own
`locale/<language>/LC_MESSAGES/portal.mo`; Pyramid merges the catalogues of all translation directories.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal
from pyramid.i18n import Localizer, TranslationString, TranslationStringFactory, make_localizer

_ = TranslationStringFactory("portal")

#: Text for people: a marked string, or one that needs no translation (a name, a number).
Text = TranslationString | str

#: Where the house keeps its own catalogues.
HOUSE_LOCALE = str(Path(__file__).resolve().parent.parent / "locale")


@lru_cache(maxsize=32)
def localizer(language: str, directories: tuple[str, ...] = (HOUSE_LOCALE,)) -> Localizer:
    """The translator of one language over the given catalogue directories (read once per process)."""
    return make_localizer(language, list(directories))


def translate(text: Text, language: str, directories: Sequence[str] = (HOUSE_LOCALE,)) -> str:
    """`text` in `language`; the English original where no catalogue has it."""
    return say(text, localizer(language, tuple(directories)))


def say(text: Text, translator: Localizer) -> str:
    """`text` in the language of a translator, and so the values in its mapping.

    Marked strings among them are translated, dates and Decimals written as the language does.
    """
    if not isinstance(text, TranslationString):
        return text
    if text.mapping:
        values = {name: _spoken(value, translator) for name, value in text.mapping.items()}
        text = TranslationString(text, mapping=values)
    return translator.translate(text)


def _spoken(value: Any, translator: Localizer) -> Any:
    if isinstance(value, TranslationString):
        return say(value, translator)
    if type(value) is date:
        return format_date(value, "medium", locale=_locale(translator))
    if isinstance(value, Decimal):
        return format_decimal(value, locale=_locale(translator), decimal_quantization=False)
    return value


def _locale(translator: Localizer) -> str:
    return translator.locale_name.replace("-", "_")
