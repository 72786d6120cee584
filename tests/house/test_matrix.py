"""Every view of the full house, by method and by person: what happens is what the cards say.

The expectation is generated from the permission of the view and the roles and scopes of the cards. A POST is sent
without the one-time id that every form carries: whoever is let in is then told so, and nothing is done.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from house.intruders import Intruder, contents
from house.world import FOUR_EYES, MODULES, SPECIMEN, World, make_world
from pyramid.interfaces import IContextFound
from pyramid.security import NO_PERMISSION_REQUIRED

import portal as the_portal
from portal.kernel.gate import open_views
from portal.kernel.people import SCOPES, Realm
from portal.kernel.tree import Root, module_root
from portal.testing.crawler import Crawler
from portal.testing.fixtures import PortalFactory
from portal.web.request import CSRF_FIELD

OPEN = [
    "portal.my.views.documents.open_document",
    "portal.ops.health.healthz",
    "portal.ops.health.jobsz",
    "portal.ops.health.readyz",
    "portal.people.views.directory.again",
    "portal.people.views.email.confirm",
    "portal.people.views.link_sign_in.ask",
    "portal.people.views.link_sign_in.use",
    "portal.people.views.links.forgotten",
    "portal.people.views.links.invitation",
    "portal.people.views.links.reset",
    "portal.people.views.second_factor.passkey",
    "portal.people.views.second_factor.second_factor",
    "portal.people.views.sign_in.sign_in",
    "portal.people.views.sign_in.sign_out",
    "portal.people.views.sso.again",
    "portal.people.views.sso.begin",
    "portal.people.views.sso.finish",
    "portal.people.views.verify.verify",
    "portal.people.views.view_as.end",
    "portal.web.views.home",
    "portal.web.views.logo",
    "portal.web.views.manifest",
]
#: What everybody may who has signed in: /account is mounted for both realms.
OF_EVERYBODY = "people.profile"
#: What every employee may: what they find there follows from their rights in the modules.
OF_EMPLOYEES = ("proposals.enter", "proposals.decide")


@dataclass(frozen=True)
class Place:
    """A view at an address where its context stands."""

    url: str
    methods: tuple[str, ...]
    permission: str
    context: type
    realm: Realm
    card: str


@dataclass
class Town:
    world: World
    #: An address for each class of context, found by walking the pages.
    stands: dict[type, str]
    views: list[Any]
    realms: dict[type, tuple[Realm, str]]


@pytest.fixture
def town(portals: PortalFactory) -> Town:
    world = make_world(portals(*MODULES, SPECIMEN, **FOUR_EYES))
    config = the_portal.compose(world.portal.raw)
    config.house.database.engine.dispose()
    views = [
        (entry["introspectable"], permission)
        for entry in config.introspector.get_category("views") or ()
        for permission in [
            related["value"] for related in entry["related"] if related.category_name == "permissions"
        ]
        if entry["introspectable"]["context"] is not None and permission != NO_PERMISSION_REQUIRED
    ]
    town = Town(world, {}, views, {})
    walk(town)
    return town


def walk(town: Town) -> None:
    """Walk all pages as an employee and as a customer, noting which classes stand where."""
    world = town.world
    registry = world.portal.router.registry

    def note(event: Any) -> None:
        request = event.request
        root = module_root(request.context)
        if root is not None and type(request.context) not in town.stands:
            town.stands[type(request.context)] = request.resource_path(request.context)
            town.realms[type(request.context)] = (root.realm, root.card.name)

    registry.registerHandler(note, (IContextFound,))
    staff, alpha = Crawler(world.all_seeing(), alike=1).from_("/"), world.alpha
    assert alpha is not None
    staff.from_(f"/orders/new/{alpha.public_id}/", "/orders/SO-2026-00001", f"/customers/{alpha.number}")
    world.buyer(alpha, "otto@alpha.example", "view")
    own = Crawler(world.buyer(alpha, "anna@alpha.example"), alike=1).from_("/")
    # what is reached by sending a form stands below what was reached
    for crawl in (staff, own):
        for url in crawl.forms():
            crawl.browser.get(url, expect_errors=True)
    registry.unregisterHandler(note, (IContextFound,))


def stands(town: Town, context: type) -> list[type]:
    """The classes found that a view of that context answers on."""
    return [stand for stand in town.stands if issubclass(stand, context)]


def places(town: Town) -> Iterator[Place]:
    """Each view once for each class of context that it answers on."""
    lacking = {view["context"] for view, _permission in town.views if not stands(town, view["context"])}
    assert lacking == set(), "not found by walking"
    for view, permission in town.views:
        for stand in stands(town, view["context"]):
            methods = view["request_methods"]
            realm, card = town.realms[stand]
            yield Place(
                town.stands[stand] + view["name"],
                (methods,) if isinstance(methods, str) else tuple(methods),
                permission,
                stand,
                realm,
                card,
            )


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_open_views_are_these(portals: PortalFactory) -> None:
    portal = portals(*MODULES, SPECIMEN)
    config = the_portal.compose(portal.raw)
    config.house.database.engine.dispose()
    found = open_views(config.introspector)
    assert list(found) == OPEN
    assert all(str(reason) for reason in found.values())


@dataclass
class Person:
    name: str
    who: Intruder
    realm: Realm | None
    permissions: frozenset[str] = frozenset()

    def may(self, place: Place) -> bool:
        """What the cards say."""
        if place.permission == OF_EVERYBODY:
            return True
        if self.realm is not place.realm:
            return False
        if place.permission in OF_EMPLOYEES:
            return True
        # every customer may choose among their accounts
        return place.permission in self.permissions or place.url == "/my/"


def people(town: Town) -> Iterator[Person]:
    """A visitor, an employee without and with each role alone, a customer with each scope alone, and a stranger."""
    world, portal = town.world, town.world.portal
    yield Person("visitor", Intruder.in_(portal.browser(), "/sign-in"), None)
    yield Person("nobody", Intruder.in_(portal.employee("nobody@company.example"), "/"), Realm.EMPLOYEES)
    entering = {"people.administrator", "people.supporter", "ops.administrator", "ops.auditor"}
    for card in portal.house.cards:
        for role in card.roles:
            who = Intruder.in_(portal.employee(f"{role.name}@company.example", role.name), "/")
            more = {"ops.enter"} if role.name in entering else set[str]()
            yield Person(role.name, who, Realm.EMPLOYEES, frozenset({*role.permissions, *more}))
    alpha, beta = world.alpha, world.beta
    assert alpha is not None
    assert beta is not None
    for scope in SCOPES:
        who = Intruder.in_(world.buyer(alpha, f"{scope}@alpha.example", scope), "/account/")
        # seeing belongs to every membership
        given = {
            name
            for card in portal.house.cards
            for one in ("view", scope)
            for name in card.scopes.get(one, ())
        }
        yield Person(f"scope {scope}", who, Realm.CUSTOMERS, frozenset(given))
    yield Person(
        "stranger", Intruder.in_(world.buyer(beta, "ben@beta.example"), "/account/"), Realm.CUSTOMERS
    )


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_happens_is_what_the_cards_say(town: Town) -> None:
    everywhere, everybody = list(places(town)), list(people(town))
    assert len(everywhere) > 100
    assert Root not in town.stands
    before = contents(town.world.portal)
    wrong: list[str] = []
    for person in everybody:
        for place in everywhere:
            for method in place.methods:
                status = answer(person, method, place.url)
                if not expected(person, place, method, status):
                    wrong.append(f"{person.name}: {method} {place.url} ({place.permission}) answers {status}")
    assert not wrong, "\n".join(wrong[:20])
    assert contents(town.world.portal) == before


def answer(person: Person, method: str, url: str) -> int:
    browser = person.who.browser
    if method == "GET":
        return int(browser.get(url, expect_errors=True).status_int)
    return int(browser.post(url, {CSRF_FIELD: person.who.token}, expect_errors=True).status_int)


def expected(person: Person, place: Place, method: str, status: int) -> bool:
    if person.realm is None:
        return status == 303
    if not person.may(place):
        return status == (403 if person.realm is Realm.EMPLOYEES else 404)
    # let in: a page, a way on, a "no" of the business, or (employees) nothing of that kind on this very row; a POST
    # without its one-time id does nothing, and one that only works out totals has nothing to say of an empty form
    let_in = {204, 409, 422} if method == "POST" else {200, 303, 409}
    return status in (let_in | {404} if person.realm is Realm.EMPLOYEES else let_in)
