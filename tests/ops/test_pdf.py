"""Printed documents: what stands on them, in which form, and that nothing in the data is ever evaluated."""

from __future__ import annotations

import hashlib
import io
import re
import struct
import subprocess
import sys
import zlib
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
import typst
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from pypdf import PdfReader

from portal.kernel.company import Company
from portal.kernel.money import Money
from portal.ops import pdf
from portal.ops.pdf import (
    AgeingBucket,
    Bank,
    DocumentKind,
    Party,
    PrintDocument,
    PrintLine,
    PrintTax,
    Seller,
    Statement,
    StatementRow,
    render,
)

KINDS: tuple[DocumentKind, ...] = get_args(DocumentKind)
HERE = Path(pdf.__file__).parent

SELLER = Seller(
    party=Party("Northwind GmbH", ("Speicherstraße 12", "20457 Hamburg"), "DE123456789", "DE"),
    phone="+49 40 555 0100",
    email="office@northwind.example",
    registration="Amtsgericht Hamburg HRB 123456",
    bank=Bank("Hamburger Bank", "DE89370400440532013000", "COBADEFFXXX"),
)
BUYER = Party("Ernst Handel", ("Kirchgasse 6", "8010 Graz"), "ATU12345678", "AT")
LINE = PrintLine(
    1, "NW-1", "Chai", "10 boxes", Decimal(10), "pcs", Decimal("18.00"), Decimal(0), 18000, "20%"
)
INVOICE = PrintDocument(
    kind="invoice",
    number="R-2026-00042",
    issue_date=date(2026, 3, 4),
    language="en",
    currency="EUR",
    seller=SELLER,
    buyer=BUYER,
    lines=(LINE,),
    net_minor=18000,
    tax_minor=3600,
    gross_minor=21600,
    taxes=(PrintTax("VAT", Decimal(20), 18000, 3600),),
    delivery_date=date(2026, 3, 2),
    due_date=date(2026, 4, 3),
)
STATEMENT = Statement(
    issue_date=date(2026, 3, 31),
    language="en",
    currency="EUR",
    seller=SELLER,
    customer=BUYER,
    account_number="ERNSH",
    start=date(2026, 1, 1),
    end=date(2026, 3, 31),
    opening_minor=10000,
    rows=(
        StatementRow(date(2026, 2, 3), "invoice", "R-1", "PO 7", 21600, 0, 31600),
        StatementRow(date(2026, 3, 5), "payment", "Z-9", "", 0, 10000, 21600),
    ),
    closing_minor=21600,
    ageing=(AgeingBucket(None, None, 0), AgeingBucket(1, 30, 21600), AgeingBucket(91, None, 77)),
)


def pages(document: PrintDocument | Statement) -> list[str]:
    """The text of each page, runs of white space as one space."""
    reader = PdfReader(io.BytesIO(render(document)))
    return [" ".join(page.extract_text().split()) for page in reader.pages]


def printed(document: PrintDocument | Statement) -> str:
    return " ".join(pages(document))


def numbered(count: int) -> tuple[PrintLine, ...]:
    return tuple(replace(LINE, position=number, sku=f"SKU-{number:03d}.") for number in range(1, count + 1))


# -- Directive 2006/112/EC, what an invoice has to say -----------------------------------------------------------------

RATES = replace(
    INVOICE,
    lines=(
        replace(LINE, unit_price=Decimal("20.00"), discount=Decimal(10)),
        PrintLine(2, "NW-2", "Bread", "", Decimal("2.5"), "kg", Decimal("4.505"), Decimal(0), 1126, "10%"),
    ),
    net_minor=19126,
    tax_minor=3713,
    gross_minor=22839,
    taxes=(PrintTax("VAT", Decimal(20), 18000, 3600), PrintTax("VAT", Decimal(10), 1126, 113)),
)
UNION = replace(
    INVOICE,
    tax_minor=0,
    gross_minor=18000,
    taxes=(
        PrintTax(
            "VAT", Decimal(0), 18000, 0, "Intra-Community supply, exempt: Art. 138 Directive 2006/112/EC"
        ),
    ),
)
REVERSE = replace(UNION, taxes=(PrintTax("VAT", Decimal(0), 18000, 0),), exemptions=("Reverse charge",))
FOREIGN = replace(RATES, currency="USD", base_tax=Money(3388, "EUR"))
CORRECTION = replace(INVOICE, kind="credit_note", number="G-2026-00007", invoice_number="R-2026-00042")

