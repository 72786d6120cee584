"""The forms about colleagues. Amounts are in the currency that the view says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from portal.kernel.i18n import _
from portal.kernel.people import SCOPES, Limit, Scope
from portal.people.forms import DepartmentsField, language_choices
from portal.web import forms

if TYPE_CHECKING:
    from portal.people.interfaces import AccountTerms
    from portal.web.request import Request

#: Seeing documents belongs to every membership, so it is no choice.
_CHOICES = [(scope, title) for scope, title in SCOPES.items() if scope != "view"]


class ScopesForm(forms.Form):
    """What a colleague may do beside seeing documents."""

    departments = DepartmentsField()
    scopes = forms.MultiChoiceField(_("May also"), _CHOICES)
    limit = forms.MoneyField(
        _("Spending limit"),
        least=0,
        description=_("What they may order at once; above it, an approver decides. Empty: any amount."),
    )

    def __init__(
        self,
        request: Request,
        data: Mapping[str, Any],
        *,
        terms: AccountTerms,
        scope: Scope,
        currency: str = "",
    ) -> None:
        super().__init__(request, data, currency=currency or terms.currency)
        self._scope = scope
        self.departments.offer(terms.departments, whole=scope.is_whole)
        if self.departments.is_idle:
            del self.departments

    @property
    def chosen_departments(self) -> frozenset[int] | None:
        """The departments that were ticked, or all that there is to choose from; None for the whole account."""
        return self.departments.chosen if "departments" in self else self._scope.departments

    def spending(self, currency: str) -> Limit | None:
        """The limit that was typed."""
        return None if self.limit.data is None else Limit(self.limit.data, currency)


class DocumentLinkForm(forms.Form):
    """For whom a link to a document is, and for how long."""

    sent_to = forms.EmailField(required=True)
    days = forms.IntegerField(_("Works for (days)"), required=True, least=1)


class InviteColleagueForm(ScopesForm):
    """A new colleague."""

    email = forms.EmailField(required=True)
    name = forms.TextField(_("Name"), required=True)
    language = forms.ChoiceField(_("Language"), required=True)

    def __init__(
        self, request: Request, data: Mapping[str, Any], *, terms: AccountTerms, scope: Scope
    ) -> None:
        super().__init__(request, data, terms=terms, scope=scope)
        self.language.choices = language_choices(request)
