"""Forms over HTTP and by themselves: exact values, closed sets of fields, errors next to fields."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from webtest import TestApp

from portal.kernel.errors import Invalid
from portal.web import forms
from web.example import ExampleRequest, OrderForm

Posting = Callable[..., Any]


class Sample(forms.Form):
    """A form with the fields that need care."""

    name = forms.TextField("Name", required=True, longest=10)
    note = forms.TextAreaField("Note")
    email = forms.EmailField()
    amount = forms.MoneyField(currency_from="currency", least=0)
    fixed = forms.MoneyField()
    currency = forms.CurrencyField()
    quantity = forms.QuantityField(least=0)
    price = forms.PriceField()
    discount = forms.PercentField("Discount")
    count = forms.IntegerField("Count", least=1, most=9)
    due = forms.DateField(least=date(2026, 1, 1))
    agreed = forms.BooleanField("I agree")


@pytest.fixture
def posting(example: TestApp) -> Posting:
    """Makes a form from what was posted (None: a GET), in a language."""

    def post(form: Any, values: Any = None, data: Any = None, locale: str = "en", **kwargs: Any) -> Any:
        made = ExampleRequest.blank("/form", POST=values)
        made.registry = example.app.registry
        made.locale_name = locale
        return form(made, data, **kwargs)

    return post


def test_values_are_exact(posting: Posting) -> None:
    form = posting(
        Sample,
        {
            "name": "  Ko\u0308ln ",
            "note": "one\r\ntwo",
            "email": "Ada@Example.COM",
            "amount": "1.234,50",
            "fixed": "-0,01",
            "currency": "EUR",
            "quantity": "2,5",
            "price": "18,0125",
            "discount": "12,5",
            "count": "9",
            "due": "2026-11-22",
            "agreed": "1",
        },
        locale="de",
    )
    form.check()
    assert form.data == {
        "name": "K\u00f6ln",
        "note": "one\ntwo",
        "email": "Ada@example.com",
        "amount": 123_450,
        "fixed": -1,
        "currency": "EUR",
        "quantity": 2_500_000,
        "price": 18_012_500,
        "discount": 12_500_000,
        "count": 9,
        "due": date(2026, 11, 22),
        "agreed": True,
    }


def test_what_is_left_empty_is_nothing(posting: Posting) -> None:
    form = posting(Sample, {"name": "x", "amount": " ", "due": ""})
    form.check()
    assert form.data["amount"] is None
    assert form.data["quantity"] is None
    assert form.data["due"] is None
    assert form.data["note"] == ""
    assert form.data["agreed"] is False


@pytest.mark.parametrize(
    ("field", "text", "message"),
    [
        ("name", "", "This field is required."),
        ("name", "12345678901", "At most 10 characters."),
        ("name", "a\x00b", "Control characters"),
        ("name", "a\nb", "Control characters"),
        ("note", "a\x1bb", "Control characters"),
        ("email", "x@y", "Enter an e-mail address"),
        ("email", "a@b.de, c@d.de", "Enter an e-mail address"),
        ("fixed", "1.005", "At most 2 decimals."),
        ("fixed", "99999999999999999", "too large"),
        ("fixed", "1e3", "Enter a number"),
        ("quantity", "-1", "At least 0."),
        ("quantity", "0.0000001", "At most 6 decimals."),
        ("discount", "100.000001", "At most 100."),
        ("count", "1.5", "At most 0 decimals."),
        ("count", "10", "At most 9."),
        ("due", "2025-12-31", "out of range"),
        ("due", "22.11.2026", "Enter a date"),
        ("currency", "XXX", "not one of the choices"),
    ],
)
def test_what_is_wrong_is_said_next_to_the_field(
    posting: Posting, field: str, text: str, message: str
) -> None:
    form = posting(Sample, {"name": "x", field: text})
    with pytest.raises(Invalid) as refused:
        form.check()
    assert list(refused.value.errors) == [field]
    assert message in refused.value.errors[field]
    assert form[field].value == text


def test_the_currency_chosen_decides_the_decimals(posting: Posting) -> None:
    form = posting(Sample, {"name": "x", "currency": "JPY", "amount": "1,234"})
    form.check()
    assert form.data["amount"] == 1234
    form = posting(Sample, {"name": "x", "currency": "IQD", "amount": "1.234"})
    form.check()
    assert form.data["amount"] == 1234
    with pytest.raises(Invalid):
        posting(Sample, {"name": "x", "currency": "JPY", "amount": "1.5"}).check()


def test_a_field_that_the_form_does_not_have_is_refused(posting: Posting) -> None:
    form = posting(
        Sample, {"name": "x", "is_admin": "1", "csrf_token": "t", "_operation": "o", "_base-name": "y"}
    )
    with pytest.raises(Invalid, match="Unknown fields were sent: is_admin"):
        form.check()
    assert form.form_errors


def test_a_file_in_place_of_a_text_is_refused(example: TestApp) -> None:
    page = example.post("/form", {"email": "a@b.de"}, upload_files=[("reference", "x.txt", b"x")], status=422)
    assert "This is not a text." in page.text


def test_values_are_shown_in_the_language(posting: Posting) -> None:
    form = posting(
        Sample,
        None,
        {"amount": 123_450, "quantity": 2_500_000, "price": 18_000_000},
        locale="de",
        currency="EUR",
    )
    assert (form.amount.value, form.quantity.value, form.price.value) == ("1234,50", "2,5", "18,00")


def test_built_in_messages_speak_the_language(posting: Posting) -> None:
    form = posting(Sample, {"name": ""}, locale="de")
    assert form.meta.get_translations(form).gettext("This field is required.") == "Dieses Feld wird benötigt."


# --- lines ---------------------------------------------------------------------------------------------------


LINE = {
    "lines-0-product": "p1",
    "lines-0-product-text": "Chai",
    "lines-0-quantity": "2",
    "lines-0-unit_price": "18",
}


def _order(**values: str) -> dict[str, str]:
    return {"email": "a@b.de", "currency": "EUR", "country": "DE", **LINE, **values}


@pytest.fixture
def order(posting: Posting) -> Posting:
    """Makes the example's order form from what was posted."""
    return lambda **values: posting(OrderForm, _order(**values))


