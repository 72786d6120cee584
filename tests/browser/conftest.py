"""The full house behind a real server, and people in Chromium whose every page is examined."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from house.world import MODULES, World, make_world
from webtest.http import StopableWSGIServer

from portal.kernel.people import SCOPES, Realm
from portal.people import services as people
from portal.testing.fixtures import PortalFactory
from portal.testing.portal import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

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
        before = self.page.evaluate("performance.timeOrigin")
        self.page.locator("main").get_by_role(role, name=name, exact=exact).first.click()
        self.page.wait_for_function(f"performance.timeOrigin !== {before}")
        self.look(picture)

    def press(self, name: str, picture: str) -> None:
        """Click a button that sends a form."""
        self.click(name, picture, role="button")

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


@dataclass
class Served:
    """The house at an address."""

    world: World
    address: str
    chromium: Browser
    pictures: Path
    complaints: list[str] = field(default_factory=list[str])
    contexts: list[BrowserContext] = field(default_factory=list["BrowserContext"])

    def person(self, name: str, email: str, realm: Realm, width: int, scheme: str) -> Person:
        """Somebody who signs in through the page."""
        context = self.chromium.new_context(
            viewport={"width": width, "height": 860},
            color_scheme=scheme,
            locale="en-GB",  # type: ignore[arg-type]
        )
        context.set_default_timeout(15_000)
        context.add_init_script(BREACHES)
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(f"script error: {error}"))
        person = Person(page, self.address, self.pictures, name, self.complaints)
        person.go("/sign-in", "sign-in")
        if realm is Realm.CUSTOMERS:
            person.click("Customers", "sign-in")
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password").fill(PASSWORD)
        person.press("Sign in", "home")
        return person


@pytest.fixture
def backend() -> str:
    """Browsers see the same on both databases; one is enough."""
    return "sqlite"


@pytest.fixture
def serve(portals: PortalFactory, chromium: Browser, tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Serve a fresh house with customers and products, and these settings, on a port of this machine."""
    servers: list[tuple[Any, Served]] = []

    def start(**settings: str) -> Served:
        world = make_world(portals(*MODULES, **settings), documents=False)
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
        server = StopableWSGIServer.create(world.portal.router)
        served = Served(world, f"http://127.0.0.1:{server.effective_port}", chromium, tmp_path)
        servers.append((server, served))
        return served

    yield start
    for server, served in servers:
        for context in served.contexts:
            context.close()
        server.shutdown()
