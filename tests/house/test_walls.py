"""Walls between customers, between modules, and around the house: what is not yours is not there, and nothing changes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from house.intruders import Intruder, addresses, contents, forms
from house.world import FOUR_EYES, MODULES, SPECIMEN, World, make_world
from modules.orders.conftest import CLERK
from modules.pages import form_with
from my.divided import NORTH, SOUTH, Divided, make_divided, with_documents

from portal.kernel.db import PUBLIC_ID_LENGTH
from portal.kernel.unit import Unit
from portal.modules.customers import services as customers
from portal.modules.customers.interfaces import CustomerFacts
from portal.modules.customers.services import AddressData
from portal.modules.orders.services import comments
from portal.testing import Browser
from portal.testing.crawler import Crawler
from portal.testing.fixtures import PortalFactory

ASK = re.compile(r"Ask [^.]*\bada\b[^.]* for a role in the module")
HOUSE = (*MODULES, SPECIMEN)
#: The pages of /admin that are for the roles of people.
OF_PEOPLE = tuple(f"/admin/{page}/" for page in ("users", "roles", "access", "view-as"))
PUBLIC_ID = re.compile(rf"/[0-9a-z]{{{PUBLIC_ID_LENGTH}}}(?=/|$)")


@dataclass
class Town:
    """The full house, and what its people can reach."""

    world: World
    alpha: CustomerFacts
    beta: CustomerFacts

    @property
    def mine(self) -> str:
        """The account whose secrets are tried."""
        return f"/my/{self.alpha.public_id}/"

    def own_crawl(self) -> Crawler:
        """What a person of alpha reaches."""
        world = self.world
        world.buyer(self.alpha, "otto@alpha.example", "view")
        return Crawler(world.buyer(self.alpha, "anna@alpha.example"), alike=1).from_("/")


@pytest.fixture
def town(portals: PortalFactory) -> Town:
    world = make_world(portals(*HOUSE, **FOUR_EYES))
    assert world.alpha is not None
    assert world.beta is not None
    world.portal.employee("ada@company.example", "people.administrator")
    return Town(world, world.alpha, world.beta)


def test_what_belongs_to_another_customer_is_not_there(town: Town) -> None:
    crawl = town.own_crawl()
    found, posts = addresses(crawl, [town.mine]), forms(crawl, [town.mine])
    assert len(found) > 15
    assert len(posts) > 8
    other = Intruder.in_(town.world.buyer(town.beta, "ben@beta.example"), "/")
    before = contents(town.world.portal)
    for url in found:
        assert (url, other.get(url).status_int) == (url, 404)
    for url, form in posts.items():
        assert (url, other.post(url, form).status_int) == (url, 404)
    # the same documents below the account that is theirs
    theirs = f"/my/{town.beta.public_id}/"
    foreign = [url for url in {*found, *posts} if names_something(url, town)]
    assert len(foreign) > 10
    for url in foreign:
        moved = theirs + url.removeprefix(town.mine)
        answers = [other.get(moved).status_int]
        if url in posts:
            answers.append(other.post(moved, posts[url]).status_int)
        assert (url, set(answers)) == (url, {404})
    assert contents(town.world.portal) == before


def test_what_belongs_to_another_department_is_not_there(portals: PortalFactory) -> None:
    divided = with_documents(make_divided(portals(*MODULES)))
    busy(divided, NORTH)
    nora = divided.person("nora", NORTH)
    divided.person("nils", NORTH, scopes=("order",))
    crawl = Crawler(nora, alike=1).from_("/")
    found, posts = addresses(crawl, [divided.base]), forms(crawl, [divided.base])
    named = [url for url in {*found, *posts} if names_of(divided, url)]
    assert len(named) > 15
    assert len([url for url in posts if url in named]) > 6
    sven = Intruder.in_(divided.person("sven", SOUTH), "/account/")
    before = contents(divided.portal)
    for url in named:
        assert (url, sven.get(url).status_int) == (url, 404)
        if url in posts:
            assert (url, sven.post(url, posts[url]).status_int) == (url, 404)
    assert contents(divided.portal) == before


def names_of(divided: Divided, url: str) -> bool:
    """Whether an address names a row that is a department's."""
    rest = "/" + url.removeprefix(divided.base)
    goods = (divided.shop.tea.public_id, divided.shop.soap.public_id, divided.shop.advice.public_id)
    return PUBLIC_ID.search(rest) is not None and not any(product in rest for product in goods)


def busy(divided: Divided, name: str) -> None:
    """An order of a department that is partly delivered, invoiced and asked about, and a place of its own."""
    shop = divided.shop
    order = shop.confirmed(department_id=divided.of(name))
    shop.deliver(order, "4")
    invoice = divided.invoice_of(order)
    divided.pay(10_00, {invoice.public_id: 10_00})
    ramp = AddressData("Ramp", "DE", city="Kiel", department=divided.departments[name].public_id)

    def act(unit: Unit) -> None:
        comments.comment(unit, divided.orders[name].id, "Numbat?", visible=True)
        customers.add_address(unit, divided.alpha.id, ramp)

    divided.portal.run(act, CLERK)


def names_something(url: str, town: Town) -> bool:
    """Whether an address names a row of the account, and not a product that everybody may see."""
    rest = "/" + url.removeprefix(town.mine)
    return PUBLIC_ID.search(rest) is not None and not any(product in rest for product in town.world.products)


