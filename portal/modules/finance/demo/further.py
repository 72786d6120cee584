"""Further orders for measuring: posted and paid through the services, and how their rows are copied.

Copies are numbered and chained by hashes as the services do, and reach their stored state by the steps that the
database's triggers demand: entries and documents are flipped to posted once their lines are there, allocations come
last and are taken off both of their ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session

from portal.kernel.composition import House
from portal.kernel.people import Actor
from portal.kernel.unit import Unit
from portal.modules.finance.models import BANK, DRAFT, POSTED, Counter, Entry, Invoice
from portal.modules.finance.services import chart, digests, ledger, payments, posting
from portal.modules.finance.services.chart import AccountFacts, Chart
from portal.modules.finance.services.numbers import ALLOCATIONS, Series, journal_series
from portal.modules.finance.services.payments import PaymentData
from portal.modules.finance.settings import FISCAL_YEAR_START, INVOICE_SERIES
from portal.ops.further import FurtherOrder, Rows, Step
from portal.ops.multiplying import Numbering, Rules, Values

#: Of ten kinds of orders this one is not paid, the next one by half.
_UNPAID, _HALF = 6, 7
_PAID_AFTER = timedelta(days=20)


def bank(books: Chart) -> AccountFacts:
    """The account that payments come in on."""
    return books.of_purpose(BANK)[0]


def step(accountant: Actor) -> Step:
    """What happens to the invoices of a further order."""

    def life(order: FurtherOrder) -> None:
        drafts = select(Invoice).where(Invoice.order_id == order.order_id, Invoice.state == DRAFT)
        for draft in order.session.scalars(drafts.order_by(Invoice.id)).all():
            posting.post_invoice(order.at(order.day, 14, accountant), draft)
            paid = {_UNPAID: 0, _HALF: draft.gross // 2}.get(order.kind % 10, draft.gross)
            if paid:
                _pay(order.at(order.day + _PAID_AFTER, 15, accountant), draft.id, paid)

    return life


def _pay(unit: Unit, invoice_id: int, amount: int) -> None:
    invoice = unit.db.get_one(Invoice, invoice_id, populate_existing=True)
    books = chart.read(unit)
    data = PaymentData(
        customer_id=invoice.customer_id,
        customer_name=invoice.customer_name,
        day=unit.today(),
        amount=amount,
        currency=invoice.currency,
        account=bank(books).public_id,
        reference=invoice.number or "",
        allocations={invoice.public_id: amount},
    )
    payments.record(unit, books, data, known=invoice)


def rules(house: House) -> Rules:
    """How rows of finance are copied."""
    counters = _Counters(house)
    return Rules(
        references={
            ("finance_invoice", "order_id"): "orders_order",
            ("finance_invoice_line", "order_line_id"): "orders_line",
        },
        numbers={
            "finance_entry": Numbering(
                ("number", "document_digest", "previous_hash", "hash"), counters.entry
            ),
            "finance_invoice": Numbering(("number", "year", "sequence"), counters.invoice),
            "finance_payment": Numbering(("number",), counters.payment),
            "finance_allocation": Numbering(("number", "previous_hash", "hash"), counters.allocation),
        },
        seal=counters.seal,
        insertable={
            "finance_entry": lambda row: {**row, "posted": False},
            "finance_invoice": _drafted,
            "finance_payment": lambda row: {**row, "open": row["amount"], "base_open": row["base_amount"]},
        },
        late=("finance_allocation",),
        begin=counters.begin,
        finish=counters.finish,
    )


def _drafted(row: Values) -> Values:
    """An invoice while its lines are still to be added, with nothing allocated yet."""
    if row["state"] != POSTED:
        return row
    lacking = dict.fromkeys(("number", "invoice_date", "posted_at"))
    return {**row, **lacking, "state": DRAFT, "open": row["gross"], "base_open": row["base_gross"]}


_POST_ENTRIES = "UPDATE finance_entry SET posted = true WHERE id > :since AND NOT posted"
_POST_INVOICES = """
UPDATE finance_invoice SET state = 'posted', number = document.number, invoice_date = entry.day,
 posted_at = entry.posted_at
FROM finance_entry AS entry, ops_document AS document
WHERE finance_invoice.state = 'draft' AND entry.id = finance_invoice.entry_id
 AND document.public_id = finance_invoice.document
