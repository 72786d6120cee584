"""The pages in a browser: nothing that the content policy forbids, nothing wider than a phone, and what scripts add."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from webtest import TestApp

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PAGES = (
    "/orders",
    "/orders?q=nobody",
    "/detail",
    "/form",
    "/in",
    "/my/acme",
    "/my/acme/detail",
    "/orders?nonsense=1",
)
BREACHES = """
  window.breaches = [];
  document.addEventListener("securitypolicyviolation", (event) => window.breaches.push(event.violatedDirective));
"""
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong on the page."""
    page.evaluate(f"{AXE}; 0")
    found = page.evaluate("tags => axe.run(document, { runOnly: tags })", RULES)["violations"]
    return [f"{rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]]


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Any]:
    """Opens a page of a given width, recording what the content policy forbade and what failed."""
    contexts: list[Any] = []

    def opened(width: int, **options: Any) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 800}, **options)
        context.add_init_script(BREACHES)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(f"script error: {error}"))
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("dark", 390), ("light", 320)])
def test_pages_keep_to_the_policy_the_width_and_wcag(
    open_page: Any, theme: str, example_address: str, width: int
) -> None:
    page = open_page(width, color_scheme=theme)
    for path in PAGES:
        page.goto(example_address + path, wait_until="networkidle")
        assert page.evaluate("document.documentElement.dataset.bsTheme") == theme
        assert page.evaluate("window.breaches") == [], path
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        assert violations(page) == [], path


def test_the_policy_and_wcag_are_watched(open_page: Any, example_address: str) -> None:
    page = open_page(1280)
    page.goto(example_address + "/orders")
    page.evaluate("document.querySelector('h1').innerHTML = '<b style=\"color: red\">Poor</b>'")
    page.wait_for_function("window.breaches.length > 0")
    page.evaluate("document.querySelector('h1').style.color = '#aaa'")
    assert any(found.startswith("color-contrast") for found in violations(page))


def test_the_list_follows_the_search_without_a_reload(open_page: Any, example_address: str) -> None:
    page = open_page(1280)
    page.goto(example_address + "/orders")
    page.keyboard.press("/")
    page.keyboard.type("lehmanns")
    page.wait_for_url("**/orders?q=lehmanns")
    assert set(page.locator("td[data-label=Customer]").all_inner_texts()) == {"Lehmanns Marktstand"}
    assert page.locator(".list-csv").get_attribute("href") == "/orders/csv?q=lehmanns"
    page.select_option("select[name=state]", "draft")
    page.wait_for_url("**/orders?q=lehmanns&state=draft")
    assert page.evaluate("window.breaches") == []


def test_lines_are_added_moved_and_removed_by_keyboard(open_page: Any, example_address: str) -> None:
    page = open_page(1280)
    page.goto(example_address + "/form")
    second = page.locator("[name='lines-1-product-text']")
    second.press_sequentially("chang")
    page.locator("[role=option]").first.wait_for()
    second.press("Enter")
    assert second.input_value() == "Chang"
    assert page.locator("[name='lines-1-product']").input_value() == "p2"
    assert page.locator("[name='lines-1-unit_price']").input_value() == "19"
    page.locator("[name='lines-1-quantity']").fill("7")
    page.locator("[name='lines-1-quantity']").press("Alt+ArrowUp")
    assert page.locator("[name='lines-0-quantity']").input_value() == "7"
    assert page.locator("[name='lines-0-quantity']").evaluate("element => element === document.activeElement")
    page.locator("[data-line-add]").click()
    assert page.locator("[name='lines-2-product-text']").evaluate(
        "element => element === document.activeElement"
    )
    page.locator("[data-line] [data-line-remove]").nth(1).click()
    assert page.locator("[data-line]").count() == 2
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/orders?flash=1")
    assert "was confirmed" in page.locator("[role=status]").inner_text()


def test_the_first_error_has_the_focus(open_page: Any, example_address: str) -> None:
    page = open_page(390)
    page.goto(example_address + "/form")
    page.locator("#email").fill("nobody")
    page.locator("main button[type=submit]").click()
    page.locator("#email-error").wait_for()
    assert page.evaluate("document.activeElement.id") == "email"


def test_a_question_comes_before_what_cannot_be_undone(open_page: Any, example_address: str) -> None:
    page = open_page(1280)
    page.goto(example_address + "/detail")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    button = page.get_by_role("button", name="Cancel order")
    button.click()
    dialog = page.get_by_role("dialog")
    assert "Cancel this order?" in dialog.inner_text()
    page.keyboard.press("Escape")
    assert not sent
    assert button.evaluate("element => element === document.activeElement")
    button.click()
    with page.expect_request(lambda request: request.method == "POST"):
        dialog.get_by_role("button", name="Cancel order").click()


def test_a_double_click_sends_once(open_page: Any, example_address: str) -> None:
    page = open_page(1280)
    page.goto(example_address + "/form")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.evaluate("const b = document.querySelector('main button[type=submit]'); b.click(); b.click();")
    page.wait_for_url("**/orders?flash=1")
    assert len(sent) == 1


def test_theme_and_menu_are_remembered(open_page: Any, example_address: str) -> None:
    page = open_page(1280, color_scheme="dark")
    page.goto(example_address + "/orders")
    page.locator(".sidebar .user-button").click()
    page.locator("[data-theme-toggle]").click()
    page.keyboard.press("Escape")
    page.locator("[data-sidebar-toggle]").click()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.sidebar") == "narrow"
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    assert cookies["theme"] == "light"
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "light"


@pytest.mark.parametrize("scripts", [True, False])
def test_the_menu_opens_on_a_phone_with_and_without_scripts(
    open_page: Any, example_address: str, scripts: bool
) -> None:
    page = open_page(390, java_script_enabled=scripts)
    page.goto(example_address + "/orders")
    assert not page.locator("#sidebar").is_visible()
    page.get_by_role("button", name="Open the menu").click()
    assert page.locator("#sidebar").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#sidebar").is_visible()


def test_lists_and_forms_work_without_scripts(open_page: Any, example_address: str) -> None:
    page = open_page(1280, java_script_enabled=False)
    page.goto(example_address + "/orders")
    page.locator("input[name=q]").fill("lehmanns")
    page.get_by_role("button", name="Apply").click()
    assert "q=lehmanns" in page.url
    page.goto(example_address + "/form")
    page.locator("[name='lines-1-product-text']").fill("chang")
    page.locator("[name='lines-1-quantity']").fill("1")
    page.locator("[name='lines-1-unit_price']").fill("19")
    page.locator("main button[type=submit]").click()
    assert page.url.endswith("/orders?flash=1")


def test_static_addresses_change_with_their_content(example: TestApp) -> None:
    for link in example.get("/orders").html.head.find_all("link", rel="stylesheet"):
        assert "?x=" in link["href"]
        example.get(link["href"], status=200)
