"""What every letter of the company has: letterhead, address window, information block, footer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from portal.kernel.i18n import _
from portal.ops.pdf.document import Bank, Party, Seller
from portal.ops.pdf.formats import Formats
from portal.ops.pdf.labels import Translator

#: What a template receives: texts ready to print, in lists and dictionaries.
Payload = dict[str, Any]
#: A label with its value.
Fact = tuple[str, str]


def letter(
    seller: Seller,
    recipient: Party,
    title: str,
    issue_date: date,
    facts: Iterable[Fact],
    formats: Formats,
    t: Translator,
) -> Payload:
    """The shared part of a document's payload; facts with an empty value are left out."""
    return {
        "language": formats.locale.language,
        "title": title,
        "author": seller.party.name,
        "date": [issue_date.year, issue_date.month, issue_date.day],
        "logo": list(seller.logo) if seller.logo else None,
        "sender": " · ".join((seller.party.name, *seller.party.lines)),
        "recipient": postal(recipient, seller.party.country, formats),
        "facts": [fact for fact in facts if fact[1]],
        "footer": [column for column in _footer(seller, formats, t) if column],
    }


def postal(party: Party, from_country: str, formats: Formats) -> list[str]:
    """Name and address as written on an envelope: a foreign country in capitals as the last line."""
    foreign = party.country if party.country != from_country else ""
    return _filled(party.name, *party.lines, formats.country(foreign).upper())


def iban_groups(iban: str) -> str:
    """An IBAN in groups of four, kept on one line (ISO 13616, the form on paper)."""
    compact = "".join(iban.split())
    return "\N{NO-BREAK SPACE}".join(compact[start : start + 4] for start in range(0, len(compact), 4))


def _footer(seller: Seller, formats: Formats, t: Translator) -> Iterable[list[str]]:
    party = seller.party
    yield _filled(party.name, *party.lines, formats.country(party.country))
    yield _filled(seller.phone, seller.email)
    yield _filled(_labelled(t(_("VAT ID")), party.vat_id), seller.registration)
    if seller.bank:
        yield _bank(seller.bank)


def _bank(bank: Bank) -> list[str]:
    return _filled(bank.name, _labelled("IBAN", iban_groups(bank.iban)), _labelled("BIC", bank.bic))


def _labelled(label: str, value: str) -> str:
    return f"{label} {value}" if value else ""


def _filled(*lines: str) -> list[str]:
    return [line for line in lines if line]
