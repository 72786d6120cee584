"""The long run against the walls: one customer's whole account, every address of it tried by others.

`make walls` runs it with 600 orders; the suite with a few. Of what is unique to that customer nothing may stand in any
answer to others: not with both walls, not with either of them away. With both away it does: the run can fail.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest
from house.intruders import Intruder, forms
from house.world import CLERK, MODULES, World, make_world, new_customer
from pypdf import PdfReader
from sqlalchemy import event, text
from webtest import TestResponse

from portal.kernel import request as requests
from portal.kernel import walls
from portal.kernel.people import Identity, Membership, Scope, scope_principal
from portal.kernel.tree import AccountNode
from portal.kernel.unit import Unit
from portal.modules.customers import services as customers
from portal.modules.customers.interfaces import CustomerFacts, ICustomers
from portal.testing import Browser
from portal.testing.crawler import Crawler, PostForm
from portal.testing.fixtures import PortalFactory

ORDERS = int(os.environ.get("PORTAL_WALLS_ORDERS", "8"))
#: The orders that `make walls` asks for, and the addresses that then are tried at least.
MANY, MANY_ADDRESSES = 600, 2000
#: Words that stand in nothing but the rows of the one customer: their name, references, notes, a question, a price.
CANARIES = ("quaggamire", "zorilla", "bandicoot", "numbat", "7,919.37", "7919.37", "7.919,37")
#: Searches that would find them.
SEARCHES = ("quagga", "zoril", "bandi", "numb", "7919")
_NUMBER = re.compile(r"(?:SO|INV)-\d{4}-\d{5}")
_FILTER = re.compile(r"\b\w+\.customer_id = %\(\w+\)s(?:::\w+)?")

pytestmark = [
    pytest.mark.parametrize("backend", ["postgresql"], indirect=True),
    # A statement without its filters reads what was not meant to be read: it may take its time.
    pytest.mark.walls,
]


@dataclass
class Siege:
    """The account, what its people reach, and the others who try it."""

    world: World
    mine: CustomerFacts
    theirs: CustomerFacts
    crawl: Crawler
    numbers: frozenset[str]
    leaks: list[str] = field(default_factory=list[str])
    tried: int = 0
    canaries: tuple[str, ...] = CANARIES

    @property
    def home(self) -> str:
        """Where the account stands."""
        return f"/my/{self.mine.public_id}/"

    def listen(self, who: str, url: str, answer: TestResponse) -> None:
        """Note what an answer tells of the account."""
        self.tried += 1
        said = spoken(answer).lower()
        found = [word for word in self.canaries if word in said]
        found += sorted(self.numbers.intersection(_NUMBER.findall(said.upper())))
        if found:
            self.leaks.append(f"{who} reads {found} at {url}")

    def addresses(self) -> list[str]:
        """Every address of the account that its people reach."""
        return [url for url in self.crawl.visits if url.startswith(self.home)]

    def tried_by(self, who: str, browser: Browser, urls: Iterable[str]) -> None:
        """Ask for addresses as somebody."""
        for url in urls:
            self.listen(who, url, browser.get(url, expect_errors=True))


def spoken(answer: TestResponse) -> str:
    """What an answer says: headers, body, the text of a PDF."""
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    if answer.content_type == "application/pdf":
        pages = PdfReader(io.BytesIO(answer.body)).pages
        return headers + "\n".join(page.extract_text() for page in pages)
    return headers + answer.body.decode("utf-8", "replace")


def fill(world: World, mine: CustomerFacts, department_id: int | None = None) -> frozenset[str]:
    """Quotations, orders and invoices of the account or of a department of it, with canaries in them; returns their numbers."""
    from portal.modules.finance.services import drafting as invoices
    from portal.modules.finance.services import posting, reading
    from portal.modules.finance.services.totals import DraftLine as InvoiceLine
    from portal.modules.orders.services import comments, drafting, lifecycle, own
    from portal.modules.orders.services.drafts import Draft, DraftLine

    def order(unit: Unit, place: int) -> str:
        lines = (
            DraftLine(
                Decimal(1),
                name=f"Bandicoot {place}",
                service=True,
                unit_price=Decimal("7919.37"),
                tax_class="standard",
            ),
            DraftLine(Decimal(2), product=world.products[place % len(world.products)]),
        )
        standard = drafting.standard_draft(unit, mine)
        values: dict[str, Any] = {name: getattr(standard, name) for name in standard.__slots__}
        values |= {
            "lines": lines,
            "customer_reference": f"zorilla-{place}",
            "notes": f"Bandicoot note {place}",
            "department_id": department_id,
        }
        made = drafting.create(unit, mine, Draft(**values))
        lifecycle.send(unit, made.id)
        if place % 5 == 0:
            comments.comment(unit, made.id, "Numbat?", visible=True)
        if place % 4 == 0:
            own.accept(unit, Scope.whole(mine.id), made.public_id, name="Quaggamire", revision=1)
        return made.number

    def invoice(unit: Unit, place: int) -> str:
        lines = (InvoiceLine(f"Bandicoot {place}", Decimal(1), Decimal("7919.37"), "standard", unit="hour"),)
        data = invoices.InvoiceData(
            "EUR", lines, customer_reference=f"zorilla-{place}", department_id=department_id
        )
        draft = reading.find_invoice(unit, invoices.draft_by_hand(unit, mine, data))
        assert draft is not None
        posting.post_invoice(unit, draft)
        return str(draft.number)

    numbers = [
        world.portal.run(lambda unit, place=place: order(unit, place), CLERK) for place in range(ORDERS)
    ]
    numbers += [
        world.portal.run(lambda unit, place=place: invoice(unit, place), CLERK)
        for place in range(ORDERS // 8)
    ]
    return frozenset(numbers)


@pytest.fixture
def siege(portals: PortalFactory) -> Siege:
    world = make_world(portals(*MODULES))
    assert world.beta is not None
    mine = world.portal.run(lambda unit: new_customer(unit, "Quaggamire Trading", "quaggamire"), CLERK)
    numbers = fill(world, mine)
    crawl = Crawler(world.buyer(mine, "anna@quaggamire.example"), alike=60).from_("/")
    return Siege(world, mine, world.beta, crawl, numbers)


@contextmanager
def wall_one_away(siege: Siege, patch: pytest.MonkeyPatch) -> Generator[None]:
    """Everybody is taken for a member of every account, and no query of theirs is narrowed to one."""
    mine = siege.mine
    membership = Identity.membership
    principals = requests.principals
    scopes = frozenset({"view", "order", "manage", "approve", "pay", "statements"})

    def any_membership(identity: Identity, account: str) -> Membership | None:
        found = membership(identity, account)
        if found is None and account == mine.public_id and identity.memberships:
            return replace(
                identity.memberships[0], customer_id=mine.id, account=account, name="", scopes=scopes
            )
        return found

    def more_principals(identity: Identity) -> set[str]:
        return principals(identity) | {scope_principal(mine.id, scope) for scope in scopes}

    def widen(
        _connection: object, _cursor: object, statement: str, parameters: Any, _context: object, _many: bool
    ) -> tuple[str, Any]:
        return (_FILTER.sub("TRUE", statement) if statement.startswith("SELECT") else statement), parameters

    engine = siege.world.portal.house.database.engine
    with patch.context() as away:
        away.setattr(Identity, "membership", any_membership)
        away.setattr(requests, "principals", more_principals)
        event.listen(engine, "before_cursor_execute", widen, retval=True)
        try:
            yield
        finally:
            event.remove(engine, "before_cursor_execute", widen)


def stay_outside(*_said: object) -> None:
    """What a request does that does not take the role."""


@contextmanager
def wall_two_away(patch: pytest.MonkeyPatch) -> Generator[None]:
    """No request takes the customers' role."""
    with patch.context() as away:
        away.setattr(walls, "enter", stay_outside)
        yield