ARTICLE_226 = [
    ("1 date of issue", INVOICE, "Date Mar 4, 2026"),
    ("2 sequential number", INVOICE, "Invoice no. R-2026-00042"),
    ("3 seller's VAT number", INVOICE, "VAT ID DE123456789"),
    ("4 customer's VAT number, reverse charge", REVERSE, "Your VAT ID ATU12345678"),
    ("4 customer's VAT number, intra-Community supply", UNION, "Your VAT ID ATU12345678"),
    (
        "5 full name and address of the seller",
        INVOICE,
        "Northwind GmbH Speicherstraße 12 20457 Hamburg Germany",
    ),
    ("5 full name and address of the customer", INVOICE, "Ernst Handel Kirchgasse 6 8010 Graz AUSTRIA"),
    ("6 quantity and nature of goods or services", RATES, "1 Chai NW-1 10 boxes 10 pcs"),
    ("6 quantity and nature, part of a unit", RATES, "2 Bread NW-2 2.5 kg"),
    ("7 date of supply", INVOICE, "Date of supply Mar 2, 2026"),
    ("8 unit price exclusive of VAT and discount", RATES, "10 pcs 20.00 10% 20% 180.00"),
    ("8 unit price with more decimals than the currency", RATES, "2.5 kg 4.505 10% 11.26"),
    ("8 9 10 taxable amount, rate and tax: first rate", RATES, "VAT 20% 180.00 36.00"),
    ("8 9 10 taxable amount, rate and tax: second rate", RATES, "VAT 10% 11.26 1.13"),
    ("8 taxable amount of an exemption", UNION, "VAT 0% 180.00 0.00 Intra-Community supply"),
    ("10 VAT payable", RATES, "VAT 37.13 EUR"),
    ("11 reference for an exemption", UNION, "exempt: Art. 138 Directive 2006/112/EC"),
    ("11a mention of reverse charge", REVERSE, "Reverse charge"),
    ("Art. 230 VAT in the national currency", FOREIGN, "VAT in EUR 33.88 EUR"),
    ("Art. 219 reference to the invoice corrected", CORRECTION, "Corrects invoice R-2026-00042"),
    ("amount to pay", RATES, "Amount due 228.39 EUR"),
]


@pytest.mark.parametrize(
    ("document", "wanted"), [(d, w) for _, d, w in ARTICLE_226], ids=[p for p, _, _ in ARTICLE_226]
)
def test_an_invoice_says_what_the_directive_demands(document: PrintDocument, wanted: str) -> None:
    assert wanted in printed(document)


# -- the same bytes, an archivable file --------------------------------------------------------------------------------


