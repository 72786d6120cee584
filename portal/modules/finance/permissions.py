"""What can be allowed in finance, and the roles that bundle it."""

from __future__ import annotations

from portal.kernel.card import Permission, Role
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

SCOPES = {"view": (MY_VIEW,), "pay": (MY_PAY,), "statements": (MY_STATEMENTS,)}
