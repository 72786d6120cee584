"""No way round the second person: the guard stands in the verbs, and nothing else lifts it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from cli.conftest import CommandLine, write_ini
from modules.orders.conftest import CLERK
from proposals.conftest import MODULES, OfficeFactory, make_office

from portal.modules.orders.services import lifecycle
from portal.ops.agenda import Agenda
from portal.people import services as people
from portal.people.permissions import ADMINISTRATOR
from portal.proposals.intents import NeedsSecond
from portal.testing.fixtures import PortalFactory
from portal.testing.portal import PASSWORD, TestPortal

ROOT = Path(__file__).parents[2]
SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
#: Who may act without a second person: what makes a company up.
LIFTING = [
    "portal/ops/agenda.py",
    "portal/ops/demo.py",
    "portal/ops/further.py",
    "portal/testing/portal.py",
]


def sources() -> dict[str, str]:
    found = sorted((ROOT / "portal").rglob("*.py"))
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in found}


def test_the_guard_is_lifted_where_companies_are_made_up_and_nowhere_else() -> None:
    imported = re.compile(r"from portal\.proposals\.intents import [^\n]*\blifted\b")
    assert [name for name, text in sources().items() if imported.search(text)] == LIFTING
    assert [name for name, text in sources().items() if "_LIFTED" in text] == ["portal/proposals/intents.py"]


def test_only_agreeing_lets_an_act_pass() -> None:
    passing = [name for name, text in sources().items() if re.search(r"\bagreed\(unit, ", text)]
    assert passing == ["portal/proposals/services.py"]


@SQLITE
def test_every_act_that_a_card_declares_is_demanded_by_a_verb(portals: PortalFactory) -> None:
    portal = portals(*MODULES)
    demanded = "\n".join(
        text for name, text in sources().items() if "/services/" in name or name == "portal/people/roles.py"
    )
    acts = set(portal.house.guarded_acts)
    constants = {
        name: constant
        for text in sources().values()
        for constant, name in re.findall(r'^([A-Z_]+_ACT) = "([a-z_.]+)"$', text, re.MULTILINE)
    }
    assert set(constants) == acts == set(portal.house.guards)
    lacking = [
        name
        for name, constant in constants.items()
        if not re.search(rf"demand\(\s*unit,\s*{constant}\b", demanded)
    ]
    assert lacking == []


def test_the_demo_is_made_whatever_the_limits(office: OfficeFactory) -> None:
    there = office(orders__four_eyes__confirm="0")
    order = there.shop.order()
    now = there.portal.clock()
    agenda = Agenda()
    agenda.put(now, CLERK, lambda unit: lifecycle.confirm(unit, order.id))
    agenda.run(there.portal.house, now + timedelta(hours=1))
    assert there.shop.row(order).state == "confirmed"
    assert there.proposals() == []
    another = there.shop.order()
    with pytest.raises(NeedsSecond), there.portal.unit(CLERK) as unit:
        lifecycle.confirm(unit, another.id)


# --- the command line --------------------------------------------------------------------------------------


def command_line(portal: TestPortal, folder: Path) -> CommandLine:
    return CommandLine(write_ini(folder / "portal.ini", portal.raw))


def roles(portal: TestPortal, email: str) -> set[str]:
    with portal.reading() as unit:
        [one] = [one for one in people.list_users(unit) if one.email == email]
        return set(one.roles)


def test_the_command_line_begins_alone_and_then_proposes(portals: PortalFactory, tmp_path: Path) -> None:
    portal = portals(people__four_eyes__grant="true")
    cli = command_line(portal, tmp_path)
    add = ("users", "add", "--password", PASSWORD, "--name")
    both = ("--role", ADMINISTRATOR, "--role", "ops.administrator")
    assert "wait" not in cli(*add, "Ada", "ada@company.example", *both)
    assert roles(portal, "ada@company.example") == {ADMINISTRATOR, "ops.administrator"}
    said = cli(*add, "Bob", "bob@company.example", *both)
    assert "bob@company.example can sign in" in said
    assert "wait for an employee who administers people" in said
    assert roles(portal, "bob@company.example") == set()
    said = cli("users", "grant", "ada@company.example", "ops.auditor")
    assert "wait for an employee" in said
    assert "has ops.auditor" not in said
    assert "ops.auditor" not in roles(portal, "ada@company.example")
    assert "proposed this already" in cli("users", "grant", "ada@company.example", "ops.auditor", status=2)
    cli("users", "revoke", "ada@company.example", "ops.administrator")
    assert roles(portal, "ada@company.example") == {ADMINISTRATOR}
    # what the portal itself proposed takes one employee
    ada = portal.browser()
    ada.sign_in("ada@company.example")
    page = ada.get("/proposals/?state=open")
    assert "Bob" in page
    assert "command line" in page


def test_limits_do_not_disturb_a_house_without_the_module(portals: PortalFactory) -> None:
    portal = portals("taxes", "customers", finance__four_eyes__post="0")
    assert portal.house.limits == {}


def test_what_waits_for_a_module_that_is_gone_waits_on(portals: PortalFactory) -> None:
    there = make_office(portals(*MODULES, orders__four_eyes__confirm="0", people__four_eyes__grant="true"))
    order = there.shop.order()
    clara = there.actor_of("clara", "orders.clerk")
    there.person("berta", "orders.clerk")
    public_id = there.proposes(lambda unit: lifecycle.confirm(unit, order.id), clara)
    smaller = TestPortal(
        {key: value for key, value in there.portal.raw.items() if "orders.four" not in key}
        | {"portal.modules": "taxes customers catalog"}
    )
    try:
        berta = smaller.browser()
        berta.sign_in("berta@company.example")
        berta.get(f"/proposals/{public_id}/", status=404)
        assert "Nothing was proposed" in berta.get("/proposals/")
    finally:
        smaller.close()
    assert there.proposal().state == "open"
