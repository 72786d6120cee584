"""The gate at boot: what is wrong with the configuration is said in one sentence, and nothing starts."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pyramid.interfaces import ICSRFStoragePolicy, IDefaultCSRFOptions, ISecurityPolicy
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.settings import asbool

from portal.kernel import (
    BASE_URL,
    CUSTOMERS_ROLE,
    DATABASE,
    ENVIRONMENT,
    LOCK_TIMEOUT,
    MODULES,
    POOL_SIZE,
    POOLER,
    SECRET,
    STATEMENT_TIMEOUT,
    four_eyes,
    schema,
    walls,
)
from portal.kernel.card import Card
from portal.kernel.company import Company
from portal.kernel.composition import Composer, House, built_in_cards, order_cards, read_card
from portal.kernel.db import Database, make_engine
from portal.kernel.errors import BootRefused
from portal.kernel.i18n import Text
from portal.kernel.policy import settings_of
from portal.kernel.security import SecurityPolicy
from portal.kernel.settings import Settings

#: The option of a view by which it says why it needs no permission.
OPEN = "open_to_all"
#: What keeps refused requests from being committed.
COMMIT_VETO = "portal.web.transactions.commit_veto"
_DEBUG_SWITCHES = (
    "debug_all",
    "debug_authorization",
    "debug_notfound",
    "debug_routematch",
    "debug_templates",
    "reload_all",
    "reload_assets",
    "reload_resources",
    "reload_templates",
)
DEVELOPMENT_SECRET = "development-secret-never-used-in-production"  # noqa: S105 - refused in production


def build_house(raw: Mapping[str, str], house_cards: tuple[Card, ...]) -> House:
    """Read cards and settings; raises BootRefused for the first thing that is wrong with them."""
    named = raw.get(MODULES.key)
    if named is None:
        raise BootRefused(f"the setting {MODULES.key} is missing: {MODULES.help}")
    cards = (*house_cards, *_in_order(MODULES.parse(named), house_cards))
    named_cards = {card.name for card in cards}
    settings = Settings(
        raw,
        (setting for card in cards for setting in settings_of(card)),
        (
            setting
            for card in built_in_cards()
            if card.name not in named_cards
            for setting in settings_of(card)
        ),
    )
    _check_production(raw, settings)
    if not settings[BASE_URL].startswith(("http://", "https://")):
        raise BootRefused(f"{BASE_URL.key} must begin with http:// or https://")
    if len(settings[SECRET]) < 32:
        raise BootRefused(f"{SECRET.key} must have at least 32 characters")
    company = Company.of(settings)
    limits = four_eyes.limits(cards, settings, company.currency)
    return House(cards, settings, _database(settings), company, limits=limits)


def _in_order(names: tuple[str, ...], house_cards: tuple[Card, ...]) -> tuple[Card, ...]:
    taken = {card.name: card for card in house_cards}
    cards = [read_card(name) for name in names]
    for card in cards:
        if card.name in taken:
            raise BootRefused(
                f"{MODULES.key} names {card.package}, whose name {card.name} belongs to the house"
            )
    return order_cards(cards)


def _database(settings: Settings) -> Database:
    try:
        engine = make_engine(
            settings[DATABASE],
            pool_size=settings[POOL_SIZE],
            statement_timeout=settings[STATEMENT_TIMEOUT],
            lock_timeout=settings[LOCK_TIMEOUT],
            pooler=settings[POOLER],
        )
    except Exception as error:
        raise BootRefused(f"{DATABASE.key} cannot be used: {error}") from error
    return Database(engine, settings[CUSTOMERS_ROLE])


def _check_production(raw: Mapping[str, str], settings: Settings) -> None:
    if settings[ENVIRONMENT] != "production":
        return
    if settings[SECRET] == DEVELOPMENT_SECRET:
        raise BootRefused(f"{SECRET.key} is the development secret, which production refuses")
    for include in raw.get("pyramid.includes", "").split():
        if "debug" in include:
            raise BootRefused(f"pyramid.includes names {include}, which production refuses")
    for name in _DEBUG_SWITCHES:
        key, variable = f"pyramid.{name}", f"PYRAMID_{name.upper()}"
        for source, value in ((key, raw.get(key)), (variable, os.environ.get(variable))):
            if asbool(value):
                raise BootRefused(f"{source} is on, which production refuses")
    if not settings[BASE_URL].startswith("https://"):
        raise BootRefused(
            f"{BASE_URL.key} must begin with https:// in production, or cookies travel in clear"
        )


def check_configuration(config: Composer) -> None:
    """Walk what was composed: each view has a declared permission, or says why it is open to all.

    Raises BootRefused with all that is wrong, a sentence a line.
    """
    wrong = [
        *_undeclared_grants(config.house),
        *_unguarded_acts(config.house),
        *(sentence for entry in _views(config.introspector) for sentence in _wrong_with(entry, config.house)),
        *_silent_replacements(config),
        *_missing_guards(config),
    ]
    if wrong:
        raise BootRefused("\n".join(dict.fromkeys(wrong)))


def _views(introspector: Any) -> Iterable[Any]:
    return introspector.get_category("views") or ()


def _undeclared_grants(house: House) -> Iterator[str]:
    declared = _declared(house)
    for card in house.cards:
        for permissions in (*(role.permissions for role in card.roles), *card.scopes.values()):
            for permission in permissions:
                if permission not in declared:
                    yield f"the card of {card.package} grants {permission}, which no card declares"


def _unguarded_acts(house: House) -> Iterator[str]:
    """Acts under four eyes that nobody could decide on or do, and guards of acts that no card declares."""
    declared = _declared(house)
    for card in house.cards:
        for act in card.four_eyes:
            if not act.name.startswith(f"{card.name}."):
                yield f"the card of {card.package} puts {act.name} under four eyes, which is no act of {card.name}"
            if act.permission not in declared:
                yield f"the act {act.name} under four eyes asks for {act.permission}, which no card declares"
            if act.name not in house.guards:
                yield f"the act {act.name} under four eyes has no guard: config.guard was not called for it"
    for name, guard in house.guards.items():
        if name not in house.guarded_acts:
            yield f"{guard.module} guards {name}, which no card puts under four eyes"


def _declared(house: House) -> set[str]:
    return {permission.name for card in house.cards for permission in card.permissions}


def _silent_replacements(config: Composer) -> Iterator[str]:
    """Views of one package in the place of another's: Pyramid lets the one that was included less deeply win."""
    places: dict[tuple[Any, str], list[tuple[str, Any]]] = {}
    for package, view in config.registered_views:
        module = config.house.module_of(package)
        places.setdefault((view["context"], view["name"] or ""), []).append((module, view))
    for (context, name), views in places.items():
        owner = views[0][0]
        for module, view in views[1:]:
            if module != owner and not view.get("replaces"):
                where = f"{getattr(context, '__module__', '')}.{getattr(context, '__qualname__', context)}"
                yield (
                    f"the view {_view_name(view)} stands in the place of {_view_name(views[0][1])} "
                    f"({where}, name {name!r}) without saying replaces=True"
                )