"""


def _grouped(rows: Rows, table: str, key: str) -> dict[int, list[Values]]:
    found: dict[int, list[Values]] = {}
    for row in rows.get(table, ()):
        found.setdefault(row[key], []).append(row)
    return found


def _digests(rows: Rows) -> dict[int, str]:
    """The digests of documents by the entries that post them."""
    lines = _grouped(rows, "finance_invoice_line", "invoice_id")
    taxes = _grouped(rows, "finance_invoice_tax", "invoice_id")
    found = {
        row["entry_id"]: digests.of_document(row, lines.get(row["id"], ()), taxes.get(row["id"], ()))
        for row in rows.get("finance_invoice", ())
        if row["state"] == POSTED
    }
    found |= {row["entry_id"]: digests.of_payment(row) for row in rows.get("finance_payment", ())}
    found |= {row["entry_id"]: digests.of_reversal(row) for row in rows.get("finance_payment_reversal", ())}
    return found


class _Counters:
    """The counters of finance while rows are copied, and with them what depends on the order of posting."""

    def __init__(self, house: House) -> None:
        self._series = house.settings[INVOICE_SERIES]
        self._first_month = house.settings[FISCAL_YEAR_START]
        self._rows: dict[tuple[str, int], tuple[int, date | None]] = {}
        self._hashes: dict[str, str] = {}
        self._labels: dict[int, str] = {}
        self._allocated = 0
        self._finished = 0

    def begin(self, session: Session) -> None:
        columns = (Counter.series, Counter.year, Counter.last, Counter.last_date, Counter.last_hash)
        rows = session.execute(select(*columns)).all()
        counted = {(row.series, row.year): (row.last, row.last_date) for row in rows}
        # The database moves this one on, when allocations come.
        self._allocated, _day = counted.pop((ALLOCATIONS.name, ALLOCATIONS.year), (0, None))
        self._rows = counted
        self._hashes = {row.series: row.last_hash for row in rows}

    def entry(self, row: Values) -> Mapping[str, Any]:
        number = self._take(journal_series(row["journal"]))
        self._labels[row["id"]] = ledger.label(row["journal"], number)
        return {"number": number}

    def invoice(self, row: Values) -> Mapping[str, Any]:
        if row["state"] != POSTED:
            return {}
        day: date = row["invoice_date"]
        series = Series(self._series, day.year if day.month >= self._first_month else day.year - 1, day)
        number = self._take(series)
        return {"number": series.label(number), "year": series.year, "sequence": number}

    def payment(self, row: Values) -> Mapping[str, Any]:
        return {"number": self._labels[row["entry_id"]]}

    def allocation(self, row: Values) -> Mapping[str, Any]:
        self._allocated += 1
        return {"number": self._allocated}

    def _take(self, series: Series) -> int:
        last, _day = self._rows.get((series.name, series.year), (0, None))
        self._rows[series.name, series.year] = (last + 1, series.day)
        return last + 1

    def seal(self, rows: Rows) -> None:
        """Take the digests of a copy's documents, and chain its entries and allocations to those before."""
        lines = _grouped(rows, "finance_entry_line", "entry_id")
        documents = _digests(rows)
        for entry in rows.get("finance_entry", ()):
            series = journal_series(entry["journal"]).name
            entry["previous_hash"] = self._hashes.get(series, "")
            entry["document_digest"] = documents.get(entry["id"], "")
            entry["hash"] = ledger.chained(entry["previous_hash"], entry, lines[entry["id"]])
            self._hashes[series] = entry["hash"]
        for allocation in rows.get("finance_allocation", ()):
            allocation["previous_hash"] = self._hashes.get(ALLOCATIONS.name, "")
            allocation["hash"] = digests.of_allocation(allocation["previous_hash"], allocation)
            self._hashes[ALLOCATIONS.name] = allocation["hash"]
        self._labels.clear()

    def finish(self, session: Session) -> None:
        """Write the counters, then post what was inserted; the database checks each row and notes the last hash."""
        for (series, year), (last, day) in self._rows.items():
            changed = session.execute(
                update(Counter)
                .where(Counter.series == series, Counter.year == year)
                .values(last=last, last_date=day)
                .returning(Counter.last)
                .execution_options(synchronize_session=False)
            )
            if changed.first() is None:
                session.execute(
                    insert(Counter).values(series=series, year=year, last=last, last_date=day, last_hash="")
                )
        session.execute(text(_POST_ENTRIES), {"since": self._finished})
        session.execute(text(_POST_INVOICES))
        self._finished = session.scalars(select(func.coalesce(func.max(Entry.id), 0))).one()
