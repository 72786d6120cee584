"""Orders above the limit: proposed by one, confirmed by another, and never by one alone."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from modules.orders.conftest import Shop, make_shop
from modules.pages import form_to
from modules.racing import behind
from proposals.conftest import MODULES, Office, OfficeFactory, agree_to, decline, everything, make_office

from portal.kernel.errors import Conflict, Refused
from portal.kernel.events import Hold, Warn
from portal.kernel.people import SYSTEM, Actor, Realm
from portal.kernel.unit import Unit
from portal.modules.orders.events import OrderConfirming
from portal.modules.orders.services import editing, lifecycle
from portal.modules.orders.services.drafting import Created, draft_of
from portal.modules.orders.services.drafts import DraftLine
from portal.modules.orders.services.reading import lines_of, lock
from portal.modules.taxes import services as taxes
from portal.people import api_tokens
from portal.people import services as people
from portal.people.models import User
from portal.proposals import services
from portal.proposals.intents import NeedsSecond
from portal.testing.fixtures import PortalFactory
from portal.testing.portal import Browser

#: What the default order of the shop comes to, tax included.
TOTAL = "255.85"


def confirm(browser: Browser, order: Created) -> Any:
    return form_to(browser.get(f"/orders/{order.public_id}/"), "confirm").submit()


def proposed(office: Office, order: Created, by: str = "clara") -> str:
    """The page of the proposal that somebody makes by confirming."""
    answer = confirm(office.person(by, "orders.clerk"), order)
    assert answer.status_int == 303
    return answer.location.removeprefix("http://localhost")


def note(unit: Unit, order: Created, text: str) -> None:
    """Change something of a draft."""
    row = lock(unit, order.id)
    draft = draft_of(row, lines_of(unit.db, order.id))
    fields = editing.fields_of(draft)
    sent = editing.Written(
        {**fields, "notes": text}, [line.key for line in draft.lines if line.key is not None]
    )
    editing.save(unit, order.id, sent, fields)


def timeline(office: Office, order: Created) -> list[tuple[str, str, str]]:
    rows = office.shop.rows(
        "SELECT action, actor, text FROM orders_event WHERE order_id = :id ORDER BY id", id=order.id
    )
    return [(row.action, row.actor, row.text) for row in rows]


def test_above_the_limit_a_second_person_confirms(office: OfficeFactory) -> None:
    there = office(orders__four_eyes__confirm="255.84")
    order = there.shop.order()
    url = proposed(there, order)
    assert there.shop.row(order).state == "quotation"
    assert there.shop.rows("SELECT 1 FROM ops_document") == []
    clara, berta = there.person("clara"), there.person("berta", "orders.manager")
    page = clara.get(url)
    assert "Waits for a second person" in page
    assert "this waits for a second person" in page.html.select_one(".toasts").text
    assert [form.action for form in page.forms.values() if "proposals" in form.action] == [f"{url}withdraw"]
    assert "proposed by clara" in clara.get(f"/orders/{order.public_id}/").html.select_one(".panel").text

    home = berta.get("/").html
    assert order.number in home.select_one(".cards").text
    assert home.select_one(".nav-entry[href='/proposals/?state=open'] .nav-count").text == "1"
    assert clara.get("/").html.select_one(".nav-count") is None
    page = berta.get(url)
    assert "€255.85" in page.html.select_one(".subtitle").text
    assert page.html.find("a", href=f"/orders/{order.public_id}/") is not None
    done = agree_to(berta, url).follow()
    assert "Agreed and done." in done
    assert there.shop.row(order).state == "confirmed"
    assert timeline(there, order) == [
        ("propose", "clara", ""),
        ("confirm", "berta", ""),
        ("agree", "berta", "clara"),
    ]
    row = there.proposal()
    assert (row.state, row.proposed_by, row.decided_by) == ("agreed", "clara", "berta")
    assert (row.outcome_kind, row.outcome) == ("orders.order", order.public_id)
    [(by, detail, public_id)] = there.logged("proposal_agreed")
    assert (by, public_id) == ("berta", row.public_id)
    assert json.loads(detail)["values"]["proposed_by"] == "clara"
    assert [one.actor_name for one in there.logged("act_proposed")] == ["clara"]
    assert berta.get("/").html.select_one(".nav-count") is None
    assert "agreed to by berta" in clara.get(f"/orders/{order.public_id}/")


def test_customers_do_not_see_who_had_to_agree(office: OfficeFactory) -> None:
    there = office(orders__four_eyes__confirm="0")
    order = there.shop.order()
    agree_to(there.person("berta", "orders.manager"), proposed(there, order))
    page = there.shop.buyer().get(f"/my/{there.shop.alpha.public_id}/orders/{order.public_id}/")
    assert "Order confirmed" in page
    assert "second person" not in page
    assert "clara" not in page


@pytest.mark.parametrize(
    ("limit", "state"), [(TOTAL, "confirmed"), ("255.84", "quotation"), ("0", "quotation"), ("", "confirmed")]
)
def test_the_limit_itself_is_within_the_limit(office: OfficeFactory, limit: str, state: str) -> None:
    there = office(orders__four_eyes__confirm=limit)
    order = there.shop.order()
    confirm(there.person("clara", "orders.clerk"), order)
    assert there.shop.row(order).state == state
    assert len(there.proposals()) == (state == "quotation")


def test_nobody_agrees_to_their_own(office: OfficeFactory) -> None:
    there = office(orders__four_eyes__confirm="1")
    order = there.shop.order()
    url = proposed(there, order)
    clara = there.person("clara")
    token = clara.get(url).forms[0]["csrf_token"].value
    sent = {"csrf_token": token, "_operation": "x" * 20}
    assert clara.post(f"{url}agree", sent, status=422).html.select_one("[role=alert]").text.strip() == (
        "Nobody decides on what they proposed themselves."
    )
    # neither with more roles, nor after having lost and regained them
    with there.portal.unit() as unit:
        user = people.find_user(unit, Realm.EMPLOYEES, "clara@company.example")
        assert user is not None
        people.revoke(unit, user, "orders.clerk")
        people.grant(unit, user, "orders.manager")
        people.grant(unit, user, "orders.clerk")
    clara.post(f"{url}agree", {**sent, "_operation": "y" * 20}, status=422)
    clara.post(f"{url}decline", {**sent, "reason": "no", "_operation": "z" * 20}, status=422)
    # nor by a mapped name, an e-mail, or as the portal itself
    own = there.actor("clara")
    for actor in (own, Actor("employee", "Somebody else", own.user_id), Actor("customer", "x", 99), SYSTEM):
        with pytest.raises(Refused), there.portal.unit(actor) as unit:
            services.agree(unit, there.proposal().public_id, everything)
    assert (there.proposal().state, there.shop.row(order).state) == ("open", "quotation")


def test_the_database_knows_that_it_takes_two(office: OfficeFactory) -> None:
    there = office(orders__four_eyes__confirm="1")
    proposed(there, there.shop.order())
    for decided in ("proposed_user_id", "NULL"):
        with pytest.raises(Exception, match="second"), there.portal.unit() as unit:
            unit.db.connection().exec_driver_sql(
                "UPDATE proposals_proposal SET state = 'agreed', decided_at = proposed_at,"
                f" decided_user_id = {decided}"
            )
    assert there.proposal().state == "open"


def test_whoever_lost_the_right_does_not_decide(office: OfficeFactory) -> None:
    there = office(orders__four_eyes__confirm="1")
    order = there.shop.order()
    url = proposed(there, order)
    berta = there.person("berta", "orders.manager")
    form = form_to(berta.get(url), "agree")
    with there.portal.unit() as unit:
        user = people.find_user(unit, Realm.EMPLOYEES, "berta@company.example")
        assert user is not None
        people.revoke(unit, user, "orders.manager")
    form.submit(status=404)
    berta.get(url, status=404)
    assert "/proposals/" not in berta.get("/")
    reader = there.person("rita", "orders.reader", "finance.controller")
    reader.get(url, status=404)
    page = reader.get(f"/orders/{order.public_id}/")
    assert "proposed by clara" in page
    assert url not in page
    with pytest.raises(Refused, match="has the right"), there.portal.unit(there.actor("rita")) as unit:
        services.agree(unit, there.proposal().public_id, lambda _module, _permission: False)
    assert (there.proposal().state, there.shop.row(order).state) == ("open", "quotation")


def test_what_the_ini_demands_of_a_module_holds_for_deciding(office: OfficeFactory) -> None:
    there = office(orders__four_eyes__confirm="1", orders__require_mfa="true")
    order = there.shop.order()
    clara = there.actor_of("clara", "orders.clerk")
    there.proposes(lambda unit: lifecycle.confirm(unit, order.id), clara)
    url = f"/proposals/{there.proposal().public_id}/"
    there.person("berta", "orders.manager").get(url, status=404)
    app = there.portal.enrol_totp("berta@company.example")
    browser = there.portal.browser()
    browser.sign_in("berta@company.example")
    browser.show_code(app.code())
    agree_to(browser, url)
    assert there.shop.row(order).state == "confirmed"


def test_nobody_decides_by_looking_as_another_or_by_a_token(office: OfficeFactory) -> None:
    there = office(orders__four_eyes__confirm="1")
    order = there.shop.order()
    url = proposed(there, order)
    there.person("berta", "orders.manager")
    viewer = there.person("vera", "people.supporter")
    form = viewer.get(f"/admin/view-as/{public_id(there, 'berta')}/").forms["view-as"]
    form["reason"] = "helping"
    form.submit(status=303)
    page = viewer.get(url)
    assert "Your decision" in page
    viewer.post(f"{url}agree", {"csrf_token": token_of(page), "_operation": "x" * 20}, status=(403, 404))
    made = there.portal.run(lambda unit: token(unit, there.actor("berta")))
    robot = there.portal.browser()
    head = {"Authorization": f"Bearer {made}"}
    robot.get(url, headers=head, status=(403, 404))
    robot.post(f"{url}agree", {"_operation": "z" * 20}, headers=head, status=(403, 404))
    assert (there.proposal().state, there.shop.row(order).state) == ("open", "quotation")
    # what a program does above the limit is proposed in the name of its owner, who does not agree to it
    another = there.shop.order()
    sent = {"_operation": "w" * 20, "version": "1"}
    robot.post(f"/orders/{another.public_id}/confirm", sent, headers=head, status=303)
    assert there.shop.row(another).state == "quotation"
    assert there.proposal().proposed_by == "berta"
    assert there.proposal().proposed_user_id == there.actor("berta").user_id


def token(unit: Unit, owner: Actor) -> str:
    return api_tokens.create(
        unit,
        unit.db.get_one(User, owner.user_id),
        name="robot",
        permissions=("orders.view", "orders.confirm"),
        account="",
        expires_on=date(2026, 12, 31),
        operation="x" * 16,
    )


def public_id(there: Office, name: str) -> str:
    with there.portal.reading() as unit:
        user = people.find_user(unit, Realm.EMPLOYEES, f"{name}@company.example")
        assert user is not None
        return user.public_id


def token_of(page: Any) -> str:
    return next(iter(page.forms.values()))["csrf_token"].value


def test_what_changed_meanwhile_lapses(office: OfficeFactory) -> None:
    there = office(orders__four_eyes__confirm="1")
    order = there.shop.order()
    url = proposed(there, order)
    berta = there.person("berta", "orders.manager")
    stale = form_to(berta.get(url), "agree")
    there.portal.run(lambda unit: note(unit, order, "Bring it to the back door"))
    page = berta.get(url)
    assert "has changed since" in page
    assert not any(form.action.endswith("agree") for form in page.forms.values())
    answer = stale.submit(status=303).follow()
    assert "Nothing was done" in answer
    row = there.proposal()
    assert (row.state, row.reason) == ("lapsed", "What was proposed has changed since.")
    assert "What was proposed has changed since." in answer
    assert there.shop.row(order).state == "quotation"
    assert len(there.logged("proposal_lapsed")) == 1
    # and can be proposed anew
    agree_to(berta, proposed(there, order))
    assert there.shop.row(order).state == "confirmed"


def test_a_job_lets_lapse_what_nobody_can_agree_to(office: OfficeFactory) -> None:
    there = office(orders__four_eyes__confirm="1")
    kept, changed = there.shop.order(), there.shop.order()
    proposed(there, kept)
    proposed(there, changed)
    there.portal.run(lambda unit: note(unit, changed, "another"))
    there.portal.run(services.lapse_outdated)
    assert [one.state for one in there.proposals()] == ["open", "lapsed"]


def test_the_same_is_proposed_once(office: OfficeFactory) -> None:
    there = office(orders__four_eyes__confirm="1")
    order = there.shop.order()
    proposed(there, order)
    berta = there.person("berta", "orders.manager")
    answer = form_to(berta.get(f"/orders/{order.public_id}/"), "confirm").submit(status=422)
    assert "clara has proposed this already, and it waits." in answer
    assert [one.state for one in there.proposals()] == ["open"]
    # after a change a new proposal takes the place of the old one
    there.portal.run(lambda unit: note(unit, order, "other words"))
    assert confirm(berta, order).status_int == 303
    assert [(one.state, one.proposed_by) for one in there.proposals()] == [
        ("lapsed", "clara"),
        ("open", "berta"),
    ]


def test_a_form_that_is_sent_twice_proposes_once(office: OfficeFactory) -> None:
    there = office(orders__four_eyes__confirm="1")
    order = there.shop.order()
    form = form_to(there.person("clara", "orders.clerk").get(f"/orders/{order.public_id}/"), "confirm")
    first, second = form.submit(status=303), form.submit(status=303)
    assert first.location == second.location
    assert len(there.proposals()) == 1


def test_declining_needs_a_reason_and_leaves_the_order(office: OfficeFactory) -> None:
    there = office(orders__four_eyes__confirm="1")
    order = there.shop.order()
    url = proposed(there, order)
    berta = there.person("berta", "orders.manager")
    decline(berta, url, "", status=422)
    assert there.proposal().state == "open"
    decline(berta, url, "Too much at once")
    row = there.proposal()
    assert (row.state, row.reason, row.decided_by) == ("declined", "Too much at once", "berta")
    assert there.shop.row(order).state == "quotation"
    assert timeline(there, order)[-1] == ("decline-proposal", "berta", "Too much at once")
    assert "Too much at once" in there.person("clara").get(url)
    with pytest.raises(Conflict), there.portal.unit(there.actor("berta")) as unit:
        services.agree(unit, row.public_id, everything)
    assert there.shop.row(order).state == "quotation"


def test_only_who_proposed_withdraws(office: OfficeFactory) -> None:
    there = office(orders__four_eyes__confirm="1")
    order = there.shop.order()
    url = proposed(there, order)
    there.person("berta", "orders.manager")
    with pytest.raises(Refused, match="takes it back"), there.portal.unit(there.actor("berta")) as unit:
        services.withdraw(unit, there.proposal().public_id)
    assert there.proposal().state == "open"
    form_to(there.person("clara").get(url), "withdraw").submit(status=303)
    assert (there.proposal().state, there.shop.row(order).state) == ("withdrawn", "quotation")
    with pytest.raises(Conflict), there.portal.unit(there.actor("berta")) as unit:
        services.agree(unit, there.proposal().public_id, everything)


# --- votes -------------------------------------------------------------------------------------------------


def test_votes_are_taken_again_with_the_rights_of_who_agrees(portals: PortalFactory) -> None:
    there = make_office(portals(*MODULES, orders__four_eyes__confirm="1"))
    verdicts: list[Any] = []

    def objects(_question: OrderConfirming, _unit: Unit) -> Any:
        return verdicts[0] if verdicts else None

    there.portal.house.subscribers.setdefault(OrderConfirming, []).append(objects)
    clara, berta = there.actor_of("clara", "orders.clerk"), there.actor_of("berta", "orders.clerk")
    order = there.shop.order()
    verdicts.append(Hold("orders", "beyond the credit", "orders.release"))
    key = objection(there, order)
    there.proposes(lambda unit: lifecycle.confirm(unit, order.id, passed=[key], allowed=everything), clara)

    def may_not_release(_module: str, permission: str) -> bool:
        return permission != "orders.release"

    with pytest.raises(Refused, match="not yours to release"):
        there.agrees(there.proposal().public_id, berta, may_not_release)
    assert (there.proposal().state, there.shop.row(order).state) == ("open", "quotation")
    verdicts[0] = Warn("orders", "another concern")
    with pytest.raises(Refused, match="not passed over"):
        there.agrees(there.proposal().public_id, berta)
    assert there.shop.row(order).state == "quotation"
    verdicts[0] = Hold("orders", "beyond the credit", "orders.release")
    there.agrees(there.proposal().public_id, berta)
    assert there.shop.row(order).state == "confirmed"
    assert "pass-over" in [action for action, _actor, _text in timeline(there, order)]


def objection(there: Office, order: Created) -> str:
    from portal.modules.orders.services.objections import Objected

    with pytest.raises(Objected) as caught, there.portal.unit() as unit:
        lifecycle.confirm(unit, order.id, allowed=everything)
    [one] = caught.value.objections
    return one.key


# --- the portal itself -------------------------------------------------------------------------------------


def test_the_portal_itself_proposes_and_one_employee_agrees(office: OfficeFactory) -> None:
    there = office(orders__four_eyes__confirm="255.84", orders__confirm_accepted="auto")
    order = there.shop.sent()
    there.portal.run(
        lambda unit: lifecycle.record_acceptance(unit, order.id, lifecycle.Acceptance("Otto")), SYSTEM
    )
    there.portal.work()
    assert there.shop.row(order).state == "accepted"
    row = there.proposal()
    assert (row.state, row.proposed_by, row.proposed_user_id) == ("open", "system", None)
    assert timeline(there, order)[-1] == ("propose", "system", "")
    agree_to(there.person("clara", "orders.clerk"), f"/proposals/{row.public_id}/")
    assert there.shop.row(order).state == "confirmed"


def test_below_the_limit_the_portal_confirms_by_itself(office: OfficeFactory) -> None:
    there = office(orders__four_eyes__confirm=TOTAL, orders__confirm_accepted="auto")
    order = there.shop.sent()
    there.portal.run(
        lambda unit: lifecycle.record_acceptance(unit, order.id, lifecycle.Acceptance("Otto")), SYSTEM
    )
    there.portal.work()
    assert there.shop.row(order).state == "confirmed"
    assert there.proposals() == []


# --- at one moment -----------------------------------------------------------------------------------------


def test_of_two_who_agree_at_once_one_confirms(office: OfficeFactory) -> None:
    there = office(orders__four_eyes__confirm="1")
    order = there.shop.order()
    clara = there.actor_of("clara", "orders.clerk")
    public = there.proposes(lambda unit: lifecycle.confirm(unit, order.id), clara)
    actors = [there.actor_of(name, "orders.manager") for name in ("berta", "bruno", "boris")]
    start = Barrier(len(actors))

    def act(actor: Actor) -> str:
        start.wait()
        try:
            return there.agrees(public, actor).state
        except Refused:
            return "refused"

    with ThreadPoolExecutor(len(actors)) as pool:
        assert sorted(pool.map(act, actors)) == ["agreed", "refused", "refused"]
    assert there.shop.row(order).state == "confirmed"
    assert len([one for one in timeline(there, order) if one[0] == "confirm"]) == 1
    assert len(there.logged("proposal_agreed")) == 1


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_the_second_who_agrees_waits_for_the_first(office: OfficeFactory) -> None:
    there = office(orders__four_eyes__confirm="1")
    order = there.shop.order()
    clara = there.actor_of("clara", "orders.clerk")
    public = there.proposes(lambda unit: lifecycle.confirm(unit, order.id), clara)
    berta, bruno = (there.actor_of(name, "orders.manager") for name in ("berta", "bruno"))

    def second() -> str:
        try:
            return there.agrees(public, bruno).state
        except Conflict:
            return "too late"

    def first(unit: Unit) -> None:
        services.agree(there.portal.house.unit(unit.db, berta), public, everything)

    assert behind(there.portal, first, second) == "too late"
    assert there.proposal().decided_by == "berta"


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_change_between_the_look_and_the_lock_lets_it_lapse(office: OfficeFactory) -> None:
    there = office(orders__four_eyes__confirm="1")
    order = there.shop.order()
    clara = there.actor_of("clara", "orders.clerk")
    public = there.proposes(lambda unit: lifecycle.confirm(unit, order.id), clara)
    berta = there.actor_of("berta", "orders.manager")
    changed = behind(
        there.portal, lambda unit: note(unit, order, "faster"), lambda: there.agrees(public, berta).state
    )
    assert changed == "lapsed"
    assert (there.proposal().state, there.shop.row(order).state) == ("lapsed", "quotation")


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_of_two_who_propose_at_once_one_does(office: OfficeFactory) -> None:
    there = office(orders__four_eyes__confirm="1")
    order = there.shop.order()
    actors = [there.actor_of(name, "orders.clerk") for name in ("clara", "carl")]
    start = Barrier(2)

    def act(browser: Browser) -> int:
        form = form_to(browser.get(f"/orders/{order.public_id}/"), "confirm")
        start.wait()
        return int(form.submit(expect_errors=True).status_int)

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(act, (there.person(one.name) for one in actors)))
    assert answers == [303, 422]
    assert len(there.proposals()) == 1


# --- without limits ----------------------------------------------------------------------------------------


def test_without_limits_nothing_asks_anything(shop: Shop) -> None:
    order = shop.order()
    texts = shop.portal.count(lambda unit: lifecycle.confirm(unit, order.id))
    assert not [text for text in texts if "proposals_proposal" in text]
    clerk = shop.staff("clerk")
    page = clerk.get("/")
    assert "/proposals/" not in page
    assert clerk.statements(f"/orders/{order.public_id}/") == 4


@pytest.fixture
def shop(portals: PortalFactory) -> Shop:
    return make_shop(portals("taxes", "customers", "catalog", "orders"))


def test_below_the_limit_nothing_asks_anything(office: OfficeFactory) -> None:
    there = office(orders__four_eyes__confirm="100000")
    order = there.shop.order()
    texts = there.portal.count(lambda unit: lifecycle.confirm(unit, order.id))
    assert not [text for text in texts if "proposals_proposal" in text]


def test_where_nobody_proposes_it_is_a_refusal(office: OfficeFactory) -> None:
    there = office(orders__four_eyes__confirm="1")
    order = there.shop.order()
    with pytest.raises(NeedsSecond), there.portal.unit() as unit:
        lifecycle.confirm(unit, order.id)
    assert there.shop.row(order).state == "quotation"
    assert there.proposals() == []


def test_the_order_is_measured_in_the_base_currency_by_its_own_rate(office: OfficeFactory) -> None:
    there = office(orders__four_eyes__confirm="90")
    gamma = there.abroad("0.90")

    def over(price: str) -> Created:
        line = DraftLine(
            Decimal(1), name="Advice", service=True, unit_price=Decimal(price), tax_class="standard"
        )
        return there.shop.order(line, customer=gamma)

    within, above = over("100"), over("100.01")
    clara = there.actor_of("clara", "orders.clerk")
    there.portal.run(lambda unit: lifecycle.confirm(unit, within.id), clara)
    assert there.shop.row(within).state == "confirmed"
    assert (there.shop.row(above).gross, there.shop.row(above).base_gross) == (100_01, 90_01)
    # a later rate does not change what the order says of itself
    there.portal.clock.advance(days=1)
    there.portal.run(lambda unit: taxes.add_exchange_rate(unit, "USD", unit.today(), Decimal("0.10")))
    there.proposes(lambda unit: lifecycle.confirm(unit, above.id), clara)
    row = there.proposal()
    assert (row.amount, row.currency, row.base_amount) == (100_01, "USD", 90_01)
