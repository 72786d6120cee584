"""What is looked at before the first request: the currency of the books cannot change under them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.kernel.company import CURRENCY
from portal.kernel.composition import House
from portal.kernel.errors import BootRefused
from portal.modules.finance.models import Entry


def check_base_currency(house: House, session: Session) -> None:
    """Raises BootRefused where entries were posted in another base currency than the company's."""
    posted = session.scalar(select(Entry.currency).where(Entry.currency != house.company.currency).limit(1))
    if posted is not None:
        raise BootRefused(
            f"{CURRENCY.key} is {house.company.currency}, but the books were begun in {posted}: a base currency cannot"
            " be changed after the first posting"
        )
