"""Posting rules: the table that says which accounts a line is posted to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import delete, insert, select, tuple_, update

from portal.kernel.db import new_public_id
from portal.kernel.errors import Invalid, Refused
from portal.kernel.i18n import _
from portal.kernel.unit import Unit
from portal.modules.finance.models import GENERAL, INCOME, RECEIVABLE, Account, PostingRule
from portal.modules.finance.services.chart import Chart, locked_until, refuse_closed
from portal.modules.taxes.interfaces import Position, position_title


@dataclass(frozen=True, slots=True)
class RuleKey:
    """What a rule is found by: the key of a tax, the tax class of the line, the tax position of the document."""

    tax_key: str
    tax_class: str
    position: str


@dataclass(frozen=True, slots=True)
class Accounts:
    """Where a line goes: ids of accounts."""

    revenue: int
    tax: int
    receivable: int


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """A rule with the public ids of its accounts."""

    public_id: str
    key: RuleKey
    revenue: str
    tax: str
    receivable: str


def accounts_for(unit: Unit, keys: Iterable[RuleKey], day: date) -> Mapping[RuleKey, Accounts]:
    """The accounts for each key, in one statement that also reads the lock date.

    Raises Refused naming the key that has no rule, or for a day that is closed.
    """
    wanted = list(dict.fromkeys(keys))
    rows = unit.db.execute(
        select(
            PostingRule.tax_key,
            PostingRule.tax_class,
            PostingRule.position,
            PostingRule.revenue_id,
            PostingRule.tax_id,
            PostingRule.receivable_id,
            locked_until().label("locked"),
        ).where(
            tuple_(PostingRule.tax_key, PostingRule.tax_class, PostingRule.position).in_(
                [(key.tax_key, key.tax_class, key.position) for key in wanted]
            )
        )
    ).all()
    found = {RuleKey(*row[:3]): Accounts(*row[3:6]) for row in rows}
    for key in wanted:
        if key not in found:
            raise Refused(
                _(
                    "There is no posting rule for the tax ${tax}, tax class ${class}, position ${position}.",
                    mapping={
                        "tax": key.tax_key,
                        "class": key.tax_class,
                        "position": position_title(Position(key.position)),
                    },
                )
            )
    refuse_closed(day, rows[0].locked if rows else None)
    return found


def find_rule(unit: Unit, public_id: str) -> RuleFacts | None:
    """A rule by public id: one statement."""
    revenue, tax, receivable = (
        select(Account.public_id).where(Account.id == column).scalar_subquery()
        for column in (PostingRule.revenue_id, PostingRule.tax_id, PostingRule.receivable_id)
    )
    row = unit.db.execute(
        select(
            PostingRule.tax_key, PostingRule.tax_class, PostingRule.position, revenue, tax, receivable
        ).where(PostingRule.public_id == public_id)
    ).one_or_none()
    return None if row is None else RuleFacts(public_id, RuleKey(*row[:3]), row[3], row[4], row[5])


def add_rule(unit: Unit, chart: Chart, key: RuleKey, revenue: str, tax: str, receivable: str) -> str:
    """A new rule with accounts by public id; returns its public id. Raises Invalid for a key that has one."""
    values = _accounts(chart, revenue, tax, receivable)
    known = unit.db.scalar(
        select(PostingRule.id).where(
            PostingRule.tax_key == key.tax_key,
            PostingRule.tax_class == key.tax_class,
            PostingRule.position == key.position,
        )
    )
    if known is not None:
        raise Invalid({"tax_key": _("There is a rule for this tax, class and position already.")})
    public_id = new_public_id()
    unit.db.execute(
        insert(PostingRule).values(
            public_id=public_id,
            tax_key=key.tax_key,
            tax_class=key.tax_class,
            position=key.position,
            **values,
        )
    )
    return public_id


def change_rule(unit: Unit, chart: Chart, public_id: str, revenue: str, tax: str, receivable: str) -> None:
    """Give a rule other accounts; what is posted stays. Raises Invalid for unfit accounts."""
    unit.db.execute(
        update(PostingRule)
        .where(PostingRule.public_id == public_id)
        .values(**_accounts(chart, revenue, tax, receivable))
        .execution_options(synchronize_session=False)
    )


def remove_rule(unit: Unit, public_id: str) -> None:
    """Remove a rule; posting what it covered is refused from now on."""
    unit.db.execute(
        delete(PostingRule)
        .where(PostingRule.public_id == public_id)
        .execution_options(synchronize_session=False)
    )


def _accounts(chart: Chart, revenue: str, tax: str, receivable: str) -> dict[str, int]:
    found = {"revenue": chart.find(revenue), "tax": chart.find(tax), "receivable": chart.find(receivable)}
    fits = {"revenue": INCOME, "receivable": RECEIVABLE}
    ids: dict[str, int] = {}
    for name, account in found.items():
        if account is None or not account.active:
            raise Invalid({name: _("Choose an active account.")})
        if name == "revenue" and account.kind != fits[name]:
            raise Invalid({name: _("Revenue is posted to an income account.")})
        if name == "receivable" and account.purpose != fits[name]:
            raise Invalid({name: _("Receivables are posted to an account for customers.")})
        if name == "tax" and account.purpose != GENERAL:
            raise Invalid({name: _("Tax is posted to a general account.")})
        ids[f"{name}_id"] = account.id
    return ids
