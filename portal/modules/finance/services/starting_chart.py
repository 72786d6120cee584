"""A small chart to begin with, and posting rules for the taxes that are in force."""

from __future__ import annotations

from sqlalchemy import insert, select

from portal.kernel.db import new_public_id
from portal.kernel.errors import Refused
from portal.kernel.i18n import Text, _
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
    PostingRule,
)
from portal.modules.finance.services.chart import Chart, read
from portal.modules.finance.services.rules import RuleKey
from portal.modules.finance.settings import EXCHANGE_ACCOUNT, OPENING_ACCOUNT, RECEIVABLE_ACCOUNT
from portal.modules.taxes.interfaces import ITaxes, Position

_BANK = "1000"
_TAX = "2200"
#: Revenue by the position of the customer; of a union customer without VAT id as at home.
_REVENUE = {
    Position.DOMESTIC: "4000",
    Position.UNION: "4000",
    Position.UNION_VAT_ID: "4100",
    Position.EXPORT: "4200",
}


def is_empty(unit: Unit) -> bool:
    """Whether the chart has no account yet."""
    return unit.db.scalar(select(Account.id).limit(1)) is None


def install_chart(unit: Unit) -> None:
    """Load a small general chart and a posting rule for each tax in force today.

    Account names are in the company's language. Raises Refused where there is an account already.
    """
    if not is_empty(unit):
        raise Refused(_("There are accounts already."))
    receivable, exchange, opening = (
        unit.setting(setting) for setting in (RECEIVABLE_ACCOUNT, EXCHANGE_ACCOUNT, OPENING_ACCOUNT)
    )
    accounts: list[tuple[str, Text, str, str]] = [
        (_BANK, _("Bank"), ASSET, BANK),
        ("1010", _("Cash"), ASSET, BANK),
        (receivable, _("Trade receivables"), ASSET, RECEIVABLE),
        ("2000", _("Trade payables"), LIABILITY, GENERAL),
        (_TAX, _("Output tax"), LIABILITY, GENERAL),
        ("3000", _("Equity"), EQUITY, GENERAL),
        ("4000", _("Revenue, taxed"), INCOME, GENERAL),
        ("4100", _("Revenue, European Union, tax-free"), INCOME, GENERAL),
        ("4200", _("Revenue, export, tax-free"), INCOME, GENERAL),
        ("6000", _("Operating expenses"), EXPENSE, GENERAL),
        (exchange, _("Realised exchange differences"), INCOME, GENERAL),
        (opening, _("Opening balances"), EQUITY, GENERAL),
    ]
    rows = {
        number: {
            "public_id": new_public_id(),
            "number": number,
            "name": unit.translate(name, unit.company.language),
            "kind": kind,
            "purpose": purpose,
            "active": True,
        }
        for number, name, kind, purpose in accounts
    }
    unit.db.execute(insert(Account), list(rows.values()))
    complete_rules(unit)


def complete_rules(unit: Unit) -> int:
    """Add a rule for each tax in force today that has none, to the accounts of the starting chart.

    Returns how many were added. Raises Refused where the chart has no longer the accounts that it began with.
    """
    chart = read(unit)
    known = {
        RuleKey(*row)
        for row in unit.db.execute(select(PostingRule.tax_key, PostingRule.tax_class, PostingRule.position))
    }
    rows = [
        {
            "public_id": new_public_id(),
            "tax_key": key.tax_key,
            "tax_class": key.tax_class,
            "position": key.position,
            "revenue_id": _account(chart, _REVENUE[Position(key.position)]),
            "tax_id": _account(chart, _TAX),
            "receivable_id": chart.at(RECEIVABLE_ACCOUNT, unit.setting(RECEIVABLE_ACCOUNT)).id,
        }
        for key in _in_force(unit)
        if key not in known
    ]
    if rows:
        unit.db.execute(insert(PostingRule), rows)
    return len(rows)


def _in_force(unit: Unit) -> list[RuleKey]:
    taxes = unit.ask(ITaxes)
    found: dict[RuleKey, None] = {}
    for one in taxes.classes():
        for position in Position:
            try:
                taxation = taxes.taxation([one.code], position, unit.today(), unit.company.language)
            except Refused:
                continue  # a class without a rate in this position has no tax to post
            for rate in taxation[one.code].rates:
                found[RuleKey(rate.key, one.code, position.value)] = None
    return list(found)


def _account(chart: Chart, number: str) -> int:
    for account in chart.accounts:
        if account.number == number and account.active:
            return account.id
    raise Refused(_("The chart has no account ${number} any more.", mapping={"number": number}))
