"""API tokens: what a program can do with one, and what it never can."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from portal.kernel.people import Realm
from portal.people import api_tokens, services
from portal.people.models import User
from portal.testing import Browser, TestPortal
from portal.testing.portal import PASSWORD

ADA = "ada@company.example"
CSV = "/orders/csv"
SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def trade(portals: Callable[..., TestPortal]) -> TestPortal:
    return portals("taxes", "customers", "catalog", "orders")


def add(portal: TestPortal, *roles: str, email: str = ADA) -> int:
    def act(unit: Any) -> int:
        user = services.add_user(unit, Realm.EMPLOYEES, email, "Ada", password=PASSWORD)
        for role in roles:
            services.grant(unit, user, role)
        return user.id

    return portal.run(act)


def make(portal: TestPortal, user_id: int, *permissions: str, account: str = "", **values: Any) -> str:
    """A token of somebody, until the end of 2026."""
    given: dict[str, Any] = {"name": "Export", "expires_on": date(2026, 12, 31), "operation": "x" * 16}
    return portal.run(
        lambda unit: api_tokens.create(
            unit,
            unit.db.get_one(User, user_id),
            permissions=permissions,
            account=account,
            **{**given, **values},
        )
    )


def get(portal: TestPortal, path: str, token: str, browser: Browser | None = None) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    return (browser or portal.browser()).get(
        path, headers=headers, extra_environ={"REMOTE_ADDR": "192.0.2.7"}, expect_errors=True
    )


def post(portal: TestPortal, path: str, token: str, **fields: str) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    return portal.browser().post(path, fields, headers=headers, expect_errors=True)


def count(portal: TestPortal, sql: str) -> int:
    with portal.reading() as unit:
        return int(unit.db.scalar(text(sql)) or 0)


def test_a_program_reads_by_one_statement_for_who_it_is_without_a_cookie(trade: TestPortal) -> None:
    token = make(trade, add(trade, "orders.reader"), "orders.view")
    assert token.startswith("portal_")
    first = get(trade, CSV, token)
    assert first.status_int == 200
    assert "Set-Cookie" not in first.headers
    used = "SELECT COUNT(*) FROM people_api_token WHERE used_at IS NOT NULL AND used_from = '192.0.2.7'"
    assert count(trade, used) == 1
    trade.clock.advance(seconds=59)
    again = get(trade, CSV, token)
    person = trade.employee("eva@company.example", "orders.reader")
    assert again.headers["Server-Timing"] == f'sql;desc="{person.statements(CSV)} statements"'
    with trade.reading() as unit:
        assert unit.db.scalar(select(api_tokens.ApiToken.used_at)) == trade.clock() - timedelta(seconds=59)


@SQLITE
def test_a_token_can_what_was_chosen_and_its_owner_still_may(trade: TestPortal) -> None:
    ada = add(trade, "orders.manager", "customers.reader", "people.administrator")
    token = make(trade, ada, "orders.view")
    assert get(trade, CSV, token).status_int == 200
    for path in ("/orders/new/", "/customers/", "/customers/csv"):
        denied = get(trade, path, token)
        assert (denied.status_int, denied.content_type) == (403, "application/json")
        assert denied.json["error"] == "insufficient_scope"
    trade.run(lambda unit: services.revoke(unit, unit.db.get_one(User, ada), "orders.manager"))
    assert get(trade, CSV, token).status_int == 403


@pytest.mark.parametrize(
    "path",
    [
        "/account/",
        "/account/tokens",
        "/account/new-token",
        "/account/password",
        "/account/sessions",
        "/admin/users/",
        "/admin/view-as/",
        "/sign-in",
        "/verify",
        "/",
    ],
)
@SQLITE
def test_what_takes_a_person_no_token_can(trade: TestPortal, path: str) -> None:
    ada = add(trade, "orders.reader", "people.administrator", "people.supporter")
    token = make(trade, ada, "orders.view")
    # even where the row says otherwise
    with trade.unit() as unit:
        everything = " ".join(one.name for card in trade.house.cards for one in card.permissions)
        unit.db.execute(text("UPDATE people_api_token SET permissions = :all"), {"all": everything})
    assert get(trade, CSV, token).status_int == 200
    for answer in (get(trade, path, token), post(trade, path, token, _operation="y" * 16)):
        assert answer.status_int in (403, 404), path
        assert "Location" not in answer.headers


@SQLITE
def test_every_right_over_people_is_for_people(trade: TestPortal) -> None:
    mine = {one.name for card in trade.house.cards for one in card.permissions if card.name == "people"}
    assert mine | {"my.manage"} <= trade.house.personal
    with pytest.raises(Exception, match="permissions"):
        make(trade, add(trade, "people.administrator"), "people.administer")
    assert count(trade, "SELECT COUNT(*) FROM people_api_token") == 0


def kill(how: str) -> Callable[[Any, User], None]:
    def act(unit: Any, user: User) -> None:
        if how == "revoked":
            api_tokens.revoke(unit, user, api_tokens.tokens_of(unit, user)[0].public_id)
        elif how == "disabled":
            services.disable(unit, user)
        elif how == "password":
            services.set_password(unit, user, "an entirely other one")

    return act


@pytest.mark.parametrize("how", ["revoked", "disabled", "password", "expired"])
@SQLITE
def test_a_dead_token_is_dead_at_once_and_never_leads_to_signing_in(trade: TestPortal, how: str) -> None:
    ada = add(trade, "orders.reader")
    token = make(trade, ada, "orders.view", expires_on=date(2026, 11, 3))
    signed_in = trade.employee("eva@company.example", "orders.reader")
    assert get(trade, CSV, token).status_int == 200
    if how == "expired":
        trade.clock.advance(days=1, hours=13.9)  # still that day where the company is
        assert get(trade, CSV, token).status_int == 200
        trade.clock.advance(hours=1)
    else:
        trade.run(lambda unit: kill(how)(unit, unit.db.get_one(User, ada)))
    for browser in (None, signed_in):  # a cookie beside it does not help
        dead = get(trade, CSV, token, browser)
        assert dead.status_int == 401
        assert dead.headers["WWW-Authenticate"].startswith("Bearer")
        assert dead.json["error"] == "invalid_token"
        assert "Location" not in dead.headers
    assert count(trade, "SELECT COUNT(*) FROM people_attempt WHERE kind = 'token'") == 0
    if how == "disabled":
        trade.run(lambda unit: services.enable(unit, unit.db.get_one(User, ada)))
        assert get(trade, CSV, token).status_int == 401


@SQLITE
def test_a_cookie_beside_a_token_is_ignored(trade: TestPortal) -> None:
    token = make(trade, add(trade, "orders.reader"), "orders.view")
    administrator = trade.employee("eva@company.example", "people.administrator")
    assert administrator.get("/admin/users/").status_int == 200
    assert get(trade, "/admin/users/", token, administrator).status_int == 403


@SQLITE
def test_guesses_count_per_address_up_to_the_limit_and_shut_out_no_owner(
    portals: Callable[..., TestPortal],
) -> None:
    trade = portals("taxes", "customers", "catalog", "orders", people__attempts_address="3")
    token = make(trade, add(trade, "orders.reader"), "orders.view")
    answers = [get(trade, CSV, f"portal_aaaaaaaa_{number}").status_int for number in range(6)]
    assert answers == [401, 401, 401, 429, 429, 429]
    assert count(trade, "SELECT COUNT(*) FROM people_attempt WHERE kind = 'token'") == 3
    assert get(trade, CSV, token).status_int == 200
    assert get(trade, CSV, "").status_int == 429
    other = trade.browser().get(CSV, headers={"Authorization": "Basic YTpi"})
    assert str(other.location).startswith("http://localhost/sign-in")  # not ours to judge


def denials(portal: TestPortal) -> list[tuple[str | None, str, dict[str, Any]]]:
    """Address, name of who acted, and what the audit log says of each refusal."""
    with portal.reading() as unit:
        rows = unit.db.execute(
            text("SELECT address, actor_kind, detail FROM kernel_audit WHERE action = 'denied' ORDER BY id")
        ).all()
    return [(address, kind, json.loads(detail)["values"]) for address, kind, detail in rows]


@SQLITE
def test_tokens_that_do_not_work_are_in_the_audit_log_without_them(
    portals: Callable[..., TestPortal],
) -> None:
    trade = portals("taxes", "customers", "catalog", "orders", people__attempts_address="1")
    ada = add(trade, "orders.reader")
    token = make(trade, ada, "orders.view")
    prefix = token.split("_")[1]
    guess = f"portal_{prefix}_{'x' * 43}"
    trade.employee("eva@company.example", "orders.reader")
    assert [get(trade, CSV, guess).status_int for _again in range(2)] == [401, 429]
    trade.run(lambda unit: services.disable(unit, unit.db.get_one(User, ada)))
    assert get(trade, f"{CSV}?q={token}", token).status_int == 401
    said = {"method": "GET", "path": CSV, "rule": "token"}
    unknown, too_many, dead = denials(trade)
    assert unknown == ("192.0.2.7", "anonymous", {**said, "reason": "unknown token"})
    assert too_many == ("192.0.2.7", "anonymous", {**said, "reason": "too many unknown tokens"})
    assert dead == (
        "192.0.2.7",
        "anonymous",
        {**said, "reason": "ended or revoked token", "prefix": prefix, "user_id": ada},
    )
    with trade.reading() as unit:
        written = unit.db.scalars(text("SELECT detail || search_text FROM kernel_audit")).all()
    assert not any(secret.split("_")[2] in row for row in written for secret in (token, guess))


@SQLITE
def test_a_post_works_without_a_page_and_once(trade: TestPortal) -> None:
    from portal.modules.customers import services as customers
    from portal.modules.customers.services import CustomerData

    data = CustomerData("Alpha GmbH", currency="EUR", country="DE", payment_terms="30 days net")
    alpha = trade.run(lambda unit: customers.create_customer(unit, data, anyway=True))
    token = make(trade, add(trade, "customers.clerk"), "customers.view", "customers.edit")
    path = f"/customers/{alpha.public_id}/note"
    without = post(trade, path, token, text="By a program")
    assert without.status_int == 422
    for _time in range(2):
        noted = post(trade, path, token, text="By a program", _operation="operation-of-a-program")
        assert noted.status_int == 303
    noted = "SELECT COUNT(*) FROM customers_note WHERE text = 'By a program'"
    assert count(trade, noted) == 1


@SQLITE
def test_people_make_see_and_revoke_their_tokens(trade: TestPortal) -> None:
    browser = trade.employee(ADA, "orders.reader")
    form = browser.get("/account/new-token").forms["new-token"]
    refused = form.submit(expect_errors=True)
    assert refused.status_int == 422
    assert count(trade, "SELECT COUNT(*) FROM people_api_token") == 0
    form["name"] = "Nightly export"
    form["permissions"] = ["orders.view"]
    made = form.submit()
    shown = made.html.select_one("#token")
    assert shown is not None
    token = shown.text
    again = form.submit().html.select_one("#token")
    assert again is not None
    assert again.text == token  # a reload makes no other
    assert get(trade, CSV, token).status_int == 200
    listed = browser.get("/account/tokens")
    assert "Nightly export" in listed.text
    assert token not in listed.text
    trade.work()
    with trade.reading() as unit:
        stored = [
            str(tuple(row))
            for table in ("people_api_token", "ops_mail", "kernel_audit", "kernel_operation", "kernel_job")
            for row in unit.db.execute(text(f"SELECT * FROM {table}"))
        ]
    assert any("new API token" in row for row in stored)
    secret = token.split("_", 2)[2]
    assert not any(secret in row for row in stored)
    assert any("api_token_created" in row for row in stored)
    listed.forms[1].submit()
    assert get(trade, CSV, token).status_int == 401
    assert "Revoked" in browser.get("/account/tokens").text


@SQLITE
def test_making_a_token_asks_for_a_fresh_proof(trade: TestPortal) -> None:
    browser = trade.employee(ADA, "orders.reader")
    trade.clock.advance(minutes=11)
    assert "/verify" in str(browser.get("/account/new-token").location)


@SQLITE
def test_nobody_revokes_anothers_token_but_administrators_do(trade: TestPortal) -> None:
    ada = add(trade, "orders.reader")
    token = make(trade, ada, "orders.view")
    with trade.reading() as unit:
        user = unit.db.get_one(User, ada)
        row, path = api_tokens.tokens_of(unit, user)[0], f"/admin/users/{user.public_id}/"
    eva = trade.employee("eva@company.example", "people.administrator")
    page = eva.get("/account/tokens")
    fields = {"csrf_token": eva.get("/account/").forms["profile"]["csrf_token"].value}
    foreign = {**fields, "_operation": "z" * 16, "token": row.public_id}
    assert eva.post("/account/revoke-token", foreign, expect_errors=True).status_int == 404
    assert get(trade, CSV, token).status_int == 200
    assert page.status_int == 200
    page = eva.get(path)
    assert row.prefix in page.text
    form = next(form for form in page.forms.values() if form.action.endswith("revoke-token"))
    form.submit()
    assert get(trade, CSV, token).status_int == 401


def test_a_customers_token_opens_the_accounts_it_was_made_for(trade: TestPortal) -> None:
    from house.world import make_world

    world = make_world(trade)
    alpha, beta = world.alpha, world.beta
    assert alpha is not None
    assert beta is not None
    world.buyer(alpha, "anna@alpha.example")

    def further(unit: Any) -> int:
        anna = services.find_user(unit, Realm.CUSTOMERS, "anna@alpha.example")
        assert anna is not None
        services.add_membership(unit, anna, beta.id, beta.public_id, beta.name, ("view",))
        return anna.id

    anna = trade.run(further)
    own, other = f"/my/{alpha.public_id}/orders", f"/my/{beta.public_id}/orders"
    bound = make(trade, anna, "orders.my.view", account=alpha.public_id)
    assert get(trade, f"{own}/csv", bound).status_int == 200
    assert get(trade, f"{other}/csv", bound).status_int == 404
    assert get(trade, f"{own}/request", bound).status_int == 403
    assert get(trade, f"/my/{alpha.public_id}/", bound).status_int == 403
    order = world.orders[beta.number][1]
    assert get(trade, f"/orders/{order}/", bound).status_int == 404
    assert get(trade, f"{own}/{order}/", bound).status_int == 404
    free = make(trade, anna, "orders.my.view", operation="w" * 16)
    assert get(trade, f"{other}/csv", free).status_int == 200
