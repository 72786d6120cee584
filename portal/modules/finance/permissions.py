"""What can be allowed in finance, and the roles that bundle it."""

from __future__ import annotations

from portal.kernel.card import GuardedAct, Permission, Role
from portal.kernel.i18n import _

VIEW = "finance.view"
DRAFT = "finance.draft"
POST = "finance.post"
PAY = "finance.pay"
JOURNAL = "finance.journal"
CONFIGURE = "finance.configure"
MY_VIEW = "finance.my.view"
MY_PAY = "finance.my.pay"
MY_STATEMENTS = "finance.my.statements"

PERMISSIONS = (
    Permission(VIEW, _("See invoices, payments and the books")),
    Permission(DRAFT, _("Write and delete drafts of invoices")),
    Permission(POST, _("Post and mail invoices and credit notes")),
    Permission(PAY, _("Record and allocate payments")),
    Permission(JOURNAL, _("Post manual entries, reversals and opening balances")),
    Permission(CONFIGURE, _("Keep the chart of accounts, posting rules and the lock date")),
    Permission(MY_VIEW, _("See the own invoices")),
    Permission(MY_PAY, _("See what is to be paid of the own invoices, and how")),
    Permission(MY_STATEMENTS, _("See the own account statement")),
)

_ACCOUNTANT = (VIEW, DRAFT, POST, PAY, JOURNAL)

ROLES = (
    Role("finance.reader", _("Reader of the books"), (VIEW,)),
    Role("finance.accountant", _("Accountant"), _ACCOUNTANT),
    Role("finance.controller", _("Controller"), (*_ACCOUNTANT, CONFIGURE)),
)

#: The acts that the ini may put under four eyes.
POST_ACT = "finance.post"
CREDIT_ACT = "finance.credit"
PAY_ACT = "finance.pay"
REVERSE_PAYMENT_ACT = "finance.reverse_payment"
JOURNAL_ACT = "finance.journal"
LOCK_DATE_ACT = "finance.lock_date"
FOUR_EYES = (
    GuardedAct(POST_ACT, _("Post an invoice"), POST),
    GuardedAct(CREDIT_ACT, _("Post a credit note"), POST),
    GuardedAct(PAY_ACT, _("Record a payment"), PAY),
    GuardedAct(REVERSE_PAYMENT_ACT, _("Reverse a payment"), PAY),
    GuardedAct(JOURNAL_ACT, _("Post or reverse an entry by hand"), JOURNAL),
    GuardedAct(LOCK_DATE_ACT, _("Move the lock date"), JOURNAL, measured=False),
)

SCOPES = {"view": (MY_VIEW,), "pay": (MY_PAY,), "statements": (MY_STATEMENTS,)}