def stored(siege: Siege) -> list[str]:
    """The rows of the account, wherever they stand."""
    names = [name for name in walls_of_customers(siege) if name != "kernel_audit"]
    with siege.world.portal.house.database.engine.connect() as connection:
        return [
            f"{name} {row}"
            for name in names
            for row in sorted(
                map(
                    repr,
                    connection.execute(
                        text(f'SELECT * FROM "{name}" WHERE customer_id = :id'),
                        {"id": siege.mine.id},
                    ),
                )
            )
        ]


def walls_of_customers(siege: Siege) -> list[str]:
    """The tables with customers in them."""
    columns = "SELECT table_name FROM information_schema.columns WHERE column_name = 'customer_id' ORDER BY 1"
    with siege.world.portal.house.database.engine.connect() as connection:
        return list(connection.execute(text(columns)).scalars())


def lay(siege: Siege, name: str, other: Browser, urls: list[str], forms_too: bool = True) -> None:
    """Try the account as a person of another customer: its addresses, those below their own, searches, forms."""
    own = f"/my/{siege.theirs.public_id}/"
    moved = dict.fromkeys(own + url.removeprefix(siege.home) for url in urls)
    siege.tried_by(name, other, urls)
    siege.tried_by(name, other, moved)
    lists = [f"{own}{page}" for page in ("orders/", "orders/csv", "invoices/", "invoices/csv", "catalog/")]
    siege.tried_by(name, other, [f"{page}?q={word}" for page in lists for word in SEARCHES])
    if not forms_too:
        return
    intruder = Intruder.in_(other, "/account/")
    for url, form in list(forms(siege.crawl, [siege.home]).items())[:60]:
        sent = PostForm(form.action, tuple((field, without_canaries(value)) for field, value in form.fields))
        there = own + url.removeprefix(siege.home)
        for address in (url, there):
            siege.listen(name, address, intruder.post(address, sent))


def without_canaries(value: str) -> str:
    """What others would type instead: an answer may repeat what it was sent."""
    return "typed by another" if any(word in value.lower() for word in CANARIES) else value


