"""The company that runs the portal: who it is, where its day begins, in which currency its books are kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from portal.kernel.mail import is_email
from portal.kernel.money import CURRENCIES
from portal.kernel.settings import Setting, Settings, lines, optional_file, text, zone

#: What a picture's file begins with, by the ending of its name; SVG is text and has its tag somewhere near the top.
_PICTURES = {".png": b"\x89PNG\r\n\x1a\n", ".jpg": b"\xff\xd8\xff", ".jpeg": b"\xff\xd8\xff", ".svg": b"<svg"}
_HEAD = 4096


def _currency(value: str) -> str:
    code = value.strip().upper()
    if code not in CURRENCIES:
        raise ValueError(f"must be an ISO 4217 currency such as EUR, not {value.strip()!r}")
    return code


def _country(value: str) -> str:
    code = value.strip().upper()
    if len(code) != 2 or not code.isalpha():
        raise ValueError(f"must be an ISO 3166 country code such as DE, not {value.strip()!r}")
    return code


def _email(value: str) -> str:
    address = value.strip()
    if not is_email(address):
        raise ValueError(f"must be an e-mail address such as office@company.example, not {address!r}")
    return address


def _picture(value: str) -> Path | None:
    """A picture that the PDF of a document can show, by the ending of its name and by what the file begins with."""
    path = optional_file(value)
    if path is None:
        return None
    signature = _PICTURES.get(path.suffix.lower())
    if signature is None:
        raise ValueError(f"must name a PNG, JPEG or SVG file, not {path}")
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise ValueError(f"names a file that cannot be read: {path}: {error.strerror}") from None
    if not (signature in head if path.suffix.lower() == ".svg" else head.startswith(signature)):
        raise ValueError(f"names a file that is no {path.suffix[1:].upper()} picture: {path}")
    return path


NAME = Setting("portal.company.name", text, None, "the company's name, printed on every document")
ADDRESS = Setting("portal.company.address", lines, None, "the company's postal address, one line each")
COUNTRY = Setting("portal.company.country", _country, None, "country of the seat (ISO 3166), decides taxes")
VAT_ID = Setting("portal.company.vat_id", text, "", "VAT identification number")
REGISTER = Setting("portal.company.register", text, "", "commercial register entry, printed in the footer")
EMAIL = Setting("portal.company.email", _email, None, "the address customers write to and mail comes from")
PHONE = Setting("portal.company.phone", text, "", "telephone number")
BANK_NAME = Setting("portal.company.bank_name", text, "", "name of the bank that customers pay to")
IBAN = Setting("portal.company.iban", text, "", "account that customers pay to")
BIC = Setting("portal.company.bic", text, "", "the bank's BIC")
LOGO = Setting("portal.company.logo", _picture, "", "PNG, JPEG or SVG file with the logo")
TIME_ZONE = Setting("portal.company.time_zone", zone, "UTC", "IANA zone that decides which day it is")
CURRENCY = Setting("portal.company.currency", _currency, None, "base currency of the books (ISO 4217)")
LANGUAGE = Setting("portal.company.language", text, "en", "language of the company's own people")

SETTINGS = (
    NAME,
    ADDRESS,
    COUNTRY,
    VAT_ID,
    REGISTER,
    EMAIL,
    PHONE,
    BANK_NAME,
    IBAN,
    BIC,
    LOGO,
    TIME_ZONE,
    CURRENCY,
    LANGUAGE,
)


@dataclass(frozen=True, slots=True)
class Company:
    """The company as its settings describe it; `logo` is a file, `zone` decides the business date."""

    name: str
    address: tuple[str, ...]
    country: str
    vat_id: str
    register: str
    email: str
    phone: str
    bank_name: str
    iban: str
    bic: str
    logo: Path | None
    zone: ZoneInfo
    currency: str
    language: str

    @classmethod
    def of(cls, settings: Settings) -> Company:
        """Read the company from the ini."""
        return cls(
            name=settings[NAME],
            address=settings[ADDRESS],
            country=settings[COUNTRY],
            vat_id=settings[VAT_ID],
            register=settings[REGISTER],
            email=settings[EMAIL],
            phone=settings[PHONE],
            bank_name=settings[BANK_NAME],
            iban=settings[IBAN],
            bic=settings[BIC],
            logo=settings[LOGO],
            zone=settings[TIME_ZONE],
            currency=settings[CURRENCY],
            language=settings[LANGUAGE],
        )
