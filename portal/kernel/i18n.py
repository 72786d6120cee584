"""Marking and translating text.

Every module, ours or foreign, uses the one gettext domain `portal` and ships its own
`locale/<language>/LC_MESSAGES/portal.mo`; Pyramid merges the catalogues of all translation directories.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

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
    if not isinstance(text, TranslationString):
        return text
    return localizer(language, tuple(directories)).translate(text)