def test_nothing_of_a_customer_reaches_others(siege: Siege, monkeypatch: pytest.MonkeyPatch) -> None:
    urls = siege.addresses()
    assert [url for url in siege.crawl.visits if siege.crawl.visits[url].response.status_int >= 500] == []
    if ORDERS >= MANY:
        assert len(urls) >= MANY_ADDRESSES
    assert all(
        any(word in spoken(siege.crawl.visits[u].response).lower() for u in urls) for word in CANARIES[:5]
    )
    world = siege.world
    other = world.buyer(siege.theirs, "ben@beta.example")
    before = stored(siege)
    assert len(before) > ORDERS

    lay(siege, "another customer", other, urls)
    siege.tried_by("nobody", world.portal.browser(), urls)
    siege.tried_by("an employee without the module", world.portal.employee("nobody@company.example"), urls)
    with wall_two_away(monkeypatch):
        lay(siege, "another customer, wall two away,", other, urls)
    with wall_one_away(siege, monkeypatch):
        lay(siege, "another customer, wall one away,", other, urls)
    assert siege.leaks == []
    assert stored(siege) == before
    print(f"{len(urls)} addresses, {siege.tried} answers, nothing of the account in any")  # noqa: T201 - for `make walls -s`

    with wall_one_away(siege, monkeypatch), wall_two_away(monkeypatch):
        lay(siege, "another customer, both walls away,", other, urls[:100], forms_too=False)
    assert len(siege.leaks) > 30


# --- a colleague of another department ---------------------------------------------------------------------


@pytest.fixture
def divided(portals: PortalFactory) -> Siege:
    """An account whose documents are all of one of its two departments, as somebody of the whole account reaches them."""
    world = make_world(portals(*MODULES))
    assert world.beta is not None
    portal = world.portal
    mine = portal.run(lambda unit: new_customer(unit, "Quaggamire Trading", "quaggamire"), CLERK)

    def divide(unit: Unit) -> None:
        for name in ("North", "South"):
            customers.add_department(unit, mine.id, customers.DepartmentData(name))

    portal.run(divide, CLERK)
    with portal.reading() as unit:
        mine = unit.ask(ICustomers).get(mine.id)
    numbers = fill(world, mine, mine.departments[0].id)
    crawl = Crawler(world.buyer(mine, "anna@quaggamire.example"), alike=60).from_("/")
    # The name is that of all colleagues.
    return Siege(world, mine, world.beta, crawl, numbers, canaries=CANARIES[1:])


@contextmanager
def scope_away(patch: pytest.MonkeyPatch) -> Generator[None]:
    """Everybody is taken for somebody of the whole account, by all that the portal asks itself."""
    with patch.context() as away:
        away.setattr(AccountNode, "scope", property(lambda node: Scope.whole(node.customer_id)))
        yield


def besiege(siege: Siege, name: str, colleague: Browser, urls: list[str], forms_too: bool = True) -> None:
    """Try the account as a colleague of the other department: its addresses, searches, forms."""
    siege.tried_by(name, colleague, urls)
    lists = [
        f"{siege.home}{page}"
        for page in ("", "orders/", "orders/csv", "invoices/", "invoices/csv", "statement/")
    ]
    siege.tried_by(name, colleague, lists)
    siege.tried_by(name, colleague, [f"{page}?q={word}" for page in lists[1:5] for word in SEARCHES])
    if not forms_too:
        return
    intruder = Intruder.in_(colleague, "/account/")
    for url, form in list(forms(siege.crawl, [siege.home]).items())[:60]:
        sent = PostForm(form.action, tuple((field, without_canaries(value)) for field, value in form.fields))
        siege.listen(name, url, intruder.post(url, sent))


def test_nothing_of_a_department_reaches_a_colleague_of_another(
    divided: Siege, monkeypatch: pytest.MonkeyPatch
) -> None:
    siege, mine = divided, divided.mine
    urls = siege.addresses()
    assert any("/statement/" in url for url in urls)
    assert all(
        any(word in spoken(siege.crawl.visits[u].response).lower() for u in urls) for word in CANARIES[1:5]
    )
    colleague = siege.world.portal.customer(
        "ben@quaggamire.example",
        mine.id,
        mine.public_id,
        mine.name,
        *("view", "order", "approve", "pay", "statements"),
        departments=[mine.departments[1].id],
    )
    before = stored(siege)
    assert len(before) > ORDERS

    besiege(siege, "a colleague", colleague, urls)
    with wall_two_away(monkeypatch):
        besiege(siege, "a colleague, wall two away,", colleague, urls)
    with scope_away(monkeypatch):
        besiege(siege, "a colleague, wall one away,", colleague, urls)
    assert siege.leaks == []
    # They may ask for something of their own; nothing that was there is another than before.
    assert set(before) <= set(stored(siege))
    print(f"{len(urls)} addresses, {siege.tried} answers, nothing of the department in any")  # noqa: T201 - for `make walls -s`

    with scope_away(monkeypatch), wall_two_away(monkeypatch):
        besiege(siege, "a colleague, both walls away,", colleague, urls[:100], forms_too=False)
    assert len(siege.leaks) > 30
