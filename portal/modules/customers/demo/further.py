"""Further customers for measuring: the companies of Northwind over and over, told apart by a word in their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.kernel.composition import House
from portal.kernel.unit import Unit
from portal.modules.customers.demo import account_data, open_account
from portal.modules.customers.models import Counter
from portal.ops import northwind
from portal.ops.further import Account, Rows
from portal.ops.multiplying import Numbering, Rules, Values

_TABLE = "customers_customer"


def open_further(unit: Unit, kind: int, word: str) -> None:
    """Open an account like that of one of Northwind's companies, under a name and e-mail of its own."""
    companies = northwind.customers()
    company = companies[kind % len(companies)]
    named = replace(
        company,
        code=f"{company.code}-{word}",
        name=f"{company.name} {word}",
        place=replace(company.place, name=f"{company.name} {word}"),
        warehouses=tuple(replace(place, name=f"{company.name} {word}") for place in company.warehouses),
    )
    data = account_data(named, 30, unit.company.currency, 0)
    open_account(unit, named, data, anyway=True)


def account_of(rows: Rows, word: str) -> Account:
    """The account among the rows that were written with it."""
    (customer,) = rows[_TABLE]
    words = (word, word.lower(), customer["number"], customer["number"].lower(), customer["public_id"])
    parts = (row["public_id"] for name in ("customers_address", "customers_contact") for row in rows[name])
    return Account(_TABLE, customer["id"], (*words, *parts))


def rules(_house: House) -> Rules:
    """How rows of customers are copied."""
    numbers = _Numbers()
    return Rules(
        references={("ops_document", "customer_id"): _TABLE},
        numbers={_TABLE: Numbering(("number",), numbers.number)},
        begin=numbers.begin,
        finish=numbers.finish,
    )


class _Numbers:
    """The counter of account numbers, while accounts are copied."""

    def __init__(self) -> None:
        self._last = 0

    def begin(self, session: Session) -> None:
        self._last = session.scalars(select(Counter.last)).one()

    def finish(self, session: Session) -> None:
        if self._last:
            session.execute(
                update(Counter).values(last=self._last).execution_options(synchronize_session=False)
            )

    def number(self, _row: Values) -> Mapping[str, Any]:
        self._last += 1
        return {"number": f"C-{self._last}"}
