"""What is composed and how it is configured, as plain values for /admin and for the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import make_url

from portal.kernel import DATABASE
from portal.kernel.card import Card
from portal.kernel.composition import Composer, House
from portal.kernel.i18n import Text
from portal.kernel.policy import settings_of
from portal.kernel.settings import Setting, origins, words

MASK = "••••••"


@dataclass(frozen=True, slots=True)
class SettingFacts:
    """A setting with its value (masked when it is a secret) and where it comes from."""

    key: str
    module: str
    value: str
    origin: str
    help: str


@dataclass(frozen=True, slots=True)
class ModuleFacts:
    """A package in the house and how much it brings."""

    name: str
    title: Text
    package: str
    house: bool
    requires: tuple[str, ...]
    optional: tuple[str, ...]
    permissions: int
    roles: int
    settings: int
    offers: int
    services: int
    subscribers: int
    jobs: int
    checks: int
    documents: int


def settings(house: House) -> list[SettingFacts]:
    """Every declared key in the order of the packages; secrets are masked."""
    places = origins(house.source) if house.source is not None else {}
    return [_setting(house, card, setting, places) for card in house.cards for setting in settings_of(card)]


def _setting(house: House, card: Card, setting: Setting[Any], places: dict[str, str]) -> SettingFacts:
    origin = places.get(setting.key, "ini") if house.settings.given(setting) else "default"
    return SettingFacts(setting.key, card.name, _shown(house, setting), origin, setting.help)


def _shown(house: House, setting: Setting[Any]) -> str:
    value = house.settings[setting]
    if setting is DATABASE:
        return masked(str(value))
    if setting.secret:
        return MASK if value else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        parts = cast("tuple[Any, ...]", value)
        return " ".join(map(str, parts)) if setting.parse is words else ", ".join(map(str, parts))
    return "" if value is None else str(value)


def masked(url: str) -> str:
    """The URL of a database without its passwords, wherever they stand in it."""
    parsed = make_url(url)
    query = {key: "***" if "password" in key.lower() else value for key, value in parsed.query.items()}
    return parsed.set(query=query).render_as_string(hide_password=True).replace("%2A%2A%2A", "***")


def modules(house: House) -> list[ModuleFacts]:
    """The packages in the house, in the order of their dependencies."""
    return [_module(house, card) for card in house.cards]


def _module(house: House, card: Card) -> ModuleFacts:
    def of(things: Any) -> int:
        return sum(1 for thing in things if thing.module == card.name)

    return ModuleFacts(
        name=card.name,
        title=card.title,
        package=card.package,
        house=card.house,
        requires=card.requires,
        optional=card.optional,
        permissions=len(card.permissions),
        roles=len(card.roles),
        settings=len(settings_of(card)),
        offers=sum(of(offers) for offers in house.offers.values()) + of(house.my_pages.values()),
        services=sum(1 for factory in house.services.values() if _belongs(factory, card)),
        subscribers=sum(
            1 for subscribers in house.subscribers.values() for one in subscribers if _belongs(one, card)
        ),
        jobs=of(house.jobs.values()),
        checks=of(house.checks.values()),
        documents=of(house.documents.values()),
    )


def views_by_package(house: House, config: Composer) -> dict[str, int]:
    """How many views each package has, by the name of its card."""
    found = [entry["introspectable"]["callable"] for entry in config.introspector.get_category("views") or ()]
    return {card.name: sum(1 for view in found if _belongs(view, card)) for card in house.cards}


def _belongs(thing: Any, card: Card) -> bool:
    return str(getattr(thing, "__module__", "")).startswith(f"{card.package}.")
