"""The chart of accounts as commands use it, and keeping it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import insert, or_, select, update

from portal.kernel.db import new_public_id
from portal.kernel.errors import Invalid, Refused
from portal.kernel.i18n import Text, _
from portal.kernel.settings import Setting
from portal.kernel.unit import Unit
from portal.modules.finance.models import (
    ASSET,
    BANK,
    EQUITY,
    EXPENSE,
    GENERAL,
    INCOME,
    LIABILITY,
    RECEIVABLE,
    Account,
    EntryLine,
    LockDate,
    PostingRule,
)
from portal.modules.finance.settings import EXCHANGE_ACCOUNT, OPENING_ACCOUNT, RECEIVABLE_ACCOUNT

#: The settings that name accounts.
NAMING = (RECEIVABLE_ACCOUNT, EXCHANGE_ACCOUNT, OPENING_ACCOUNT)

KINDS: Mapping[str, Text] = {
    ASSET: _("Asset"),
    LIABILITY: _("Liability"),
    EQUITY: _("Equity"),
    INCOME: _("Income"),
    EXPENSE: _("Expense"),
}
PURPOSES: Mapping[str, Text] = {
    GENERAL: _("General"),
    RECEIVABLE: _("Receivables (customers)"),
    BANK: _("Bank or cash"),
}


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """An account of the chart."""

    id: int
    public_id: str
    number: str
    name: str
    kind: str
    purpose: str
    active: bool

    @property
    def title(self) -> str:
        """Number and name."""
        return f"{self.number} {self.name}"


@dataclass(frozen=True, slots=True)
class Chart:
    """All accounts by number, and the lock date: what a command reads once, before it locks anything."""

    accounts: tuple[AccountFacts, ...]
    locked_until: date | None

    def refuse_closed(self, day: date) -> None:
        """Raises Refused for a day on or before the lock date."""
        refuse_closed(day, self.locked_until)

    def find(self, public_id: str) -> AccountFacts | None:
        """The account with that public id."""
        return next((account for account in self.accounts if account.public_id == public_id), None)

    def at(self, setting: Setting[str], number: str) -> AccountFacts:
        """The account that a setting names by its number.

        Raises Refused, naming the setting, where there is none, or where it is not for customers and has to be.
        """
        for account in self.accounts:
            if account.number == number and account.active:
                _demand_purpose(account, setting)
                return account
        raise Refused(
            _(
                "The chart has no active account ${number}, which the setting ${key} names.",
                mapping={"number": number, "key": setting.key},
            )
        )

    def of_purpose(self, purpose: str) -> list[AccountFacts]:
        """The active accounts for a purpose."""
        return [account for account in self.accounts if account.active and account.purpose == purpose]

    @property
    def active(self) -> list[AccountFacts]:
        """The active accounts."""
        return [account for account in self.accounts if account.active]


def _demand_purpose(account: AccountFacts, setting: Setting[str]) -> None:
    if setting.key == RECEIVABLE_ACCOUNT.key and account.purpose != RECEIVABLE:
        raise Refused(
            _(
                "The account ${number}, which the setting ${key} names, is not an account for customers.",
                mapping={"number": account.number, "key": setting.key},
            )
        )


def refuse_closed(day: date, locked_until: date | None) -> None:
    """Raises Refused for a day on or before the lock date."""
    if locked_until is not None and day <= locked_until:
        raise Refused(_("The books are closed up to and including ${day}.", mapping={"day": locked_until}))


def locked_until() -> Any:
    """The lock date as a scalar subquery."""
    return select(LockDate.day).order_by(LockDate.id.desc()).limit(1).scalar_subquery()


def read(unit: Unit) -> Chart:
    """The chart and the lock date, in one statement."""
    rows: Any = unit.db.execute(_accounts().add_columns(locked_until().label("locked"))).all()
    return Chart(tuple(AccountFacts(*row[:-1]) for row in rows), rows[0].locked if rows else None)


def _accounts() -> Any:
    return select(
        Account.id,
        Account.public_id,
        Account.number,
        Account.name,
        Account.kind,
        Account.purpose,
        Account.active,
    ).order_by(Account.number)


def find(unit: Unit, public_id: str) -> AccountFacts | None:
    """An account by public id: one statement."""
    row = unit.db.execute(_accounts().where(Account.public_id == public_id)).one_or_none()
    return None if row is None else AccountFacts(*row)


@dataclass(frozen=True, slots=True)
class AccountData:
    """What people keep of an account."""

    number: str
    name: str
    kind: str
    purpose: str = GENERAL
    active: bool = True


def add_account(unit: Unit, data: AccountData) -> str:
    """A new account; returns its public id. Raises Invalid for a number that is taken, an unfit kind or purpose."""
    _check(unit, data, None)
    public_id = new_public_id()
    unit.db.execute(insert(Account).values(public_id=public_id, **_values(data)))
    return public_id


def change_account(unit: Unit, account: AccountFacts, data: AccountData) -> None:
    """Rename or renumber an account, or take it out of use.

    Kind and purpose of an account stay once it has entries or a posting rule or setting names it, and an account that a
    posting rule names stays in use. Raises Invalid.
    """
    _check(unit, data, account)
    changed = (data.kind, data.purpose) != (account.kind, account.purpose)
    if changed and _has_lines(unit, account.id):
        raise Invalid({"kind": _("The account has entries: its kind and purpose stay.")})
    if changed and account.number in {unit.setting(setting) for setting in NAMING}:
        raise Invalid({"kind": _("A setting names this account: its kind and purpose stay.")})
    ruled = (changed or not data.active) and _has_rules(unit, account.id)
    if changed and ruled:
        raise Invalid({"kind": _("A posting rule names this account: its kind and purpose stay.")})
    if ruled:
        raise Invalid({"active": _("A posting rule names this account.")})
    unit.db.execute(
        update(Account)
        .where(Account.id == account.id)
        .values(**_values(data))
        .execution_options(synchronize_session=False)
    )


def _values(data: AccountData) -> dict[str, Any]:
    return {
        "number": data.number,
        "name": data.name,
        "kind": data.kind,
        "purpose": data.purpose,
        "active": data.active,
    }


def _check(unit: Unit, data: AccountData, account: AccountFacts | None) -> None:
    taken = unit.db.scalar(select(Account.id).where(Account.number == data.number))
    if taken is not None and (account is None or taken != account.id):
        raise Invalid({"number": _("There is an account with this number already.")})
    if data.kind not in KINDS or data.purpose not in PURPOSES:
        raise Invalid({"kind": _("This is not one of the choices.")})
    if data.purpose != GENERAL and data.kind != ASSET:
        raise Invalid({"purpose": _("Receivables and banks are assets.")})


def _has_lines(unit: Unit, account_id: int) -> bool:
    return unit.db.scalar(select(EntryLine.id).where(EntryLine.account_id == account_id).limit(1)) is not None


def _has_rules(unit: Unit, account_id: int) -> bool:
    named = or_(
        PostingRule.revenue_id == account_id,
        PostingRule.tax_id == account_id,
        PostingRule.receivable_id == account_id,
    )
    return unit.db.scalar(select(PostingRule.id).where(named).limit(1)) is not None


def titles(accounts: Iterable[AccountFacts]) -> list[tuple[str, str]]:
    """Accounts as choices: public id and title."""
    return [(account.public_id, account.title) for account in accounts]
