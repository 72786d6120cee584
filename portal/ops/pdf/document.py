"""What can be printed, described completely: nothing here is formatted, translated or looked up later.

Amounts ending in `_minor` are whole minor units of the document's currency. Percents are plain: ``Decimal(19)`` is 19 %.
Empty text and None are left out of the print. `language` is a locale such as ``en``, ``de`` or ``de_AT``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from portal.kernel.company import Company
from portal.kernel.money import Money

DocumentKind = Literal["quotation", "order_confirmation", "delivery_note", "invoice", "credit_note"]
EntryKind = Literal["invoice", "credit_note", "payment", "refund", "reversal", "entry"]


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody with a postal address: `lines` stand under the name, without the country (ISO 3166, two letters).

    The country is printed by name in the document's language where it differs from the seller's.
    """

    name: str
    lines: tuple[str, ...]
    vat_id: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Bank:
    """The account to pay to. An IBAN is printed in groups of four."""

    name: str
    iban: str
    bic: str = ""


@dataclass(frozen=True, slots=True)
class Seller:
    """The company that issues the document; `registration` is its entry in the commercial register.

    `logo` holds the bytes of a PNG, JPEG or SVG; without one the name is set in its place.
    """

    party: Party
    phone: str = ""
    email: str = ""
    registration: str = ""
    bank: Bank | None = None
    logo: bytes | None = None

    @classmethod
    def of(cls, company: Company) -> Seller:
        """The company of the settings. Reads the logo's file: OSError when it is gone."""
        return cls(
            party=Party(company.name, company.address, company.vat_id, company.country),
            phone=company.phone,
            email=company.email,
            registration=company.register,
            bank=Bank(company.bank_name, company.iban, company.bic) if company.iban else None,
            logo=company.logo.read_bytes() if company.logo else None,
        )


@dataclass(frozen=True, slots=True)
class PrintLine:
    """A line: the unit price is without tax and before the discount, a percent; `tax_label` is short ("19%", "RC")."""

    position: int
    sku: str
    name: str
    description: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    discount: Decimal
    net_minor: int
    tax_label: str


@dataclass(frozen=True, slots=True)
class PrintTax:
    """One rate of the document's tax breakdown; `exemption` says why no tax is charged, citing the rule."""

    label: str
    percent: Decimal
    base_minor: int
    amount_minor: int
    exemption: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintDocument:
    """A document to or for a customer.

    - `number` is None for a draft that has none yet; `revision` is printed from the second on.
    - `delivery_date` is the date of supply on an invoice, the date of delivery on a delivery note, else the promised one.
    - `invoice_number` is, on a credit note, the invoice that it corrects.
    - `department` is the customer's department whose document it is.
    - `delivery` is the place of delivery where it is not the buyer's address; a delivery note is addressed to it.
    - `base_tax` is the tax in the currency of the books, needed when that is not the document's (2006/112/EC Art. 230).
    - `draft` puts a watermark across each page.
    """

    kind: DocumentKind
    number: str | None
    issue_date: date
    language: str
    currency: str
    seller: Seller
    buyer: Party
    lines: tuple[PrintLine, ...]
    net_minor: int = 0
    tax_minor: int = 0
    gross_minor: int = 0
    taxes: tuple[PrintTax, ...] = ()
    base_tax: Money | None = None
    revision: int = 1
    delivery_date: date | None = None
    due_date: date | None = None
    valid_until: date | None = None
    account_number: str = ""
    customer_reference: str = ""
    department: str = ""
    order_number: str = ""
    invoice_number: str = ""
    responsible: str = ""
    contact: str = ""
    delivery: Party | None = None
    payment_terms: str = ""
    exemptions: tuple[str, ...] = ()
    notes: str = ""
    draft: bool = False


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One movement of a customer's account, and the balance after it; a balance above zero is owed to the company."""

    date: date
    kind: EntryKind
    number: str
    reference: str
    debit_minor: int
    credit_minor: int
    balance_minor: int


@dataclass(frozen=True, slots=True)
class AgeingBucket:
    """What is open at `first` to `last` days after its due date; both None: not yet due; `last` None: no end."""

    first: int | None
    last: int | None
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A customer's account from `start` to `end`, both included, in one currency.

    `credits_minor` (zero or below) is what payments and credit notes have left; with `ageing` it sums to the closing
    balance.
    """

    issue_date: date
    language: str
    currency: str
    seller: Seller
    customer: Party
    account_number: str
    start: date
    end: date
    opening_minor: int
    rows: tuple[StatementRow, ...]
    closing_minor: int
    ageing: tuple[AgeingBucket, ...] = ()
    credits_minor: int = 0