@pytest.mark.parametrize("document", [INVOICE, STATEMENT], ids=["invoice", "statement"])
def test_the_same_facts_give_the_same_bytes_in_another_process(
    document: PrintDocument | Statement, tmp_path: Path
) -> None:
    name = "INVOICE" if isinstance(document, PrintDocument) else "STATEMENT"
    program = f"import hashlib, test_pdf as t; print(hashlib.sha256(t.render(t.{name})).hexdigest())"
    other = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env={"PYTHONPATH": f"{Path(__file__).parent}:{HERE.parents[2]}", "TZ": "Asia/Tokyo", "LC_ALL": "C"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.strip() == hashlib.sha256(render(document)).hexdigest()


def test_another_fact_gives_other_bytes() -> None:
    assert render(INVOICE) != render(replace(INVOICE, notes="x"))


def test_the_file_is_dated_by_the_document() -> None:
    metadata = PdfReader(io.BytesIO(render(INVOICE))).metadata
    assert metadata is not None
    assert (metadata["/CreationDate"], metadata["/ModDate"]) == ("D:20260304000000Z", "D:20260304000000Z")
    assert (metadata.title, metadata.author) == ("Invoice R-2026-00042", "Northwind GmbH")


def test_the_file_is_tagged_pdf_a_with_embedded_fonts() -> None:
    reader = PdfReader(io.BytesIO(render(replace(INVOICE, language="de_AT", draft=True))))
    root = reader.trailer["/Root"]
    xmp = root["/Metadata"].get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in xmp
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in xmp
    assert root["/MarkInfo"]["/Marked"] is not None
    assert root["/Lang"] == "de"
    fonts = reader.pages[0]["/Resources"]["/Font"].values()
    descriptors = [font.get_object()["/DescendantFonts"][0]["/FontDescriptor"] for font in fonts]
    assert descriptors
    assert all({"/FontFile2", "/FontFile3"} & set(descriptor) for descriptor in descriptors)


# -- nothing is evaluated ----------------------------------------------------------------------------------------------

HOSTILE = [
    '#import "@preview/cades:0.3.0": qr',
    "{{7*7}} ${7*7} #(7*7) $7*7$",
    "*bold* _it_ `raw` @ref <label> // no comment /* nor this */",
    r"\input{/etc/passwd} \u{41} %n",
    '#read("letter.typ")',
    "\"quotes\" 'single' -- --- ... ~ [x](y) = heading",
    "<script>alert(1)</script> &amp; %s %(x)s",
    "100 % – Ωmega Ünïcödé Žluťoučký 😀 €",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_markup_is_printed_literally_wherever_it_stands(text: str) -> None:
    line = replace(LINE, sku=text, name=text, description=text)
    document = replace(
        INVOICE,
        lines=(line,),
        buyer=replace(BUYER, name=text, lines=(text,)),
        payment_terms=text,
        notes=text,
        exemptions=(text,),
        taxes=(replace(INVOICE.taxes[0], exemption=text + "."),),
        customer_reference=text,
    )
    found = printed(document)
    # A cell may end a line within a text; there the copy has a space or none.
    assert found.replace(" ", "").count(text.replace(" ", "")) == 10
    assert "49" not in found.replace("+49 40", "")


def test_hebrew_and_arabic_are_printed_with_real_glyphs() -> None:
    found = printed(replace(INVOICE, notes="שלום عربي"))
    assert set("שלוםعربي") <= set(found)


def test_a_name_cannot_turn_the_text_around_it() -> None:
    found = printed(
        replace(INVOICE, buyer=replace(BUYER, name="Evil \u202egnp.exe\u2066 \x00\x1b[31m Ltd\ud800"))
    )
    assert "Evil gnp.exe [31m Ltd" in found


@pytest.mark.parametrize("text", ["中文", "🚀", "\ue000", "\U000e0001"], ids=ascii)
def test_signs_that_no_bundled_font_has_do_not_stop_a_document(text: str) -> None:
    assert "Amount due 216.00 EUR" in printed(replace(INVOICE, notes=text))


def test_a_long_note_is_printed_whole() -> None:
    words = [f"word{number:04d}" for number in range(1200)]
    found = pages(replace(INVOICE, notes=" ".join(words)))
    assert len(found) > 1
    assert re.findall(r"word\d{4}", " ".join(found)) == words


def test_a_long_word_is_broken_within_its_column_and_copied_whole() -> None:
    document = replace(INVOICE, buyer=replace(BUYER, name="W" * 90), lines=(replace(LINE, name="N" * 200),))
    text = PdfReader(io.BytesIO(render(document))).pages[0].extract_text()
    runs = {letter: re.findall(f"{letter}{{3,}}", text) for letter in "WN"}
    assert [sum(map(len, runs["W"])), sum(map(len, runs["N"]))] == [90, 200]
    assert max(map(len, runs["W"])) <= 30
    assert max(map(len, runs["N"])) <= 45
    assert not set("\u200b\xad") & set(text)


def test_lines_of_a_text_stay_lines() -> None:
    document = replace(INVOICE, notes="first\r\nsecond\nthird\tcolumn")
    text = PdfReader(io.BytesIO(render(document))).pages[0].extract_text()
    assert "first\nsecond\nthird column" in text


# -- pages -------------------------------------------------------------------------------------------------------------


def test_one_line_is_one_page() -> None:
    (page,) = pages(INVOICE)
    assert "1 / 1" in page


def test_300_lines_run_over_numbered_pages_each_with_head_and_footer() -> None:
    found = pages(replace(INVOICE, lines=numbered(300)))
    count = len(found)
    assert count > 5
    assert re.findall(r"SKU-(\d{3})\.", " ".join(found)) == [f"{number:03d}" for number in range(1, 301)]
    for number, page in enumerate(found, start=1):
        assert f"{number} / {count}" in page
        assert ("Pos. Description Quantity" in page) == ("SKU-" in page)
        for fact in (
            "VAT ID DE123456789",
            "HRB 123456",
            "IBAN DE89 3704 0044 0532 0130 00",
            "BIC COBADEFFXXX",
        ):
            assert fact in page
    assert all(page.startswith("Northwind GmbH Invoice R-2026-00042") for page in found[1:])


@pytest.mark.parametrize(("language", "word"), [("en", "DRAFT"), ("de", "ENTWURF")])
@pytest.mark.parametrize("kind", KINDS)
def test_each_page_of_a_draft_and_only_of_a_draft_has_the_watermark(
    kind: DocumentKind, language: str, word: str
) -> None:
    issued = replace(INVOICE, kind=kind, language=language, lines=numbered(40))
    drafts = pages(replace(issued, draft=True))
    assert len(drafts) > 1
    # Letters of turned text are copied one by one.
    assert all(word in page.replace(" ", "") for page in drafts)
    assert not any(word in page.replace(" ", "") for page in pages(issued))


def test_a_draft_needs_no_number() -> None:
    found = printed(replace(INVOICE, number=None, draft=True))
    assert "Invoice no." not in found
    assert "None" not in found
    assert "Payment reference" not in found


# -- kinds -------------------------------------------------------------------------------------------------------------


def test_a_delivery_note_shows_no_prices() -> None:
    line = replace(
        LINE, unit_price=Decimal("8765.43"), discount=Decimal("3.75"), net_minor=8436726, tax_label="T%"
    )
    document = replace(
        RATES,
        kind="delivery_note",
        lines=(line,),
        gross_minor=9988776,
        delivery=Party("Lager Süd", ("Industrieweg 9",), "", "AT"),
        payment_terms="30 days",
        base_tax=Money(1, "CHF"),
    )
    found = printed(document)
    assert "Lager Süd Industrieweg 9 AUSTRIA" in found
    assert "Ordered by Ernst Handel Kirchgasse 6" in found
    assert "Delivery date Mar 2, 2026" in found
    assert "1 Chai NW-1 10 boxes 10 pcs" in found
    assert "Received by" in found
    for secret in (
        "8,765",
        "3.75",
        "84,367",
        "99,887",
        "T%",
        "EUR",
        "CHF",
        "Net amount",
        "Payable",
        "30 days",
    ):
        assert secret not in found


@pytest.mark.parametrize(
    ("kind", "english", "german"),
    [
        ("quotation", "Quotation Q-1", "Angebot Q-1"),
        ("order_confirmation", "Order confirmation Q-1", "Auftragsbestätigung Q-1"),
        ("delivery_note", "Delivery note Q-1", "Lieferschein Q-1"),
        ("invoice", "Invoice Q-1", "Rechnung Q-1"),
        ("credit_note", "Credit note Q-1", "Rechnungskorrektur Q-1"),
    ],
)
def test_titles(kind: DocumentKind, english: str, german: str) -> None:
    document = replace(INVOICE, kind=kind, number="Q-1")
    assert english in printed(document)
    assert german in printed(replace(document, language="de"))


def test_a_quotation_says_how_long_it_holds_and_which_revision_it_is() -> None:
    first = replace(INVOICE, kind="quotation", due_date=None, valid_until=date(2026, 5, 6))
    assert "Valid until May 6, 2026" in printed(first)
    assert "Revision" not in printed(first)
    assert "Revision 2" in printed(replace(first, revision=2))
    assert "Payment reference" not in printed(first)


def test_the_place_of_delivery_is_named_beside_the_buyer() -> None:
    found = printed(replace(INVOICE, delivery=Party("Lager Süd", ("Industrieweg 9",), "", "DE")))
    assert "Ernst Handel Kirchgasse 6 8010 Graz AUSTRIA" in found
    assert "Delivery address Lager Süd Industrieweg 9 Pos." in found


def test_an_invoice_says_how_to_pay_it() -> None:
    found = printed(INVOICE)
    assert (
        "Amount 216.00 EUR Payable by Apr 3, 2026 Payee Northwind GmbH IBAN DE89 3704 0044 0532 0130 00"
        in found
    )
    assert "Payment reference R-2026-00042" in found


def test_an_exemption_given_twice_is_printed_once() -> None:
    text = UNION.taxes[0].exemption
    assert printed(replace(UNION, exemptions=(text, "Other reason"))).count(text) == 1


def test_the_discount_column_is_there_when_a_line_has_one() -> None:
    assert "Discount" in printed(RATES)
    assert "Discount" not in printed(INVOICE)


def test_a_statement_runs_from_balance_to_balance() -> None:
    found = printed(STATEMENT)
    for text in (
        "Statement of account Jan 1, 2026 – Mar 31, 2026",
        "Customer no. ERNSH",
        "Opening balance 100.00",
        "Feb 3, 2026 Invoice R-1 PO 7 216.00 316.00",
        "Mar 5, 2026 Payment Z-9 100.00 216.00",
        "Closing balance 216.00 EUR",
        "Not due 1 to 30 days From 91 days 0.00 216.00 0.77",
    ):
        assert text in found


def test_a_long_statement_repeats_its_head() -> None:
    rows = tuple(replace(STATEMENT.rows[0], number=f"R-{number}.") for number in range(120))
    found = pages(replace(STATEMENT, rows=rows, ageing=()))
    assert len(found) > 2
    assert all("Date Document Reference Debit Credit Balance" in page for page in found)
    assert re.findall(r"R-(\d+)\.", " ".join(found)) == [str(number) for number in range(120)]


# -- figures -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("currency", "language", "price", "minor", "wanted"),
    [
        ("EUR", "en", "1234.5", 123450, "10 pcs 1,234.50 20% 1,234.50"),
        ("EUR", "de", "1234.5", 123450, "10 pcs 1.234,50 20% 1.234,50"),
        ("EUR", "en", "0.123456", 123, "10 pcs 0.123456 20% 1.23"),
        ("JPY", "en", "1234", 12340, "10 pcs 1,234 20% 12,340"),
        ("JPY", "en", "0.5", 5, "10 pcs 0.5 20% 5"),
        ("IQD", "de", "1.5", 15000, "10 pcs 1,500 20% 15,000"),
        ("EUR", "en", "-2.00", -2000, "10 pcs -2.00 20% -20.00"),
        ("EUR", "en", "9223372036854.775807", 9223372036854775807, "92,233,720,368,547,758.07"),
    ],
)
def test_figures_have_the_decimals_of_their_currency_and_the_signs_of_the_language(
    currency: str, language: str, price: str, minor: int, wanted: str
) -> None:
    line = replace(LINE, unit_price=Decimal(price), net_minor=minor)
    found = printed(replace(INVOICE, currency=currency, language=language, lines=(line,)))
    assert wanted.replace(" ", "") in found.replace(" ", "")


def test_a_price_that_cannot_be_printed_exactly_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 6 decimals"):
        render(replace(INVOICE, lines=(replace(LINE, unit_price=Decimal("0.1234567")),)))


def test_german_dates_and_countries() -> None:
    found = printed(replace(INVOICE, language="de"))
    assert "Leistungsdatum 02.03.2026" in found
    assert "8010 Graz ÖSTERREICH" in found
    assert "20457 Hamburg Deutschland" in found


# -- the letterhead ----------------------------------------------------------------------------------------------------


def png(width: int, height: int) -> bytes:
    """A blue picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = (b"\0" + b"\x17\x41\x6b" * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(pixels))
        + chunk(b"IEND", b"")
    )


def test_a_logo_takes_the_place_of_the_name() -> None:
    with_logo = PdfReader(io.BytesIO(render(replace(INVOICE, seller=replace(SELLER, logo=png(40, 10))))))
    without = PdfReader(io.BytesIO(render(INVOICE)))
    assert "/XObject" in with_logo.pages[0]["/Resources"]
    assert "/XObject" not in without.pages[0]["/Resources"]
    counts = [reader.pages[0].extract_text().count("Northwind GmbH") for reader in (with_logo, without)]
    assert counts[1] - counts[0] == 1


def test_a_drawn_logo_is_accepted_and_a_broken_one_named() -> None:
    drawn = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4" cy="4" r="4"/></svg>'
    assert render(replace(INVOICE, seller=replace(SELLER, logo=drawn))).startswith(b"%PDF-")
    with pytest.raises(typst.TypstError, match="image"):
        render(replace(INVOICE, seller=replace(SELLER, logo=b"no picture")))


def test_the_company_of_the_settings_becomes_the_seller(tmp_path: Path) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(png(4, 4))
    company = Company(
        name="Northwind GmbH",
        address=("Speicherstraße 12", "20457 Hamburg"),
        country="DE",
        vat_id="DE123456789",
        register="Amtsgericht Hamburg HRB 123456",
        email="office@northwind.example",
        phone="+49 40 555 0100",
        bank_name="Hamburger Bank",
        iban="DE89370400440532013000",
        bic="COBADEFFXXX",
        logo=logo,
        zone=ZoneInfo("UTC"),
        currency="EUR",
        language="de",
    )
    assert Seller.of(company) == replace(SELLER, logo=png(4, 4))
    assert Seller.of(replace(company, iban="", logo=None)) == replace(SELLER, bank=None)


# -- words -------------------------------------------------------------------------------------------------------------


def german() -> Catalog:
    with (HERE / "locale/de/LC_MESSAGES/portal.po").open("rb") as file:
        return read_po(file, locale="de", domain="portal")


def test_every_printed_word_is_translated() -> None:
    marked = {message for _, _, message, _, _ in extract_from_dir(str(HERE))}
    translated = {message.id for message in german() if message.id and message.string and not message.fuzzy}
    assert marked
    assert marked == translated


def test_the_compiled_words_are_those_that_stand_here() -> None:
    compiled = io.BytesIO()
    write_mo(compiled, german())
    assert (HERE / "locale/de/LC_MESSAGES/portal.mo").read_bytes() == compiled.getvalue()
