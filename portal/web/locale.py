"""Which language a page speaks: the person's own, else what the browser asks for, else the company's."""

from __future__ import annotations

from typing import Any

from pyramid.events import ApplicationCreated
from pyramid.i18n import Localizer, TranslationString, make_localizer
from pyramid.interfaces import ILocalizer, ITranslationDirectories

from portal.web import LANGUAGES
from portal.web.request import Request


def negotiate(request: Request) -> str:
    """One of `portal.languages`."""
    offered = request.setting(LANGUAGES)
    identity = request.identified
    if identity is not None and identity.language in offered:
        return identity.language
    wanted = request.accept_language.lookup(offered, default=offered[0])
    return str(wanted)


class Remembering(Localizer):
    """Translates each text of the sources once: catalogues do not change in a process, and a page has a hundred texts.

    Remembered are translation strings without values of their own, and the texts of templates.
    """

    def __init__(self, locale_name: str, translations: Any) -> None:
        super().__init__(locale_name, translations)
        self._known: dict[tuple[str, str | None, str | None], str] = {}

    def translate(
        self, tstring: str, domain: str | None = None, mapping: dict[str, Any] | None = None
    ) -> str:
        """The text in this language."""
        key: tuple[str, str | None, str | None]
        if isinstance(tstring, TranslationString):
            key = (tstring, domain or tstring.domain, tstring.context)
            mapping = tstring.mapping if mapping is None else mapping
        else:
            key = (tstring, domain, None)
        if mapping or key[1] is None:
            return super().translate(tstring, domain, mapping)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = str(super().translate(tstring, domain))
        return known


def remember_texts(event: ApplicationCreated) -> None:
    """Have every language of the portal remember its texts, once all catalogues are known."""
    registry = event.app.registry
    directories = registry.queryUtility(ITranslationDirectories, default=[])
    for language in registry.house.settings[LANGUAGES]:
        made = make_localizer(language, directories)
        registry.registerUtility(Remembering(language, made.translations), ILocalizer, name=language)
