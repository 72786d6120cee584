"""The full house behind a real server, and people in Chromium whose every page is examined."""

from __future__ import annotations

import email
import email.policy
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from house.world import MODULES, World, make_world
from sqlalchemy import text
from webtest.http import StopableWSGIServer

from portal.kernel.people import SCOPES, Realm
from portal.people import services as people
from portal.testing import TestPortal
from portal.testing.fixtures import PortalFactory
from portal.testing.portal import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from portal.modules.customers.interfaces import CustomerFacts

AXE = (Path(__file__).parent.parent / "web/vendor/axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BREACHES = """
  window.breaches = [];
  document.addEventListener("securitypolicyviolation", (event) => window.breaches.push(event.violatedDirective));
"""
ROLES = ("orders.manager", "orders.clerk", "customers.clerk", "catalog.reader", "finance.accountant")


@dataclass
class Person:
    """Somebody at a browser. `look` is to be called on each page: it examines it, and takes a picture of what is wrong."""

    page: Page
    address: str
    pictures: Path
    name: str
    complaints: list[str]
    seen: list[str] = field(default_factory=list[str])

    def go(self, path: str, picture: str) -> None:
        """Open an address and look at it."""
        self.page.goto(self.address + path)
        self.look(picture)

    def click(self, name: str, picture: str, *, role: Any = "link", exact: bool = True) -> None:
        """Click in the page's content what leads to another page, and look at that."""
        with self.page.expect_event("domcontentloaded"):
            self.page.locator("main").get_by_role(role, name=name, exact=exact).first.click()
        self.look(picture)

    def press(self, name: str, picture: str) -> None:
        """Click a button that sends a form."""
        self.click(name, picture, role="button")

    def type(self, **typed: str) -> None:
        """Type into fields of the page, by their names."""
        for name, value in typed.items():
            self.page.locator(f"main [name='{name}']").fill(value)

    def another_tab(self) -> Person:
        """The same person before another tab of the same browser."""
        return replace(self, page=self.page.context.new_page())

    def path(self) -> str:
        """Where one is, without the portal's own address."""
        return self.page.url.removeprefix(self.address)

    def says(self) -> str:
        """What the page's content says."""
        return self.page.locator("main").inner_text()

    def sign_in(self, email: str, password: str = PASSWORD, picture: str = "after-sign-in") -> None:
        """Fill in the sign-in page that one stands before."""
        self.type(email=email, password=password)
        self.press("Sign in", picture)

    def sign_out(self) -> None:
        """By the menu that bears one's name."""
        self.page.locator("[popovertarget=user-menu]:visible").click()
        with self.page.expect_navigation():
            self.page.locator("#user-menu").get_by_role("button", name="Sign out").click()

    def look(self, picture: str) -> None:
        """No breach of the content policy, nothing wider than the screen, nothing that axe-core objects to."""
        self.page.wait_for_load_state()
        self.seen.append(self.page.url)
        found = [f"content policy: {breach}" for breach in self.page.evaluate("window.breaches")]
        if self.page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
            found.append("wider than the screen")
        self.page.evaluate(f"{AXE}; 0")
        rules = self.page.evaluate("tags => axe.run(document, { runOnly: tags })", RULES)["violations"]
        found += [f"{rule['id']}: {node['html']}" for rule in rules for node in rule["nodes"]]
        if found:
            name = f"{len(self.seen):02}-{self.name}-{picture}.png"
            self.page.screenshot(path=self.pictures / name, full_page=True)
        self.complaints += [f"{picture} {self.page.url}: {complaint}" for complaint in found]


def newcomer(chromium: Browser, width: int, scheme: str = "light") -> Page:
    """An empty page in a browser of its own, which notes breaches of the content policy; a script error is a failure."""
    context = chromium.new_context(
        viewport={"width": width, "height": 860},
        color_scheme=scheme,  # type: ignore[arg-type]
        locale="en-GB",
    )
    context.set_default_timeout(15_000)
    context.add_init_script(BREACHES)
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"script error: {error}"))
    return page


