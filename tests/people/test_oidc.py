"""Single sign-on against a real OpenID Connect provider, over HTTP; and tokens that must not be believed."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from people.provider import Company, registered, told_of
from sqlalchemy import text
from webtest import TestResponse

import portal as the_portal
from portal.kernel.errors import BootRefused
from portal.kernel.people import Realm
from portal.people import services
from portal.people.services.external import unlink
from portal.people.sso import provider as providers
from portal.people.sso.tokens import Expected, Unbelievable, UnknownKey, validated, verified_email, words_at
from portal.testing import Browser, TestPortal
from portal.testing.portal import PASSWORD, raw_settings

ADA, BOB = "ada@company.example", "bob@company.example"
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def client(iam_server: Any) -> Iterator[Any]:
    """The portal, as the provider knows it."""
    with registered(iam_server) as client:
        yield client


@pytest.fixture
def company(portals: Callable[..., TestPortal], iam_server: Any, client: Any) -> Company:
    """The portal is told of the provider; no employee is there yet."""
    return Company(told_of(portals, iam_server), iam_server)


def add(portal: TestPortal, email: str, realm: Realm = Realm.EMPLOYEES, *roles: str) -> int:
    with portal.unit() as unit:
        user = services.add_user(unit, realm, email, email.split("@", maxsplit=1)[0], password=PASSWORD)
        for role in roles:
            services.grant(unit, user, role)
        return user.id


def grants(portal: TestPortal, email: str = ADA) -> set[tuple[str, str]]:
    with portal.reading() as unit:
        user = services.find_user(unit, Realm.EMPLOYEES, email)
        assert user is not None
        return {(given.role, given.source) for given in services.grants_of(unit, user)}


def count(portal: TestPortal, table: str) -> int:
    with portal.reading() as unit:
        found: int = unit.db.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one()
        return found


def sentence(browser: Browser, answer: TestResponse) -> str:
    """What the sign-in page says to which a failure leads; nobody is signed in by it."""
    assert answer.status_int == 303
    assert str(answer.location).startswith("http://localhost/sign-in?again=1")
    assert "session" not in browser.cookies
    return answer.follow().text


def test_the_button_leads_there_and_back_into_a_session(company: Company) -> None:
    add(company.portal, ADA)
    company.known(ADA)
    browser = company.portal.browser()
    page = browser.get("/sign-in?next=/account/")
    assert "Company account" in page.text
    assert "Company account" not in browser.get("/sign-in?realm=customers").text
    there = page.click("Company account")
    asked = parse_qs(urlsplit(str(there.location)).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [company.back]
    assert asked["nonce"] != asked["state"]
    back = browser.get(company.there(there))
    assert back.location == "http://localhost/account/"
    assert ADA in back.follow().text
    with company.portal.reading() as unit:
        row = unit.db.execute(text("SELECT method, factors FROM people_session")).one()
    assert tuple(row) == ("sso", "")


def test_groups_give_and_take_roles_at_each_sign_in(company: Company) -> None:
    add(company.portal, ADA, Realm.EMPLOYEES, "ops.auditor")
    add(company.portal, BOB, Realm.EMPLOYEES, "people.administrator")
    ada = company.known(ADA, "Support", "Admins", "Others")
    company.sign_in(company.portal.browser())
    by_hand = ("ops.auditor", "hand")
    assert grants(company.portal) == {by_hand, ("people.administrator", "sso"), ("people.supporter", "sso")}
    company.put(ada, "Heads of Sales")
    browser = company.portal.browser()
    company.sign_in(browser)
    assert grants(company.portal) == {by_hand, ("people.supporter", "sso")}
    company.put(ada)
    company.sign_in(company.portal.browser())
    assert grants(company.portal) == {by_hand}


def test_what_was_granted_by_hand_stays_when_the_group_goes(company: Company) -> None:
    add(company.portal, ADA, Realm.EMPLOYEES, "people.supporter")
    ada = company.known(ADA, "Support")
    company.sign_in(company.portal.browser())
    company.put(ada)
    company.sign_in(company.portal.browser())
    assert grants(company.portal) == {("people.supporter", "hand")}


def test_the_last_administrator_keeps_the_role_and_comes_in(company: Company) -> None:
    add(company.portal, ADA)
    ada = company.known(ADA, "Admins")
    company.sign_in(company.portal.browser())
    company.put(ada)
    answer = company.sign_in(company.portal.browser())
    assert answer.location == "http://localhost/account/"
    assert grants(company.portal) == {("people.administrator", "sso")}
    with company.portal.reading() as unit:
        noted = unit.db.execute(text("SELECT COUNT(*) FROM kernel_audit WHERE action LIKE '%ole%ept%'"))
        assert noted.scalar_one() == 1


def test_who_is_linked_comes_in_under_another_email_too(company: Company) -> None:
    add(company.portal, ADA)
    add(company.portal, BOB)
    ada = company.known(ADA)
    company.sign_in(company.portal.browser())
    with company.iam.app.app_context():
        company.iam.backend.update(ada, emails=[BOB])
        company.iam.backend.save(ada)
    browser = company.portal.browser()
    company.sign_in(browser)
    assert ADA in browser.get("/account/").text
    assert count(company.portal, "people_external") == 1


def test_unknown_people_stay_out_and_customers_are_never_meant(company: Company) -> None:
    add(company.portal, ADA, Realm.CUSTOMERS)
    company.known(ADA, "Admins")
    browser = company.portal.browser()
    assert "Nobody in this portal goes with the account" in sentence(browser, company.sign_in(browser))
    assert count(company.portal, "people_external") == 0
    assert count(company.portal, "people_user") == 1
    assert count(company.portal, "people_session") == 0


def test_an_email_that_is_not_verified_links_nobody(company: Company) -> None:
    add(company.portal, ADA)
    company.known(ADA, verified=False)
    browser = company.portal.browser()
    assert "Nobody in this portal goes with" in sentence(browser, company.sign_in(browser))
    assert count(company.portal, "people_external") == 0


def test_an_email_that_went_to_somebody_else_there_opens_nothing(company: Company) -> None:
    add(company.portal, ADA)
    company.known(ADA)
    company.sign_in(company.portal.browser())
    other = company.iam.random_user(user_name="ada2", emails=[ADA], title="")
    company.iam.login(other)
    company.iam.consent(other)
    browser = company.portal.browser()
    assert "Nobody in this portal goes with" in sentence(browser, company.sign_in(browser))
    with company.portal.unit() as unit:
        user = services.find_user(unit, Realm.EMPLOYEES, ADA)
        assert user is not None
        assert unlink(unit, user) == 1
    assert company.sign_in(company.portal.browser()).location == "http://localhost/account/"


def test_who_is_disabled_stays_out(company: Company) -> None:
    add(company.portal, ADA)
    company.known(ADA)
    company.sign_in(company.portal.browser())
    with company.portal.unit() as unit:
        user = services.find_user(unit, Realm.EMPLOYEES, ADA)
        assert user is not None
        services.disable(unit, user)
    browser = company.portal.browser()
    assert "Nobody in this portal goes with" in sentence(browser, company.sign_in(browser))


def test_people_are_added_where_the_ini_says_so(
    portals: Callable[..., TestPortal], iam_server: Any, client: Any
) -> None:
    company = Company(told_of(portals, iam_server, oidc__create_users="true"), iam_server)
    company.known(ADA, "Support")
    browser = company.portal.browser()
    company.sign_in(browser)
    assert ADA in browser.get("/account/").text
    assert grants(company.portal) == {("people.supporter", "sso")}


def test_an_answer_for_another_browser_or_a_second_time_is_refused(company: Company) -> None:
    add(company.portal, ADA)
    company.known(ADA)
    victim, attacker = company.portal.browser(), company.portal.browser()
    path = company.there(attacker.get("/sign-in-sso"))
    assert "Please try again" in sentence(victim, victim.get(path))
    victim.get("/sign-in-sso")
    assert "Please try again" in sentence(victim, victim.get(path))
    assert attacker.get(path).location == "http://localhost/"
    again = company.portal.browser()
    again.set_cookie("sso", "rubbish")
    assert "Please try again" in sentence(again, again.get(path))
    assert count(company.portal, "people_session") == 1


def test_a_code_is_good_once(company: Company) -> None:
    add(company.portal, ADA)
    company.known(ADA)
    browser = company.portal.browser()
    path = company.there(browser.get("/sign-in-sso"))
    kept = browser.cookies["sso"]
    assert browser.get(path).location == "http://localhost/"
    thief = company.portal.browser()
    thief.set_cookie("sso", kept)
    assert "did not let you through" in sentence(thief, thief.get(path))


def test_what_is_denied_there_leads_back(company: Company) -> None:
    browser = company.portal.browser()
    there = browser.get("/sign-in-sso?next=/account/sessions/")
    state = parse_qs(urlsplit(str(there.location)).query)["state"][0]
    back = browser.get("/sign-in-sso-return?" + urlencode({"error": "access_denied", "state": state}))
    assert "next=%2Faccount%2Fsessions%2F" in str(back.location)
    said = sentence(browser, back)
    assert "Company account did not let you through" in said
    assert "portal users reset" in said


def test_too_late_is_refused(company: Company) -> None:
    add(company.portal, ADA)
    company.known(ADA)
    browser = company.portal.browser()
    path = company.there(browser.get("/sign-in-sso"))
    company.portal.clock.advance(minutes=11)
    assert "Please try again" in sentence(browser, browser.get(path))


def test_a_provider_that_is_down_leads_back_and_passwords_still_work(
    portals: Callable[..., TestPortal],
) -> None:
    portal = portals(oidc__issuer="http://127.0.0.1:9", oidc__client_id="portal")
    add(portal, ADA)
    browser = portal.browser()
    assert "Single sign-on cannot be reached" in sentence(browser, browser.get("/sign-in-sso"))
    assert browser.sign_in(ADA).status_int == 200
    assert "session" in browser.cookies


def test_fresh_proof_is_asked_of_the_provider(company: Company) -> None:
    add(company.portal, ADA)
    company.known(ADA)
    browser = company.portal.browser()
    company.sign_in(browser)
    company.portal.clock.advance(minutes=11)
    asked = browser.get("/account/password")
    assert str(asked.location).endswith("/verify?next=%2Faccount%2Fpassword")
    page = asked.follow().follow()
    there = page.click("Company account")
    query = parse_qs(urlsplit(str(there.location)).query)
    assert (query["prompt"], query["max_age"]) == (["login"], ["60"])
    before = browser.cookies["session"]
    # By our clock, what was typed there was typed eleven minutes before it was asked for.
    refused = browser.get(company.typed(there))
    assert "did not ask you again" in refused.follow().text
    assert browser.get("/account/password").status_int == 303
    company.portal.clock.moment = datetime.now(UTC)
    long_ago = company.portal.clock.moment - timedelta(minutes=11)
    with company.portal.unit() as unit:
        unit.db.execute(text("UPDATE people_session SET verified_at = :then"), {"then": str(long_ago)})
    assert browser.get("/account/password").status_int == 303
    there = browser.get("/sign-in-sso?anew=1&next=/account/password")
    assert browser.get(company.typed(there)).location == "http://localhost/account/password"
    assert browser.get("/account/password").status_int == 200
    assert browser.cookies["session"] != before


def proved_there(company: Company, browser: Browser) -> TestResponse:
    """Where the portal leads who has proved at the provider once more who they are."""
    company.portal.clock.moment = datetime.now(UTC)
    long_ago = company.portal.clock.moment - timedelta(minutes=11)
    with company.portal.unit() as unit:
        unit.db.execute(text("UPDATE people_session SET verified_at = :then"), {"then": str(long_ago)})
    assert browser.get("/account/password").status_int == 303
    return browser.get(company.typed(browser.get("/sign-in-sso?anew=1&next=/account/password")))


def test_fresh_proof_takes_the_second_factor_of_who_has_one_here(company: Company) -> None:
    add(company.portal, ADA)
    company.known(ADA)
    browser = company.portal.browser()
    company.sign_in(browser)
    app = company.portal.enrol_totp(ADA)
    answer = proved_there(company, browser)
    assert answer.location == "http://localhost/second-factor?next=%2Faccount%2Fpassword"
    page = answer.follow()
    assert "Continue" in page.text
    assert browser.get("/account/password").status_int == 303
    form = page.forms["second-factor"]
    form["code"] = "000000"
    refused = form.submit(expect_errors=True)
    assert refused.status_int == 422
    assert browser.get("/account/password").status_int == 303
    before = browser.cookies["session"]
    form = refused.forms["second-factor"]
    company.portal.clock.advance(minutes=1)  # the code of this moment was spent when the app was added
    form["code"] = app.code()
    assert form.submit().location == "http://localhost/account/password"
    assert browser.get("/account/password").status_int == 200
    assert browser.cookies["session"] != before
    assert count(company.portal, "people_session") == 1


def test_half_a_fresh_proof_is_worth_nothing_once_the_session_has_ended(company: Company) -> None:
    add(company.portal, ADA)
    company.known(ADA)
    browser = company.portal.browser()
    company.sign_in(browser)
    company.portal.enrol_totp(ADA)
    assert proved_there(company, browser).follow().forms["second-factor"]
    with company.portal.unit() as unit:
        user = services.find_user(unit, Realm.EMPLOYEES, ADA)
        assert user is not None
        services.end_sessions(unit, user.id)
    assert "/sign-in?" in str(browser.get("/second-factor").location)
    assert browser.get("/account/").status_int == 303


def test_fresh_proof_of_somebody_else_is_refused(company: Company) -> None:
    add(company.portal, ADA)
    add(company.portal, BOB)
    company.known(ADA)
    browser = company.portal.browser()
    company.sign_in(browser)
    company.known(BOB)
    there = browser.get("/sign-in-sso?anew=1&next=/account/password")
    assert "somebody else than you are" in browser.get(company.typed(there, "bob")).follow().text
    assert ADA in browser.get("/account/").text


def test_coming_back_while_looking_as_somebody_else_ends_the_looking_with_its_event(company: Company) -> None:
    add(company.portal, ADA, Realm.EMPLOYEES, "people.supporter")
    seen = add(company.portal, BOB)
    company.known(ADA)
    browser = company.portal.browser()
    company.sign_in(browser)
    form = browser.get("/admin/view-as/?q=bob").click("bob").forms["view-as"]
    form["reason"] = "ticket 4711"
    form.submit()
    assert "sees the portal as bob" in browser.get("/account/", expect_errors=True)
    company.sign_in(browser)
    assert "sees the portal as" not in browser.get("/account/")
    assert count(company.portal, "people_viewing") == 0
    with company.portal.reading() as unit:
        ada = services.find_user(unit, Realm.EMPLOYEES, ADA)
        details = unit.db.scalars(
            text("SELECT detail FROM kernel_audit WHERE action = 'viewing_ended'")
        ).all()
    assert ada is not None
    assert [json.loads(detail)["values"] for detail in details] == [{"viewer_id": ada.id, "user_id": seen}]


def test_without_a_provider_nothing_is_offered(portals: Callable[..., TestPortal]) -> None:
    browser = portals().browser()
    assert "sso" not in browser.get("/sign-in").text
    for path in ("/sign-in-sso", "/sign-in-sso-return"):
        assert browser.get(path, expect_errors=True).status_int == 404


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"oidc__issuer": "https://id.example.com"}, "portal.oidc.client_id is missing"),
        ({"oidc__issuer": "http://id.example.com"}, "must be an address with https"),
        ({"roles__people__administrator": "Admins"}, "must be groups such as group:Finance"),
        ({"roles__people__administrator": 'group:"Admins'}, "has a quotation mark too few"),
    ],
)
def test_the_boot_refuses_what_is_half_said(settings: dict[str, str], complaint: str, backend: str) -> None:
    with pytest.raises(BootRefused, match=complaint):
        the_portal.compose(raw_settings((), "sqlite:///never.sqlite", **settings))


# --- tokens made by hand -------------------------------------------------------------------------------

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
KEY = RSAKey.generate_key(2048, {"kid": "one"})
OTHER = RSAKey.generate_key(2048, {"kid": "one"})
ISSUER = "https://id.example.com"


def token(key: Any = KEY, alg: str = "RS256", kid: str = "one", **changed: Any) -> str:
    """An ID token that is good but for what is changed; None leaves a claim out."""
    moment = int(NOW.timestamp())
    claims = {
        "iss": ISSUER,
        "sub": "ada",
        "aud": "portal",
        "exp": moment + 300,
        "iat": moment,
        "nonce": "n",
        **changed,
    }
    said = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": alg, "kid": kid}, said, key, algorithms=[alg])


def look(written: str, issuer: str = ISSUER, *tenants: str) -> Any:
    keys = KeySet([RSAKey.import_key(KEY.as_dict(private=False))])
    return validated(written, keys, Expected(issuer, "portal", "n", tenants), NOW)


def test_a_good_token_is_believed(backend: str) -> None:
    assert look(token())["sub"] == "ada"
    assert look(token(aud=["portal"]))["sub"] == "ada"
    assert look(token(aud=["portal", "other"], azp="portal"))["sub"] == "ada"


MOMENT = int(NOW.timestamp())


@pytest.mark.parametrize(
    "changed",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another"},
        {"aud": None},
        {"aud": ["portal", "other"]},
        {"aud": ["portal", "other"], "azp": "other"},
        {"azp": "other"},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"exp": MOMENT - 61},
        {"exp": None},
        {"exp": float("nan")},
        {"iat": MOMENT + 3600},
        {"iat": None},
        {"nbf": MOMENT + 3600},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
    ],
)
def test_claims_that_are_not_believed(changed: dict[str, Any], backend: str) -> None:
    with pytest.raises(Unbelievable):
        look(token(**changed))


def test_signatures_that_are_not_believed(backend: str) -> None:
    good = token()
    head, body, signature = good.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","kid":"one"}').decode().rstrip("=")
    shared = OctKey.import_key("s" * 64)
    forged = [
        token(OTHER),
        f"{head}.{body}.{signature[:-6]}AAAAAA",
        f"{head}.{body}.",
        f"{none}.{body}.",
        token(shared, alg="HS256"),
        "not a token",
        "",
    ]
    for written in forged:
        with pytest.raises(Unbelievable):
            look(written)
    with pytest.raises(UnknownKey):
        look(token(kid="two"))


def test_tenants_of_a_shared_issuer(backend: str) -> None:
    shared = "https://login.example.com/{tenantid}/v2.0"
    ours = {"iss": "https://login.example.com/ours/v2.0", "tid": "ours"}
    assert look(token(**ours), shared, "ours")["tid"] == "ours"
    theirs = {"iss": "https://login.example.com/theirs/v2.0", "tid": "theirs"}
    for written in (token(**theirs), token(**{**ours, "tid": "theirs"}), token(**{**theirs, "tid": "ours"})):
        with pytest.raises(Unbelievable):
            look(written, shared, "ours")
    with pytest.raises(Unbelievable):
        look(token(**ours), shared)


def test_claims_are_read_where_providers_put_them(backend: str) -> None:
    assert words_at({"realm_access": {"roles": ["a", 7, "b"]}}, "realm_access.roles") == {"a", "b"}
    assert words_at({"https://example.com/groups": "a"}, "https://example.com/groups") == {"a"}
    assert words_at({"realm_access": "x"}, "realm_access.roles") == frozenset()
    assert verified_email({"email": ADA, "email_verified": True}, "email") == ADA
    assert verified_email({"email": ADA, "xms_edov": "1"}, "email") == ADA
    for claims in ({}, {"email_verified": False}, {"email_verified": "no"}, {"email_verified": 2}):
        assert not verified_email({"email": ADA, **claims}, "email")


def test_a_key_that_is_not_known_is_asked_for_once(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    add(company.portal, ADA)
    company.known(ADA)
    company.sign_in(company.portal.browser())
    provider = company.portal.router.registry["people.provider"]
    provider._keys = (time.monotonic() - providers._PATIENCE - 1, KeySet([OTHER]))
    assert company.sign_in(company.portal.browser()).location == "http://localhost/account/"
    provider._keys = (time.monotonic(), KeySet([OTHER]))
    browser = company.portal.browser()
    assert "could not be verified" in sentence(browser, company.sign_in(browser))
