"""What the ini may say about finance."""

from __future__ import annotations

import re

from portal.kernel.money import Policy
from portal.kernel.settings import Setting, integer, text


def _month(value: str) -> int:
    month = integer(value)
    if not 1 <= month <= 12:
        raise ValueError("must be a month from 1 to 12")
    return month


def _series(value: str) -> str:
    name = value.strip()
    if not re.fullmatch(r"[A-Z]{1,6}", name):
        raise ValueError("must be one to six capitals such as INV")
    return name


def _policy(value: str) -> str:
    try:
        return str(Policy.parse(value.strip()))
    except ValueError:
        raise ValueError(
            "must be tax rounding, rounding and price basis such as document/half_up/net"
        ) from None


INVOICE_SERIES = Setting("portal.finance.invoice_series", _series, "INV", "what invoice numbers begin with")
CREDIT_SERIES = Setting(
    "portal.finance.credit_series", _series, "CN", "what the numbers of credit notes begin with"
)
FISCAL_YEAR_START = Setting(
    "portal.finance.fiscal_year_start", _month, "1", "month in which the fiscal year begins"
)
POLICY = Setting(
    "portal.finance.policy",
    _policy,
    "document/half_up/net",
    "how invoices without an order round: tax by document or line, half_up or half_even, net or gross prices",
)
RECEIVABLE_ACCOUNT = Setting(
    "portal.finance.receivable_account", text, "1200", "number of the account that payments are credited to"
)
EXCHANGE_ACCOUNT = Setting(
    "portal.finance.exchange_account", text, "7900", "number of the account of realised exchange differences"
)
OPENING_ACCOUNT = Setting(
    "portal.finance.opening_account", text, "9000", "number of the account that opening balances are against"
)

SETTINGS = (
    INVOICE_SERIES,
    CREDIT_SERIES,
    FISCAL_YEAR_START,
    POLICY,
    RECEIVABLE_ACCOUNT,
    EXCHANGE_ACCOUNT,
    OPENING_ACCOUNT,
)
