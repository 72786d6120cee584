"""The list engine: paging by key, closed parameters, one statement, safe CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from webtest import TestApp

from portal.kernel.db import Statements, make_engine, statements
from portal.kernel.errors import Invalid
from portal.web.export import csv_file, written
from portal.web.lists import Page
from web.example import ORDERS, STATES, fill, order_row

COUNT = 137


@pytest.fixture
def db(engine_url: str) -> Iterator[Session]:
    """A session over 137 orders, on each database."""
    engine: Engine = make_engine(engine_url)
    fill(engine, COUNT)
    with Session(engine) as session:
        yield session
    engine.dispose()


def _params(url: str | None) -> dict[str, str]:
    assert url is not None
    return dict(parse_qsl(url.removeprefix("?"), keep_blank_values=True))


def _numbers(page: Page) -> list[str]:
    return [row["number"] for row in page.dicts]


def _all(db: Session, params: dict[str, str]) -> list[str]:
    """Every row, by following the links forward."""
    page = ORDERS.page(db, params)
    found = _numbers(page)
    while page.next_url:
        page = ORDERS.page(db, _params(page.next_url))
        found += _numbers(page)
    return found


def _expected(key: str) -> list[str]:
    rows = [order_row(number) for number in range(1, COUNT + 1)]
    name, descending = key.lstrip("-"), key.startswith("-")
    filled = [row for row in rows if row[name] is not None]
    empty = [row for row in rows if row[name] is None]
    filled.sort(key=lambda row: (row[name], row["id"]), reverse=descending)
    empty.sort(key=lambda row: row["id"], reverse=descending)
    return [row["number"] for row in [*filled, *empty]]


@pytest.mark.parametrize(
    "key", ["number", "-number", "placed", "-placed", "promised", "-promised", "gross", "-gross"]
)
def test_every_row_once_in_order_empty_ones_last(db: Session, key: str) -> None:
    assert _all(db, {"sort": key}) == _expected(key)


def test_texts_are_ordered_as_the_database_orders_them_without_loss(db: Session) -> None:
    found = _all(db, {"sort": "customer"})
    assert len(set(found)) == COUNT
    assert found[::-1] == _all(db, {"sort": "-customer"})


@pytest.mark.parametrize("key", ["-number", "promised", "-promised", "gross"])
def test_back_leads_to_where_one_came_from(db: Session, key: str) -> None:
    pages = [ORDERS.page(db, {"sort": key})]
    while pages[-1].next_url:
        pages.append(ORDERS.page(db, _params(pages[-1].next_url)))
    assert [len(page) for page in pages] == [50, 50, 37]
    assert not pages[0].has_previous
    back = ORDERS.page(db, _params(pages[2].previous_url))
    assert _numbers(back) == _numbers(pages[1])
    assert back.has_next
    first = ORDERS.page(db, _params(back.previous_url))
    assert _numbers(first) == _numbers(pages[0])
    assert not first.has_previous


def test_a_page_is_one_statement_without_offset(db: Session) -> None:
    db.connection()
    counter = Statements()
    token = statements.set(counter)
    page = ORDERS.page(db, {"q": "e", "state": "sent", "placed_from": "2026-09-01", "sort": "-gross"})
    statements.reset(token)
    assert len(page) > 0
    assert counter.count == 1
    # SQLAlchemy writes SQLite's LIMIT with an OFFSET of zero; on PostgreSQL there is none.
    if db.get_bind().dialect.name == "postgresql":
        assert "OFFSET" not in counter.texts[0].upper()


def test_rows_that_arrive_meanwhile_do_not_shift_the_next_page(db: Session) -> None:
    first = ORDERS.page(db, {"sort": "-number"})
    db.execute(ORDERS.columns[0].expression.table.insert(), [order_row(number) for number in range(900, 910)])
    second = ORDERS.page(db, _params(first.next_url))
    assert _numbers(second) == _expected("-number")[50:100]


def test_search_and_filters_narrow_and_stay_in_the_address(db: Session) -> None:
    page = ORDERS.page(db, {"state": "draft", "q": "%", "urgent": ""})
    assert _numbers(page) == []
    page = ORDERS.page(db, {"q": "b\u00f3lido", "sort": "number"})
    assert {row["customer"] for row in page.dicts} <= {"Bólido Comidas"}
    page = ORDERS.page(db, {"state": "draft", "sort": "number"})
    assert {row["state"] for row in page.dicts} == {"draft"}
    assert _params(page.sort_url(ORDERS.visible[0])) == {"state": "draft", "sort": "-number"}
    assert [(chip.value, url) for chip, url in page.chips("en")] == [(STATES["draft"].label, "?sort=number")]
    assert page.csv_url == "csv?state=draft&sort=number"
    everything = _all(db, {"placed_from": "2026-11-01", "placed_to": "2026-11-10"})
    expected = [n for n in range(1, COUNT + 1) if "2026-11-01" <= str(order_row(n)["placed"]) <= "2026-11-10"]
    assert len(everything) == len(expected)


def test_the_scope_always_holds(db: Session) -> None:
    scope = [ORDERS.columns[0].expression.table.c.customer == "Bólido Comidas"]
    page = ORDERS.page(db, {"q": "e"}, scope)
    assert {row["customer"] for row in page.dicts} <= {"Bólido Comidas"}


def _cursor(db: Session, sort: str) -> str:
    return _params(ORDERS.page(db, {"sort": sort}).next_url)["after"]


@pytest.mark.parametrize(
    "params",
    [
        {"sort": "id"},
        {"sort": "state"},
        {"sort": "--number"},
        {"sort": "gross; DROP TABLE example_order"},
        {"state": "nonsense"},
        {"urgent": "maybe"},
        {"placed_from": "yesterday"},
        {"offset": "50"},
        {"after": "x"},
        {"after": "!!!"},
        {"after": "W10"},
        {"after": "bnVsbA"},
        {"before": "WyItbnVtYmVyIixudWxsLDFd"},
        {"before": "WyItbnVtYmVyIiwiYSIsOTk5OTk5OTk5OTk5OTk5OTk5OTld"},
        {"before": "WyItbnVtYmVyIiwxLDFd"},
        {"after": "[" * 1500},
        {"q": "a\x00b"},
        {"q": "x" * 201},
    ],
)
def test_parameters_that_mean_nothing_are_invalid(db: Session, params: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        ORDERS.page(db, params)


def test_a_cursor_of_another_order_is_invalid(db: Session) -> None:
    with pytest.raises(Invalid):
        ORDERS.page(db, {"sort": "gross", "after": _cursor(db, "placed")})
    with pytest.raises(Invalid):
        ORDERS.page(db, {"sort": "gross", "after": _cursor(db, "gross"), "before": _cursor(db, "gross")})


def test_an_empty_list_has_no_pages(db: Session) -> None:
    page = ORDERS.page(db, {"q": "nobody has this name"})
    assert (len(page), page.next_url, page.previous_url) == (0, None, None)


# --- over HTTP -----------------------------------------------------------------------------------------------


def test_the_page_shows_rows_links_and_escapes(example: TestApp) -> None:
    html = example.get("/orders").html
    rows = html.find("tbody").find_all("tr")
    assert len(rows) == 50
    assert rows[0].find("a")["href"] == f"/orders/{order_row(120)['public_id']}/"
    assert rows[0].find("a").text == "SO-00120"
    assert "<b>Ottilies</b>" in rows[1].text
    assert html.find("a", rel="next")
    assert html.find("th", attrs={"aria-sort": "descending"}).text.strip() == "Number"


def test_a_page_in_german(example: TestApp) -> None:
    example.set_cookie("lang", "de")
    total = example.get("/orders").html.find("tbody").find("tr").find(class_="cell-money").text
    assert total == "9.302,80\u00a0€"


def test_an_unknown_parameter_is_422(example: TestApp) -> None:
    assert "has no" in example.get("/orders?offset=50", status=422).text


def test_csv_has_the_same_filter_and_every_row(example: TestApp) -> None:
    answer = example.get("/orders/csv?urgent=no&sort=number")
    assert answer.content_disposition == 'attachment; filename="orders.csv"'
    rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"))))
    assert rows[0] == ["Number", "Customer", "State", "Placed", "Promised", "Tags", "Total", "Currency"]
    assert len(rows) - 1 == sum(1 for n in range(1, 121) if order_row(n)["tags"] is None)
    first, second, third, fourth = rows[1:5]
    assert first == [
        "SO-00001",
        "Blauer See Delikatessen",
        "Sent",
        "2026-11-21",
        "2026-11-22",
        "",
        "-120.81",
        "EUR",
    ]
    assert fourth[1] == "'=SUM(A1)"
    assert (second[6], third[4]) == ("-41.62", "")


def test_csv_in_german_suits_its_spreadsheets(example: TestApp) -> None:
    example.set_cookie("lang", "de")
    lines = example.get("/orders/csv?sort=number").body.decode("utf-8-sig").splitlines()
    assert lines[0].count(";") == 7
    assert "-120,81" in lines[1].split(";")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1"])
def test_no_text_becomes_a_formula(text: str) -> None:
    assert written(text, "en") == f"'{text}"


def test_figures_stay_figures() -> None:
    assert written(Decimal("-5.50"), "en") == "-5.50"
    assert written(-5, "de") == "-5"
    with csv_file(["a"], [[Decimal("1234.5")], ["x;y"], ['"']], "de") as file:
        body = file.read()
    assert body == b'\xef\xbb\xbfa\r\n1234,5\r\n"x;y"\r\n""""\r\n'
