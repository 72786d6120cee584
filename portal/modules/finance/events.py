"""What others may HEAR of finance. `InvoicePosting` is a vote before the first write, when there is no number yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from portal.kernel.events import Event, Vote


@dataclass(frozen=True, slots=True)
class InvoicePosting(Vote):
    """Shall this draft be posted? `kind` is invoice or credit_note; `gross` in minor units of `currency`.

    Subscribers may raise `Refused`. `order` is the public id of the order, "" without.
    """

    public_id: str
    kind: str
    customer_id: int
    order: str
    currency: str
    gross: int


@dataclass(frozen=True, slots=True)
class InvoicePosted(Event):
    """An invoice or credit note has its number. Subscribers only insert: the number's counter is locked."""

    public_id: str
    kind: str
    number: str
    customer_id: int
    order: str
    currency: str
    gross: int
    posted_on: date


@dataclass(frozen=True, slots=True)
class PaymentRecorded(Event):
    """A payment came in; `amount` in minor units of `currency`."""

    public_id: str
    customer_id: int
    currency: str
    amount: int


@dataclass(frozen=True, slots=True)
class PaymentReversed(Event):
    """A payment was taken back by the bank."""

    public_id: str
    customer_id: int
    currency: str
    amount: int
