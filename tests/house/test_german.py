"""The German house: people who read German find German, on every page that they reach and in their mails."""

from __future__ import annotations

import io
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from house.world import CLERK, MODULES, SPECIMEN, World, draft_order, make_world

from portal.kernel.mail import Address
from portal.kernel.people import Realm
from portal.kernel.unit import Unit
from portal.modules.customers import services as customers
from portal.modules.customers.interfaces import CustomerFacts, ICustomers
from portal.modules.customers.services import ContactData, CustomerData
from portal.modules.orders.services import lifecycle, mailing
from portal.people import services as people
from portal.testing import Browser
from portal.testing.crawler import Crawler, Visit
from portal.testing.fixtures import PortalFactory

ROOT = Path(__file__).parent.parent.parent
CATALOGUES = [
    package / "locale" / "de" / "LC_MESSAGES" / "portal.po"
    for package in (ROOT / "portal", ROOT / "tests" / SPECIMEN)
]
SAID = re.compile(r'\b(?:aria-label|placeholder|title|data-confirm)="([^"]*)"')
#: English words that the world itself holds: typed by people, not said by the portal.
TYPED = {"piece", "Single sign-on", "none"}


@pytest.fixture(scope="module")
def english() -> set[str]:
    """What a page in German does not say: the originals that are no German wordings too, as "Name" and "Position" are."""
    pairs = [
        (one.id, str(one.string))
        for path in CATALOGUES
        for one in read_po(io.BytesIO(path.read_bytes()), locale="de", domain="portal")
        if one.id and isinstance(one.id, str)
    ]
    return {original for original, _ in pairs} - {german for _, german in pairs} - TYPED


@pytest.fixture
def world(portals: PortalFactory) -> World:
    """The full house of a company that speaks German; what people are called and sell stays as it is."""
    return make_world(portals(*MODULES, SPECIMEN, company__language="de"))


def alpha(world: World) -> CustomerFacts:
    assert world.alpha is not None
    return world.alpha


def said(visit: Visit) -> set[str]:
    """The texts of a page, those that only a screen reader or a pointer finds among them."""
    assert visit.reading is not None
    attributes = SAID.findall(visit.response.text)
    return {
        " ".join(text.split())
        for text in (visit.reading.title.split(" · ")[0], *visit.reading.text, *attributes)
    }


def leftovers(crawl: Crawler, english: set[str]) -> set[tuple[str, str]]:
    """Each English text that stands on a page, with the address of one such page."""
    pages = {url: visit for url, visit in crawl.visits.items() if visit.reading is not None}
    assert len(pages) > 10
    return {(text, url) for url, visit in pages.items() for text in said(visit) & english}


def test_an_employee_reads_german_everywhere(world: World, english: set[str]) -> None:
    page = world.all_seeing()
    page.get("/orders/").mustcontain(
        "Aufträge", "Kunden", "Hauptbuch", "Abmelden", "Entwurf", no=["Orders", "Sign out"]
    )
    assert leftovers(Crawler(page, alike=1).from_("/"), english) == set()


def test_a_customer_reads_german_everywhere(world: World, english: set[str]) -> None:
    buyer = world.buyer(alpha(world), "anna@alpha.example")
    home = f"/my/{alpha(world).public_id}/"
    buyer.get(home).mustcontain("Zu zahlen", "Kontoauszug", "Kollegen", no=["To pay", "Statement"])
    assert leftovers(Crawler(buyer, alike=1).from_(home), english) == set()


def test_who_chooses_german_reads_german_from_the_next_page_on(portals: PortalFactory) -> None:
    clerk: Browser = make_world(portals(*MODULES), documents=False).all_seeing()
    clerk.get("/orders/").mustcontain("No orders yet", no="Noch keine Aufträge")
    form = next(one for one in clerk.get("/account/").forms.values() if "language" in one.fields)
    form["language"] = "de"
    form.submit()
    clerk.get("/orders/").mustcontain("Noch keine Aufträge", no="No orders yet")


def test_mails_speak_the_language_of_who_gets_them(portals: PortalFactory, tmp_path: Path) -> None:
    world = make_world(portals(*MODULES), documents=False)
    world.portal.run(lambda unit: write_to_germans(unit, world.products[0]), CLERK)
    world.portal.work()
    invitation, quotation = (
        mail_to(tmp_path, "gerd@company.example"),
        mail_to(tmp_path, "einkauf@gamma.example"),
    )
    assert invitation["Subject"] == "Ihre Einladung in das Portal von Test Trading GmbH"
    assert "Mit diesem Link wählen Sie Ihr Passwort" in invitation.get_content()
    assert re.fullmatch(r"Angebot \S+ von Test Trading GmbH", str(quotation["Subject"]))
    body = quotation.get_body()
    assert body is not None
    assert "im Anhang finden Sie unser Angebot" in body.get_content()
    english = mail_to(tmp_path, "ina@company.example")
    assert english["Subject"] == "Your invitation to the portal of Test Trading GmbH"


def write_to_germans(unit: Unit, product: str) -> None:
    """Invite an employee and send a customer a quotation, both of whom read German."""
    people.invite(unit, Realm.EMPLOYEES, "gerd@company.example", "Gerd", language="de")
    data = CustomerData("Gamma KG", "DE", "EUR", language="de", email="einkauf@gamma.example")
    made = customers.create_customer(unit, data, anyway=True)
    customers.add_contact(unit, made.id, ContactData("Gabi Gamma", email="gabi@gamma.example"))
    gamma = unit.ask(ICustomers).get(made.id)
    sent = lifecycle.send(unit, draft_order(unit, gamma, product).id)
    to = [Address(gamma.name, "einkauf@gamma.example")]
    mailing.send_letter(unit, sent.order, mailing.QUOTATION, sent.document, to, gamma.public_id)


def mail_to(folder: Path, email: str) -> EmailMessage:
    """The one mail that went to this address."""
    mails = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in folder.rglob("*.eml")]
    [found] = [one for one in mails if email in str(one["To"])]
    assert isinstance(found, EmailMessage)
    return found
