"""Composing modules: the house that is built at boot, and the directives that build it.

Every directive goes through `config.action` with a discriminator and an introspectable, so two modules that
claim one name fail at boot with both files named, and `portal modules` can list what there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, TypeVar

from pyramid.config import Configurator
from pyramid.config.actions import action_method
from sqlalchemy.orm import Session
from zope.sqlalchemy import register as join_transaction
from zope.sqlalchemy.datamanager import STATUS_CHANGED

from portal.kernel.card import Card, GuardedAct
from portal.kernel.company import Company
from portal.kernel.db import Database
from portal.kernel.errors import BootRefused
from portal.kernel.events import Event, Subscriber
from portal.kernel.four_eyes import Allowed, Description, Guard, Reference
from portal.kernel.i18n import HOUSE_LOCALE, Text
from portal.kernel.people import SYSTEM, Actor, Identity, Realm
from portal.kernel.settings import Settings
from portal.kernel.slots import F, Offer, Slot
from portal.kernel.tree import CustomerRoot, ModuleRoot, Node, account_of
from portal.kernel.unit import Clock, Unit, system_clock

if TYPE_CHECKING:
    from portal.kernel.request import Request

P = TypeVar("P")
MODULES = "portal.modules"
BUILT_IN = "portal.modules."

RootFactory = Callable[["Request", str, Node], ModuleRoot]
CustomerRootFactory = Callable[["Request", str, Node, int], CustomerRoot]
JobHandler = Callable[[Unit, Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Job:
    """A kind of background work. `every` makes it periodic; a `patient` one lets all others go first."""

    kind: str
    module: str
    run: JobHandler
    every: timedelta | None = None
    patient: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that `portal verify` found wrong, naming the row."""

    check: str
    subject: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Check:
    """A check of the books: its own SQL, sharing no code with the services."""

    name: str
    module: str
    title: Text
    run: Callable[[Session], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class MyPage:
    """An entry below `/my/<account>`: a mount of the offering module's policy for customers."""

    module: str
    segment: str
    title: Text
    factory: CustomerRootFactory
    permission: str
    icon: str
    order: int


@dataclass(frozen=True, slots=True)
class DocumentType:
    """How a kind of document is addressed, so that others can link to it without importing its resources.

    The address is `/<module>/<path><public id>`; the link shows only to those with `permission`. `linked` are the
    permissions of customers that a link to one such document gives without an account (`portal.people.document_links`):
    none, unless the kind says so. It needs a `my_path`, which is then the address segment of the mount.
    """

    kind: str
    module: str
    title: Text
    path: str
    permission: str
    my_path: str | None = None
    linked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IdentitySource:
    """A way in which a request says who is behind it; the first source that knows somebody is believed."""

    name: str
    module: str
    identify: Callable[[Request], Identity | None]
    order: int


@dataclass(frozen=True, slots=True)
class Demo:
    """What a module adds to the demo data; run in the order of the modules."""

    module: str
    run: Callable[[Any], None]


@dataclass
class House:
    """Everything that was composed: one per process, never changed after boot."""

    cards: tuple[Card, ...]
    settings: Settings
    database: Database
    company: Company
    clock: Clock = system_clock
    #: The ini file that the settings were read from, where there is one.
    source: Path | None = None
    locales: tuple[str, ...] = (HOUSE_LOCALE,)
    roots: dict[str, RootFactory] = field(default_factory=dict[str, RootFactory])
    #: Where each module with a staff mount stands: its address segment, mostly its own name.
    segments: dict[str, str] = field(default_factory=dict[str, str])
    my_pages: dict[str, MyPage] = field(default_factory=dict[str, MyPage])
    services: dict[type[Any], Callable[[Unit], Any]] = field(
        default_factory=dict[type[Any], Callable[[Unit], Any]]
    )
    subscribers: dict[type[Event], list[Subscriber]] = field(
        default_factory=dict[type[Event], list[Subscriber]]
    )
    offers: dict[str, list[Offer[Any]]] = field(default_factory=dict[str, list[Offer[Any]]])
    documents: dict[str, DocumentType] = field(default_factory=dict[str, DocumentType])
    jobs: dict[str, Job] = field(default_factory=dict[str, Job])
    checks: dict[str, Check] = field(default_factory=dict[str, Check])
    demos: list[Demo] = field(default_factory=list[Demo])
    commands: dict[str, Any] = field(default_factory=dict[str, Any])
    guards: dict[str, Guard] = field(default_factory=dict[str, Guard])
    #: Above what acts need a second person, in minor units of the base currency (see portal.kernel.four_eyes).
    limits: Mapping[str, int] = field(default_factory=dict[str, int])
    boot_checks: list[Callable[[House, Session], None]] = field(
        default_factory=list[Callable[["House", Session], None]]
    )
    identity_sources: list[IdentitySource] = field(default_factory=list["IdentitySource"])
    #: Names of the people who can grant roles, for the page that says whom to ask.
    administrators: Callable[[Request], Iterable[str]] = lambda _request: ()

    def card(self, name: str) -> Card:
        """The card of a package in the house; KeyError when it is not there."""
        for card in self.cards:
            if card.name == name:
                return card
        raise KeyError(name)

    def module_of(self, package: str) -> str:
        """The name of the card whose package a Python module stands in; its own name for none."""
        for card in self.cards:
            if package == card.package or package.startswith(f"{card.package}."):
                return card.name
        return package

    @cached_property
    def guarded_acts(self) -> Mapping[str, GuardedAct]:
        """The acts that can be put under four eyes, by name."""
        return {act.name: act for card in self.cards for act in card.four_eyes}

    @cached_property
    def personal(self) -> frozenset[str]:
        """The permissions that no API token ever has."""
        return frozenset(one.name for card in self.cards for one in card.permissions if one.personal)

    def has(self, name: str) -> bool:
        """Whether the module is in the house."""
        return any(card.name == name for card in self.cards)

    def offered(self, slot: Slot[F]) -> list[Offer[F]]:
        """What is offered in a slot, in order. Whoever shows it checks `permits_offer` first."""
        return self.offers.get(slot.name, [])

    def transactional_session(self, manager: Any, *, write: bool) -> Session:
        """A session that commits and aborts with a transaction manager."""
        session = self.database.session(write=write)
        # "changed" from the start: a session whose only writes are Core statements would else be rolled back. A reading
        # one is committed, too: at a rollback psycopg forgets every statement that PostgreSQL has prepared.
        join_transaction(session, initial_state=STATUS_CHANGED, transaction_manager=manager)
        return session

    def unit(self, session: Session, actor: Actor = SYSTEM) -> Unit:
        """A unit of work outside of requests; the caller commits the session."""
        return Unit(self, session, actor)


class Composer(Configurator):
    """Pyramid's configurator with the portal's directives; this is what every `includeme` receives."""

    @property
    def house(self) -> House:
        """The house under construction."""
        house: House = self.registry.house
        return house

    @property
    def registered_views(self) -> list[tuple[str, Any]]:
        """Every view that any package registered, with the package, in order: those too that another one replaced."""
        found: list[tuple[str, Any]] = self.registry.__dict__.setdefault("portal_views", [])
        return found

    def action(self, discriminator: Any, *args: Any, introspectables: Any = (), **kw: Any) -> None:
        """Keep in mind which package registers which view: of two in one place Pyramid keeps one."""
        self.registered_views.extend(
            (self.package.__name__, thing) for thing in introspectables if thing.category_name == "views"
        )
        super().action(discriminator, *args, introspectables=introspectables, **kw)

    def _enter(self, kind: str, name: str, module: str, put: Callable[[], None], order: int = 0) -> None:
        thing = self.introspectable(f"portal {kind}", name, f"{kind} {name}", f"portal {kind}")
        thing["module"] = module
        self.action(("portal", kind, name), put, order=order, introspectables=(thing,))

    @action_method
    def mount(self, card: Card, factory: RootFactory, *, segment: str | None = None) -> None:
        """Put a module's root at `/<segment>`, by default the card's name."""
        name = segment or card.name

        def put() -> None:
            self.house.roots[name] = factory
            self.house.segments[card.name] = name

        self._enter("root", name, card.name, put)

    @action_method
    def my_page(
        self,
        card: Card,
        factory: CustomerRootFactory,
        *,
        title: Text,
        permission: str,
        segment: str | None = None,
        icon: str = "circle",
        order: int = 50,
    ) -> None:
        """Put a mount of the module's policy at `/my/<account>/<segment>`; the segment is the card's name."""
        name = segment or card.name
        page = MyPage(card.name, name, title, factory, permission, icon, order)
        self._enter("my page", name, card.name, lambda: self.house.my_pages.update({name: page}))

    @action_method
    def provide(
        self, interface: type[P], factory: Callable[[Unit], P], *, module: str, replaces: bool = False
    ) -> None:
        """Answer `unit.ask(interface)` with what `factory` makes of the unit.

        `replaces` puts a module's own implementation in the place of the one that is there.
        """
        kind = "replaced service" if replaces else "service"
        self._enter(
            kind,
            interface.__name__,
            module,
            lambda: self.house.services.update({interface: factory}),
            order=1 if replaces else 0,
        )

    @action_method
    def hear(self, event: type[Event], subscriber: Subscriber, *, module: str) -> None:
        """Call `subscriber(event, unit)` when the event is published or the vote is taken."""
        name = f"{event.__name__} {subscriber.__module__}.{subscriber.__qualname__}"
        self._enter(
            "subscriber",
            name,
            module,
            lambda: self.house.subscribers.setdefault(event, []).append(subscriber),
        )

    @action_method
    def offer(
        self, slot: Slot[F], call: F, *, module: str, permission: str | None = None, order: int = 50
    ) -> None:
        """Offer something for another's page."""

        def put() -> None:
            offers = self.house.offers.setdefault(slot.name, [])
            offers.append(Offer(module, call, permission, order))
            offers.sort(key=lambda offer: offer.order)

        self._enter("offer", f"{slot.name} {call.__module__}.{call.__qualname__}", module, put)

    @action_method
    def refer(self, document: DocumentType) -> None:
        """Make a kind of document known, so that others link to it."""
        self._enter(
            "document type",
            document.kind,
            document.module,
            lambda: self.house.documents.update({document.kind: document}),
        )

    @action_method
    def job(
        self,
        kind: str,
        run: JobHandler,
        *,
        module: str,
        every: timedelta | None = None,
        patient: bool = False,
    ) -> None:
        """Register the handler of a kind of background work; a `patient` one lets all others go first."""
        job = Job(kind, module, run, every, patient)
        self._enter("job", kind, module, lambda: self.house.jobs.update({kind: job}))

    @action_method
    def verify(
        self, name: str, run: Callable[[Session], Iterable[Finding]], *, title: Text, module: str
    ) -> None:
        """Add a check to `portal verify`."""
        check = Check(name, module, title, run)
        self._enter("check", name, module, lambda: self.house.checks.update({name: check}))

    @action_method
    def demo(self, run: Callable[[Any], None], *, module: str) -> None:
        """Add to the demo data."""
        self._enter("demo", module, module, lambda: self.house.demos.append(Demo(module, run)))

    @action_method
    def command(self, name: str, command: Any, *, module: str) -> None:
        """Add a click command to the `portal` command line."""
        self._enter("command", name, module, lambda: self.house.commands.update({name: command}))

    @action_method
    def guard(
        self,
        act: str,
        *,
        module: str,
        describe: Callable[[Unit, Mapping[str, Any]], Description],
        seen: Callable[[Unit, Mapping[str, Any]], str | None],
        perform: Callable[[Unit, Mapping[str, Any], Allowed], Reference | None],
    ) -> None:
        """Say how an act that the card puts under four eyes is shown to the second person and done by them."""
        guard = Guard(act, module, describe, seen, perform)
        self._enter("guard", act, module, lambda: self.house.guards.update({act: guard}))

    @action_method
    def before_serving(self, name: str, check: Callable[[House, Session], None], *, module: str) -> None:
        """Look at the database before the first request; the check raises BootRefused."""
        self._enter("boot check", name, module, lambda: self.house.boot_checks.append(check))

    @action_method
    def identify_by(
        self, name: str, identify: Callable[[Request], Identity | None], *, module: str, order: int = 50
    ) -> None:
        """Add a source of identities (a session's cookie, a token in a header); asked in order."""

        def put() -> None:
            self.house.identity_sources.append(IdentitySource(name, module, identify, order))
            self.house.identity_sources.sort(key=lambda source: source.order)

        self._enter("identity source", name, module, put)

    @action_method
    def ask_for_roles(self, administrators: Callable[[Request], Iterable[str]], *, module: str) -> None:
        """Name the people who can grant a role, for the page that says whom to ask."""

        def put() -> None:
            self.house.administrators = administrators

        self._enter("administrators", "names", module, put)

    def add_locale(self, directory: str) -> None:
        """Add a directory of gettext catalogues (an asset spec such as "acme:locale")."""
        from pyramid.path import AssetResolver

        path = AssetResolver().resolve(directory).abspath()
        self.add_translation_dirs(path)
        if path not in self.house.locales:
            self.house.locales = (*self.house.locales, path)


def built_in_cards() -> Iterator[Card]:
    """The cards of the modules that come with the portal, whether the ini names them or not."""
    package = import_module(BUILT_IN.rstrip("."))
    for found in iter_modules(package.__path__, BUILT_IN):
        card = getattr(import_module(found.name), "CARD", None)
        if isinstance(card, Card):
            yield card


def read_card(package: str) -> Card:
    """The card of a package named in the ini: a word means one of ours, a dotted name or any other package
    is imported as it stands. Raises BootRefused, naming the key."""
    candidates = (f"{BUILT_IN}{package}", package) if "." not in package else (package,)
    for name in candidates:
        try:
            module = import_module(name)
        except ModuleNotFoundError as error:
            if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
                continue
            raise
        card = getattr(module, "CARD", None)
        if isinstance(card, Card):
            return card
        raise BootRefused(f"{MODULES} names {package}, which has no CARD")
    raise BootRefused(f"{MODULES} names {package}, which cannot be imported")


def order_cards(cards: Iterable[Card]) -> tuple[Card, ...]:
    """The cards in the order of their dependencies, alphabetically where they do not matter.

    Raises BootRefused for two cards of one name, a missing required module, or a circle.
    """
    by_name: dict[str, Card] = {}
    for card in cards:
        other = by_name.setdefault(card.name, card)
        if other is not card:
            raise BootRefused(
                f"{MODULES} names two modules called {card.name}: {other.package} and {card.package}"
            )
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name in sorted(by_name):
        card = by_name[name]
        for required in card.requires:
            if required not in by_name:
                raise BootRefused(f"{MODULES} lacks {required}, which {name} requires")
        sorter.add(name, *card.requires, *(other for other in card.optional if other in by_name))
    try:
        return tuple(by_name[name] for name in _stable(sorter))
    except CycleError as error:
        raise BootRefused(f"{MODULES} names modules that require each other: {error.args[1]}") from None


def _stable(sorter: TopologicalSorter[str]) -> Iterable[str]:
    sorter.prepare()
    while sorter.is_active():
        for name in sorted(sorter.get_ready()):
            yield name
            sorter.done(name)


def staff_root(request: Request, module: str) -> ModuleRoot | None:
    """The staff mount of a module, or None where it has none."""
    segment = request.house.segments.get(module)
    return None if segment is None else request.house.roots[segment](request, segment, request.root)


def customer_root(request: Request, module: str, context: Node) -> CustomerRoot | None:
    """The customers' mount of a module in the account that `context` stands below, or None."""
    account = account_of(context)
    if account is None:
        return None
    for page in request.house.my_pages.values():
        if page.module == module:
            return page.factory(request, page.segment, account, account.customer_id)
    return None


def permits_offer(request: Request, offer: Offer[Any], context: Node) -> bool:
    """Whether this person may see an offer: decided on the OFFERING module's root in their realm."""
    if offer.permission is None:
        return True
    identity = request.identified
    if identity is None:
        return False
    if identity.realm is Realm.EMPLOYEES:
        root = staff_root(request, offer.module)
    else:
        root = customer_root(request, offer.module, context)
    return root is not None and request.permits(offer.permission, root)
