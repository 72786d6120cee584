"""Keeping the chart of accounts, posting rules and the lock date."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from portal.kernel.i18n import _
from portal.modules.finance import lists
from portal.modules.finance.forms import (
    AccountForm,
    LockDateForm,
    RuleAccountsForm,
    RuleForm,
    chart_of,
)
from portal.modules.finance.models import GENERAL, INCOME, RECEIVABLE
from portal.modules.finance.permissions import CONFIGURE, JOURNAL, VIEW
from portal.modules.finance.resources import AccountNode, Accounts, Entries, RuleNode, Rules
from portal.modules.finance.services import chart, lock_date, rules, starting_chart
from portal.modules.finance.services.chart import AccountData
from portal.modules.finance.services.rules import RuleKey
from portal.modules.taxes.interfaces import ITaxes
from portal.web.request import Request

_TEMPLATES = "portal:modules/finance/templates/"


@view_config(context=Accounts, permission=VIEW, request_method="GET", renderer=f"{_TEMPLATES}accounts.jinja2")
def accounts(context: Accounts, request: Request) -> dict[str, Any]:
    """The chart of accounts; an empty one can be filled with a starting chart."""
    page = lists.ACCOUNTS.page(request.db, request.GET, base=request.resource_path(context))
    may = request.permits(CONFIGURE)
    empty = not page.rows and not page.is_narrowed
    return {"page": page, "may_configure": may, "starting": may and empty}


@view_config(context=Accounts, name="csv", permission=VIEW, request_method="GET")
def accounts_csv(context: Accounts, request: Request) -> Response:
    """The same as a file."""
    return lists.ACCOUNTS.csv(request)


@view_config(context=Accounts, name="load", permission=CONFIGURE, request_method="POST", show="")
def load(context: Accounts, request: Request) -> Response:
    """Load the starting chart."""
    starting_chart.install_chart(request.unit)
    request.flash(_("The starting chart was loaded. Please have it checked by your accountant."))
    return HTTPSeeOther(request.resource_path(context))


@view_config(
    context=Accounts,
    name="new",
    permission=CONFIGURE,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}form.jinja2",
)
def new_account(context: Accounts, request: Request) -> Any:
    """A new account."""
    form = AccountForm(request, {"active": True, "kind": "expense", "purpose": GENERAL})
    back = request.resource_path(context)
    if not request.submitted:
        return {"form": form, "heading": _("New account"), "back": back}
    form.check()
    chart.add_account(request.unit, _account_data(form))
    request.flash(_("The account was added."))
    return HTTPSeeOther(back)


@view_config(
    context=AccountNode,
    name="edit",
    permission=CONFIGURE,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}form.jinja2",
)
def edit_account(context: AccountNode, request: Request) -> Any:
    """Change an account."""
    account = context.account
    form = AccountForm(
        request,
        {
            "number": account.number,
            "name": account.name,
            "kind": account.kind,
            "purpose": account.purpose,
            "active": account.active,
        },
    )
    back = request.resource_path(context)
    if not request.submitted:
        return {"form": form, "heading": account.title, "back": back}
    form.check()
    chart.change_account(request.unit, account, _account_data(form))
    request.flash(_("The account was changed."))
    return HTTPSeeOther(back)


def _account_data(form: AccountForm) -> AccountData:
    return AccountData(
        number=form.number.data,
        name=form.name.data,
        kind=form.kind.data,
        purpose=form.purpose.data,
        active=form.active.data,
    )


# --- posting rules -------------------------------------------------------------------------------------------


@view_config(context=Rules, permission=VIEW, request_method="GET", renderer=f"{_TEMPLATES}rules.jinja2")
def rules_list(context: Rules, request: Request) -> dict[str, Any]:
    """The posting rules."""
    may = request.permits(CONFIGURE)
    base = request.resource_path(context)
    page = lists.RULES.page(request.db, request.GET, base=base, bases=None if may else {"tax_key": None})
    return {"page": page, "may_configure": may}


@view_config(context=Rules, name="csv", permission=VIEW, request_method="GET")
def rules_csv(context: Rules, request: Request) -> Response:
    """The same as a file."""
    return lists.RULES.csv(request)


@view_config(context=Rules, name="complete", permission=CONFIGURE, request_method="POST", show="")
def complete(context: Rules, request: Request) -> Response:
    """Add a rule for each tax in force that has none."""
    added = starting_chart.complete_rules(request.unit)
    request.flash(_("${count} posting rules were added.", mapping={"count": added}))
    return HTTPSeeOther(request.resource_path(context))


@view_config(
    context=Rules,
    name="new",
    permission=CONFIGURE,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}form.jinja2",
)
def new_rule(context: Rules, request: Request) -> Any:
    """A new posting rule."""
    form = RuleForm(request)
    _offer_accounts(form, request)
    form.tax_class.choices = [(one.code, one.title) for one in request.unit.ask(ITaxes).classes()]
    back = request.resource_path(context)
    if not request.submitted:
        return {"form": form, "heading": _("New posting rule"), "back": back}
    form.check()
    key = RuleKey(form.tax_key.data, form.tax_class.data, form.position.data)
    rules.add_rule(
        request.unit, chart_of(request), key, form.revenue.data, form.tax.data, form.receivable.data
    )
    request.flash(_("The posting rule was added."))
    return HTTPSeeOther(back)


@view_config(
    context=RuleNode,
    permission=CONFIGURE,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}rule.jinja2",
)
def edit_rule(context: RuleNode, request: Request) -> Any:
    """Give a posting rule other accounts."""
    rule = context.rule
    form = RuleAccountsForm(
        request, {"revenue": rule.revenue, "tax": rule.tax, "receivable": rule.receivable}
    )
    _offer_accounts(form, request)
    back = request.resource_path(context.__parent__)
    if not request.submitted:
        return {"form": form, "rule": rule, "back": back}
    form.check()
    rules.change_rule(
        request.unit,
        chart_of(request),
        rule.public_id,
        form.revenue.data,
        form.tax.data,
        form.receivable.data,
    )
    request.flash(_("The posting rule was changed."))
    return HTTPSeeOther(back)


@view_config(context=RuleNode, name="remove", permission=CONFIGURE, request_method="POST", show="")
def remove_rule(context: RuleNode, request: Request) -> Response:
    """Remove a posting rule."""
    rules.remove_rule(request.unit, context.rule.public_id)
    request.flash(_("The posting rule was removed."))
    return HTTPSeeOther(request.resource_path(context.__parent__))


def _offer_accounts(form: RuleAccountsForm, request: Request) -> None:
    active = chart_of(request).active
    form.revenue.choices = chart.titles(one for one in active if one.kind == INCOME)
    form.tax.choices = chart.titles(one for one in active if one.purpose == GENERAL)
    form.receivable.choices = chart.titles(one for one in active if one.purpose == RECEIVABLE)


# --- lock date -----------------------------------------------------------------------------------------------


@view_config(
    context=Entries,
    name="lock-date",
    permission=JOURNAL,
    request_method=("GET", "POST"),
    renderer=f"{_TEMPLATES}lock_date.jinja2",
)
def lock(context: Entries, request: Request) -> Any:
    """Close the books up to a day."""
    form = LockDateForm(request)
    if not request.submitted:
        return {
            "form": form,
            "history": lock_date.history(request.unit),
            "back": request.resource_path(context),
        }
    form.check()
    lock_date.move(request.unit, form.day.data, form.reason.data, backwards=request.permits(CONFIGURE))
    request.flash(_("The lock date was moved."))
    return HTTPSeeOther(request.resource_path(context, "lock-date"))