def test_foreign_ids_in_ones_own_forms(town: Town) -> None:
    world = town.world
    foreign_order = world.orders[town.alpha.number][1]
    other = Intruder.in_(world.buyer(town.beta, "ben@beta.example"), "/")
    own = f"/my/{town.beta.public_id}/"
    clerk = Intruder.in_(world.all_seeing(), "/")
    before = contents(world.portal)
    assert other.get(f"{own}orders/request?order={foreign_order}").status_int == 404
    lines = {"lines-0-product": foreign_order, "lines-0-product-text": "", "lines-0-quantity": "1"}
    assert other.post(f"{own}orders/request", **lines).status_int == 422
    new = f"/orders/new/{town.beta.public_id}/"
    address = {
        "bill_on": "hand",
        "lines-0-product": world.products[0],
        "lines-0-quantity": "1",
        "billing_address": town.alpha.addresses[0].public_id,
    }
    assert clerk.post(new, **address).status_int == 422
    assert contents(world.portal) == before
    # with an address of their own the same form is taken: it was the address that was refused
    taken = clerk.post(new, **{**address, "billing_address": town.beta.addresses[0].public_id})
    assert taken.status_int == 303
    assert contents(world.portal) != before


def test_a_payment_pays_invoices_of_its_customer_only(town: Town) -> None:
    world = town.world
    clerk = Intruder.in_(world.all_seeing(), "/")
    foreign, own = (world.invoices[customer.number][0] for customer in (town.alpha, town.beta))
    url = f"/finance/payments/new?customer={town.beta.public_id}&currency=EUR"
    form = form_with(clerk.get(url), "amount")
    sent = {name: value for name, value in form.submit_fields() if name and not name.startswith("amount-")}
    sent |= {"amount": "10.00", "reference": "Statement 8"}
    before = contents(world.portal)
    assert clerk.post(url, **sent, **{f"amount-{foreign}": "10.00"}).status_int == 422
    assert contents(world.portal) == before
    assert clerk.post(url, **sent, **{f"amount-{own}": "10.00"}).status_int == 303


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_who_has_not_signed_in_is_asked_to(town: Town) -> None:
    own, staff = town.own_crawl(), Crawler(town.world.all_seeing(), alike=1).from_("/")
    places = [*staff_places(town), "/proposals/"]
    visitor = Intruder.in_(town.world.portal.browser(), "/sign-in")
    before = contents(town.world.portal)
    for url in (*addresses(own, [town.mine]), *addresses(staff, places)):
        answer = visitor.get(url)
        assert (url, answer.status_int) == (url, 303)
        assert answer.location == f"http://localhost/sign-in?next={quote(url, safe='')}"
    for url, form in {**forms(own, [town.mine]), **forms(staff, places)}.items():
        answer = visitor.post(url, form)
        assert (url, answer.status_int, "/sign-in" in str(answer.location)) == (url, 303, True)
    assert contents(town.world.portal) == before


def staff_places(town: Town) -> list[str]:
    """Where the employees' modules stand."""
    house = town.world.portal.house
    return ["/admin/", *(f"/{house.segments[name]}/" for name in HOUSE)]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_employees_see_the_modules_they_have_a_role_in(town: Town) -> None:
    world, portal = town.world, town.world.portal
    crawl = Crawler(world.all_seeing(), alike=1).from_("/")
    own = town.own_crawl()
    everywhere = staff_places(town)
    people = {
        name: Intruder.in_(employee_of(town, name), "/") for name in ("", "taxes", "orders", "people", "ops")
    }
    before = contents(portal)
    for name, person in people.items():
        allowed = {
            "people": OF_PEOPLE,
            "ops": tuple(place for place in addresses(crawl, ["/admin/"]) if not place.startswith(OF_PEOPLE)),
        }.get(name, (f"/{portal.house.segments.get(name, '-')}/",))
        for url in addresses(crawl, everywhere):
            if url == "/admin/" or url.startswith(allowed):
                continue
            answer = person.get(url)
            assert (name, url, answer.status_int) == (name, url, 403)
            assert ASK.search(answer.text), url
        for url, form in forms(crawl, everywhere).items():
            if not url.startswith(allowed):
                assert (name, url, person.post(url, form).status_int) == (name, url, 403)
        for url in addresses(own, [town.mine]):
            assert (name, url, person.get(url).status_int) == (name, url, 403)
    assert contents(portal) == before


def employee_of(town: Town, module: str) -> Browser:
    roles = [
        role.name for card in town.world.portal.house.cards if card.name == module for role in card.roles
    ]
    return town.world.portal.employee(f"{module or 'nobody'}-only@company.example", *roles)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_customers_see_nothing_of_the_employees(town: Town) -> None:
    crawl = Crawler(town.world.all_seeing(), alike=1).from_("/")
    places = [*staff_places(town), "/proposals/"]
    customer = Intruder.in_(town.world.buyer(town.alpha, "anna@alpha.example"), "/")
    before = contents(town.world.portal)
    for url in addresses(crawl, places):
        assert (url, customer.get(url).status_int) == (url, 404)
    for url, form in forms(crawl, places).items():
        assert (url, customer.post(url, form).status_int) == (url, 404)
    assert contents(town.world.portal) == before