def test_blank_rows_are_not_there(order: Posting) -> None:
    form = order(**{"lines-1-quantity": " ", "lines-1-tax": "reduced", "lines-7-product-text": "chang",
                    "lines-7-quantity": "1", "lines-7-unit_price": "1"})  # fmt: skip
    form.check()
    assert [(line["product"], line["quantity"]) for line in form.lines.data] == [
        ("p1", 2_000_000),
        ("p2", 1_000_000),
    ]


def test_an_error_of_a_line_names_its_place_among_the_lines_that_count(order: Posting) -> None:
    form = order(**{"lines-1-quantity": "", "lines-2-quantity": "x", "lines-2-unit_price": "1"})
    with pytest.raises(Invalid) as refused:
        form.check()
    assert list(refused.value.errors) == ["lines-1-quantity"]
    again = order(**{"lines-1-quantity": "", "lines-2-quantity": "x", "lines-2-unit_price": "1"})
    again.absorb(refused.value)
    assert again.lines.rows[1].quantity.errors
    assert not again.lines.rows[0].quantity.errors


def test_at_least_one_line(posting: Posting) -> None:
    with pytest.raises(Invalid, match="Enter at least one line"):
        posting(OrderForm, {"email": "a@b.de", "currency": "EUR"}).check()


def test_an_unknown_field_of_a_line_is_refused(order: Posting) -> None:
    with pytest.raises(Invalid, match="lines-0-net"):
        order(**{"lines-0-net": "1"}).check()


def test_services_errors_stand_next_to_their_fields(order: Posting) -> None:
    form = order()
    form.absorb(
        Invalid(
            {"lines-0-unit_price": "Too low", "due": "Too late", "lines-9-quantity": "?", "else": "Other"}
        )
    )
    assert form.lines.rows[0].unit_price.errors == ["Too low"]
    assert form.due.errors == ["Too late"]
    assert form.form_errors == ["?", "Other"]


def test_what_was_typed_leads_to_the_one_match(order: Posting) -> None:
    form = order(**{"lines-0-product": "", "lines-0-product-text": "CHAI"})
    form.check()
    assert form.lines.data[0]["product"] == "p1"


def test_a_text_that_several_match_is_refused_naming_them(order: Posting) -> None:
    with pytest.raises(Invalid, match=r"Several match.*Cha"):
        order(**{"lines-0-product": "", "lines-0-product-text": "cha", "lines-0-quantity": "1"}).check()


def test_a_value_that_is_no_choice_is_refused(order: Posting) -> None:
    with pytest.raises(Invalid, match="not one of the choices"):
        order(**{"lines-0-product": "p999", "lines-0-product-text": ""}).check()


def test_a_typed_text_wins_over_the_value_of_another(order: Posting) -> None:
    form = order(**{"lines-0-product": "p1", "lines-0-product-text": "Chang"})
    form.check()
    assert form.lines.data[0]["product"] == "p2"


def test_the_page_shows_what_was_typed_and_marks_the_errors(example: TestApp) -> None:
    page = example.post(
        "/form", {**_order(), "email": "nobody", "lines-0-quantity": "many", "reference": "<x>"}, status=422
    )
    assert page.html.find(id="email")["value"] == "nobody"
    assert page.html.find(id="email")["aria-invalid"] == "true"
    error = page.html.find(id=page.html.find(id="email")["aria-describedby"])
    assert "Enter an e-mail address" in error.text
    quantity = page.html.find(attrs={"name": "lines-0-quantity"})
    assert (quantity["value"], quantity["aria-invalid"]) == ("many", "true")
    assert page.html.find(attrs={"name": "reference"})["value"] == "<x>"
    assert page.html.find(role="alert")


def test_a_form_that_is_right_is_done(example: TestApp) -> None:
    assert example.post("/form", _order()).location.endswith("/orders?flash=1")


def test_every_form_carries_a_token_and_a_fresh_operation(example: TestApp) -> None:
    found = [
        example.get("/form").html.find("form", class_="form").find(attrs={"name": "_operation"})["value"]
        for _ in "ab"
    ]
    assert found[0] != found[1]
    for form in example.get("/detail").html.find_all("form", method="post"):
        assert form.find(attrs={"name": "csrf_token"})["value"]
        assert form.find(attrs={"name": "_operation"})["value"]