def _missing_guards(config: Composer) -> Iterator[str]:
    """What must stand around every view."""
    registry = config.registry
    if not isinstance(registry.queryUtility(ISecurityPolicy), SecurityPolicy):
        yield "the security policy is not the portal's"
    csrf: Any = registry.queryUtility(IDefaultCSRFOptions)
    if csrf is None or not csrf.require_csrf or registry.queryUtility(ICSRFStoragePolicy) is None:
        yield "forms are not protected against requests from other sites: require_csrf is off"
    if registry.settings.get("tm.commit_veto") != COMMIT_VETO:
        yield f"tm.commit_veto is not {COMMIT_VETO}: refused requests would be committed"
    if not config.house.identity_sources:
        yield "no package tells who is behind a request: config.identify_by was not called"


def conflict_sentence(conflict: Any) -> str:
    """Which places claim the same name, in one sentence with both files."""
    sentences: list[str] = []
    claims: Mapping[tuple[Any, ...], Any] = (
        conflict._conflicts
    )  # Pyramid offers no other way than its own layout
    for discriminator, places in claims.items():
        name = " ".join(str(part) for part in discriminator)
        where = " and ".join(f"{place.file}:{place.line}" for place in places)
        sentences.append(f"{name} is claimed twice, in {where}")
    return "; ".join(sentences)


def open_views(introspector: Any) -> dict[str, Text]:
    """The views that need no permission, by the name of their function, each with why it is open to all."""
    found: dict[str, Text] = {
        _view_name(entry["introspectable"]): entry["introspectable"].get(OPEN)
        for entry in _views(introspector)
        if _permission(entry) == NO_PERMISSION_REQUIRED and not _exempt(entry["introspectable"])
    }
    return dict(sorted(found.items()))


def _wrong_with(entry: Any, house: House) -> Iterator[str]:
    view = entry["introspectable"]
    if _exempt(view):
        return
    name, permission = _view_name(view), _permission(entry)
    if permission is None:
        yield f"the view {name} has no permission"
    elif permission not in (NO_PERMISSION_REQUIRED, *_declared(house)):
        yield f"the view {name} asks for {permission}, which no card declares"
    reason = view.get(OPEN)
    if permission == NO_PERMISSION_REQUIRED and not (isinstance(reason, str) and reason.strip()):
        yield (
            f"the view {name} needs no permission and does not say why: "
            f'it must say {OPEN}="…" with the reason, or name a permission'
        )
    elif permission not in (None, NO_PERMISSION_REQUIRED) and reason is not None:
        yield f"the view {name} says {OPEN} and asks for {permission}"
    if view["context"] is None:
        yield f"the view {name} names no context: it would answer on every resource"
    if not view["request_methods"]:
        yield f"the view {name} names no request_method: it would answer to every method"


def _permission(entry: Any) -> str | None:
    for related in entry["related"]:
        if related.category_name == "permissions":
            return str(related["value"])
    return None


def _exempt(view: Any) -> bool:
    """Exception views answer after the decision has fallen; Pyramid's static views hold public files."""
    context = view["context"]
    if inspect.isclass(context) and issubclass(context, BaseException):
        return True
    return type(view["callable"]).__module__.startswith("pyramid.") or str(
        getattr(view["callable"], "__module__", "")
    ).startswith("pyramid.")


def _view_name(view: Any) -> str:
    call = view["callable"]
    name = f"{getattr(call, '__module__', '?')}.{getattr(call, '__qualname__', call)}"
    return f"{name}.{view['attr']}" if view.get("attr") else name


def check_database(house: House) -> None:
    """Refuse pending migrations, and whatever else modules look at before the first request."""
    with house.database.session(write=False) as session:
        waiting = schema.pending(session.connection(), house.cards)
        if waiting:
            raise BootRefused(
                f"migrations are pending for {', '.join(waiting)}: run `portal db upgrade -c YOUR.ini`"
            )
        lacking = walls.lacking(session.connection(), house.cards, walls.role_name(house.database))
        if lacking:
            raise BootRefused(
                f"the walls between customers do not stand ({lacking[0]}): run `portal db upgrade -c YOUR.ini`"
            )
        for check in house.boot_checks:
            check(house, session)
