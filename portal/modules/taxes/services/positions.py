"""The position of a buyer: a pure decision from two countries and a VAT id."""

from __future__ import annotations

from datetime import date

from portal.modules.taxes.interfaces import Position

#: Members of the European Union with the day of their accession. The United Kingdom left on 2020-02-01, and its
#: transition ended on 2020-12-31.
UNION_SINCE = {
    **dict.fromkeys(("BE", "DE", "FR", "IT", "LU", "NL"), date(1958, 1, 1)),
    **dict.fromkeys(("DK", "IE"), date(1973, 1, 1)),
    "GR": date(1981, 1, 1),
    **dict.fromkeys(("ES", "PT"), date(1986, 1, 1)),
    **dict.fromkeys(("AT", "FI", "SE"), date(1995, 1, 1)),
    **dict.fromkeys(("CY", "CZ", "EE", "HU", "LT", "LV", "MT", "PL", "SI", "SK"), date(2004, 5, 1)),
    **dict.fromkeys(("BG", "RO"), date(2007, 1, 1)),
    "HR": date(2013, 7, 1),
}

#: Codes that stand for another country in matters of VAT: Greece's own VAT prefix; Monaco belongs to France and the
#: Isle of Man to the United Kingdom (Directive 2006/112/EC, Art. 7).
_SAME_AS = {"EL": "GR", "MC": "FR", "IM": "GB"}

#: Northern Ireland: a VAT id with this prefix buys goods as in the Union (Protocol on Ireland/Northern Ireland).
NORTHERN_IRELAND = "XI"


def vat_country(code: str) -> str:
    """The country that a country code or VAT prefix means for VAT, in capitals."""
    plain = code.strip().upper()
    return _SAME_AS.get(plain, plain)


def in_union(country: str, on: date) -> bool:
    """Whether the country was a member on that day, or is Northern Ireland."""
    return country == NORTHERN_IRELAND or (country in UNION_SINCE and UNION_SINCE[country] <= on)


def decide(seller: str, buyer: str, vat_id: str, on: date) -> Position:
    """The position of a buyer towards a seller; every pair of countries has exactly one.

    A VAT id counts if its prefix is that of another member state than the seller's: an exempt supply goes to a person
    registered elsewhere (Directive 2006/112/EC, Art. 138).
    """
    home, country = vat_country(seller), vat_country(buyer)
    registered = vat_country(vat_id.strip()[:2])
    if country == home:
        return Position.DOMESTIC
    if country == "GB" and registered == NORTHERN_IRELAND:
        country = NORTHERN_IRELAND
    if not (in_union(home, on) and in_union(country, on)):
        return Position.EXPORT
    if registered != home and in_union(registered, on):
        return Position.UNION_VAT_ID
    return Position.UNION
