"""Possible duplicates: existing accounts that a new one may mean, with a score from 0 to 100."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

from sqlalchemy import Row, or_, select

from portal.kernel.errors import Refused
from portal.kernel.i18n import Text, _
from portal.kernel.unit import Unit
from portal.modules.customers import DUPLICATE_THRESHOLD
from portal.modules.customers.models import Customer
from portal.modules.customers.services.searching import BEGIN, email_domain, match_name, phone_digits

#: What each agreement is worth. One VAT id is one company; a name alone must agree nearly letter by letter.
_VAT_ID, _NAME, _EMAIL, _PHONE = 100, 70, 25, 40
_SHOWN = 5
_CANDIDATES = 400
_Found = Row[str, str, str, str, str, str, str, str, bool]


@dataclass(frozen=True, slots=True)
class Likeness:
    """An account that a new one may mean, and in what they agree."""

    public_id: str
    number: str
    name: str
    city: str
    active: bool
    score: int
    reasons: tuple[Text, ...]


class PossibleDuplicates(Refused):
    """The new account may exist already; `likenesses` are the accounts, likeliest first."""

    def __init__(self, likenesses: list[Likeness]) -> None:
        super().__init__(_("This customer may exist already. Please look at the accounts below."))
        self.likenesses = likenesses


def possible_duplicates(unit: Unit, name: str, vat_id: str, email: str, phone: str) -> list[Likeness]:
    """The likeliest accounts at or above the threshold, likeliest first; one statement."""
    asked = (match_name(name), vat_id.replace(" ", "").upper(), email_domain(email), phone_digits(phone))
    threshold = unit.setting(DUPLICATE_THRESHOLD)
    scored = (_score(row, *asked) for row in _candidates(unit, *asked))
    found = sorted(
        (one for one in scored if one.score >= threshold), key=lambda one: (-one.score, one.number)
    )
    return found[:_SHOWN]


def _candidates(unit: Unit, name: str, vat_id: str, domain: str, digits: str) -> list[_Found]:
    """Accounts that agree in something that is indexed."""
    conditions = [
        column == value
        for column, value in (
            (Customer.vat_id, vat_id),
            (Customer.email_domain, domain),
            (Customer.phone_digits, digits),
        )
        if value
    ]
    if name:
        conditions.append(Customer.match_begin == name[:BEGIN])
    if not conditions:
        return []
    return list(
        unit.db.execute(
            select(
                Customer.public_id,
                Customer.number,
                Customer.name,
                Customer.city,
                Customer.match_name,
                Customer.vat_id,
                Customer.email_domain,
                Customer.phone_digits,
                Customer.active,
            )
            .where(or_(*conditions))
            .order_by(Customer.id)
            .limit(_CANDIDATES)
        )
    )


def _score(row: _Found, name: str, vat_id: str, domain: str, digits: str) -> Likeness:
    likeness = SequenceMatcher(None, name, row.match_name).ratio() if name else 0.0
    score, reasons = 0, list[Text]()
    if vat_id and vat_id == row.vat_id:
        score, reasons = score + _VAT_ID, [*reasons, _("same VAT id")]
    if likeness >= 0.8:
        score, reasons = score + round(_NAME * likeness), [*reasons, _("similar name")]
    if domain and domain == row.email_domain:
        score, reasons = score + _EMAIL, [*reasons, _("same e-mail domain")]
    if digits and digits == row.phone_digits:
        score, reasons = score + _PHONE, [*reasons, _("same telephone number")]
    return Likeness(
        row.public_id, row.number, row.name, row.city, row.active, min(score, 100), tuple(reasons)
    )