@dataclass
class Served:
    """A portal at an address, with the customers and products that are in it."""

    portal: TestPortal
    address: str
    chromium: Browser
    pictures: Path
    world: World
    complaints: list[str] = field(default_factory=list[str])
    contexts: list[BrowserContext] = field(default_factory=list["BrowserContext"])

    @property
    def alpha(self) -> CustomerFacts:
        """The customer that Anna buys for."""
        assert self.world.alpha is not None
        return self.world.alpha

    @property
    def my(self) -> str:
        """Where Anna's account stands."""
        return f"/my/{self.alpha.public_id}/"

    def visitor(self, name: str, width: int, scheme: str = "light") -> Person:
        """Somebody who has opened nothing yet."""
        page = newcomer(self.chromium, width, scheme)
        self.contexts.append(page.context)
        return Person(page, self.address, self.pictures, name, self.complaints)

    def person(self, name: str, email: str, realm: Realm, width: int, scheme: str = "light") -> Person:
        """Somebody who signs in through the page."""
        person = self.visitor(name, width, scheme)
        person.go("/sign-in", "sign-in")
        if realm is Realm.CUSTOMERS:
            person.click("Customers", "sign-in")
        person.sign_in(email, picture="home")
        return person

    def letter(self, address: str, place: str) -> str:
        """The path of the link below a place in the newest mail to somebody; what waits to be sent is sent first."""
        self.portal.work()
        with self.portal.reading() as unit:
            sent = unit.db.execute(text("SELECT public_id, recipient FROM ops_mail ORDER BY id DESC")).all()
        name = next(row.public_id for row in sent if address in row.recipient)
        file = Path(self.portal.raw["portal.mail.folder"]) / f"{name}.eml"
        message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        body = message.get_body(("plain",))
        assert body is not None
        return str(re.findall(rf"{re.escape(self.address)}({place}\S+)", body.get_content())[0])

    def one(self, sql: str, **values: Any) -> Any:
        """The one value that is stored."""
        with self.portal.reading() as unit:
            return unit.db.execute(text(sql), values).scalar_one()


@pytest.fixture
def backend() -> str:
    """Browsers see the same on both databases; one is enough."""
    return "sqlite"


@pytest.fixture
def port() -> int:
    """A free port of this machine: the address in the ini is that of passkeys, of links in mails, of the way back."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def at(port: int) -> str:
    """The address of the portal."""
    return f"http://localhost:{port}"


@pytest.fixture
def listen(chromium: Browser, tmp_path: Path, port: int, at: str) -> Iterator[Callable[..., Served]]:
    """`listen(portal)` serves a portal at its address until the end of the test."""
    begun: list[tuple[Any, Served]] = []

    def begin(portal: TestPortal, world: World | None = None) -> Served:
        server = StopableWSGIServer.create(portal.router, host="127.0.0.1", port=port)
        served = Served(portal, at, chromium, tmp_path, world or World(portal))
        begun.append((server, served))
        return served

    yield begin
    for server, served in begun:
        for context in served.contexts:
            context.close()
        server.shutdown()


@pytest.fixture
def serve(portals: PortalFactory, at: str, listen: Callable[..., Served]) -> Callable[..., Served]:
    """`serve(people__document_links="true")` serves a fresh house with customers and products, a clerk and a buyer."""

    def start(**settings: str) -> Served:
        world = make_world(portals(*MODULES, base_url=at, **settings), documents=False)
        alpha = world.alpha
        assert alpha is not None
        with world.portal.unit() as unit:
            clara = people.add_user(
                unit, Realm.EMPLOYEES, "clara@company.example", "Clara Clerk", password=PASSWORD
            )
            for role in ROLES:
                people.grant(unit, clara, role)
            anna = people.add_user(
                unit, Realm.CUSTOMERS, "anna@alpha.example", "Anna Alpha", password=PASSWORD
            )
            people.add_membership(unit, anna, alpha.id, alpha.public_id, alpha.name, tuple(SCOPES))
        return listen(world.portal, world)

    return start
