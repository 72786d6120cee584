"""The forms about people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from babel import Locale

from portal.kernel.errors import Invalid
from portal.kernel.i18n import Text, _
from portal.people.roles import grantable, live_roles
from portal.web import LANGUAGES, forms
from portal.web.fields import Choice

if TYPE_CHECKING:
    from portal.kernel.people import Membership
    from portal.people.api_tokens import Choosable
    from portal.people.interfaces import AccountDepartment
    from portal.web.request import Request

_NEW_PASSWORD = {"autocomplete": "new-password"}
_STRENGTH = _(
    "At least 10 characters, without the name of the company, yours or your e-mail. A few words in a row are easy to remember and hard to guess."
)


def language_choices(request: Request) -> list[Choice]:
    """The languages of the portal, each called by its own name."""
    return [Choice(code, language_name(code)) for code in request.setting(LANGUAGES)]


def language_name(code: str) -> str:
    """What a language calls itself."""
    locale = Locale.parse(code.replace("-", "_"))
    return locale.get_display_name(locale) or code


#: The choice of a `DepartmentsField` that stands for all there is.
WHOLE_ACCOUNT = "account"


class DepartmentsField(forms.MultiChoiceField):
    """How much of an account somebody sees: the whole of it, or some of its departments. Nothing ticked is no answer."""

    def __init__(self, label: Text = _("Sees"), **kwargs: Any) -> None:
        super().__init__(
            label,
            required=True,
            default=[WHOLE_ACCOUNT],
            description=_("The account statement is there for the whole account only."),
            **kwargs,
        )
        self._ids: dict[str, int] = {}

    def offer(self, departments: Sequence[AccountDepartment], *, whole: bool) -> None:
        """Offer these departments and, where it may be given, the `whole` account."""
        self._ids = {one.public_id: one.id for one in departments}
        everything = [Choice(WHOLE_ACCOUNT, _("The whole account"))] if whole else []
        self.choices = [*everything, *(Choice(one.public_id, one.name) for one in departments)]

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to choose: no department, or only one and not the whole account."""
        return len(self.options) < 2

    @property
    def chosen(self) -> frozenset[int] | None:
        """The ids of the departments that were ticked; None for the whole account."""
        if WHOLE_ACCOUNT in self.data:
            return None
        return frozenset(self._ids[public_id] for public_id in self.data)


def ticked(departments: Sequence[AccountDepartment], limited_to: frozenset[int] | None) -> list[str]:
    """What a `DepartmentsField` begins with for somebody who is limited to departments, or to none."""
    if limited_to is None:
        return [WHOLE_ACCOUNT]
    return [one.public_id for one in departments if one.id in limited_to]


class SignInForm(forms.Form):
    """E-mail and password, in one of the two realms."""

    email = forms.TextField(
        _("E-mail"),
        required=True,
        longest=254,
        attributes={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    password = forms.PasswordField(
        _("Password"), required=True, attributes={"autocomplete": "current-password"}
    )
    realm = forms.HiddenField(required=True, pattern="employees|customers")
    next = forms.HiddenField(longest=4000)


def _code_field(label: Text) -> forms.TextField:
    return forms.TextField(
        label,
        required=True,
        longest=60,
        attributes={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"},
    )


class VerifyForm(forms.Form):
    """The password once more, and a code of those who have a second factor; what is not asked for is left out."""

    password = forms.PasswordField(
        _("Password"), required=True, attributes={"autocomplete": "current-password"}
    )
    code = _code_field(_("Code of your app, or a recovery code"))


class CodeForm(forms.Form):
    """A one-time code or a recovery code."""

    code = _code_field(_("Code of your app, or a recovery code"))


class PasskeyForm(forms.Form):
    """What a browser says after a passkey was used; a script fills it in."""

    credential = forms.HiddenField(required=True, longest=8_000)
    next = forms.HiddenField(longest=4000)


class TotpForm(forms.Form):
    """A new app: how it is called, what it was told, and the code that it shows."""

    name = forms.TextField(_("Name"), required=True, longest=60, description=_("Such as: phone"))
    code = _code_field(_("The code that the app shows"))
    secret = forms.HiddenField(required=True, longest=400)


class NewPasskeyForm(forms.Form):
    """A new passkey: how it is called; a script adds what the browser made."""

    name = forms.TextField(_("Name"), required=True, longest=60, description=_("Such as: laptop, blue key"))
    credential = forms.HiddenField(longest=8_000)


class RemoveFactorForm(forms.Form):
    """Which factor is to go."""

    factor = forms.HiddenField(required=True, longest=40)


class RecoveryForm(forms.Form):
    """Which recovery codes are to be replaced: `recovery_codes_mark` of those that there were."""

    seen = forms.HiddenField(required=True, longest=40)


class LinkForm(forms.Form):
    """Who wants a link to sign in by."""

    email = forms.TextField(
        _("E-mail"),
        required=True,
        longest=254,
        attributes={"autocomplete": "username", "autocapitalize": "none"},
    )
    next = forms.HiddenField(longest=4000)


class EmailForm(forms.Form):
    """One's new e-mail."""

    email = forms.EmailField(_("New e-mail"), required=True)


class ForgottenForm(forms.Form):
    """Who has forgotten their password."""

    email = forms.TextField(
        _("E-mail"),
        required=True,
        longest=254,
        attributes={"autocomplete": "username", "autocapitalize": "none"},
    )
    realm = forms.HiddenField(required=True, pattern="employees|customers")


class _NewPasswordForm(forms.Form):
    """A new password, typed twice."""

    password = forms.PasswordField(
        _("New password"), required=True, description=_STRENGTH, attributes=_NEW_PASSWORD
    )
    again = forms.PasswordField(_("The same once more"), required=True, attributes=_NEW_PASSWORD)

    def check(self) -> None:
        """Also compare the two."""
        super().check()
        if self.password.data != self.again.data:
            raise Invalid({"again": _("This is not the same as above.")})


class ResetForm(_NewPasswordForm):
    """A new password in place of a forgotten one."""


class InvitationForm(_NewPasswordForm):
    """How somebody who was invited is called, and their first password."""

    name = forms.TextField(_("Your name"), required=True, attributes={"autocomplete": "name"})


class ProfileForm(forms.Form):
    """One's own name and language."""

    name = forms.TextField(_("Name"), required=True, attributes={"autocomplete": "name"})
    language = forms.ChoiceField(_("Language"), required=True)

    def __init__(self, request: Request, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(request, data)
        self.language.choices = language_choices(request)


class FirstPasswordForm(_NewPasswordForm):
    """The password of somebody who had none."""


class PasswordForm(forms.Form):
    """A new password by somebody who knows the old one."""

    old = forms.PasswordField(
        _("Present password"), required=True, attributes={"autocomplete": "current-password"}
    )
    new = forms.PasswordField(
        _("New password"), required=True, description=_STRENGTH, attributes=_NEW_PASSWORD
    )
    again = forms.PasswordField(_("The same once more"), required=True, attributes=_NEW_PASSWORD)

    def check(self) -> None:
        """Also compare the two."""
        super().check()
        if self.new.data != self.again.data:
            raise Invalid({"again": _("This is not the same as above.")})


class InviteForm(forms.Form):
    """A new employee."""

    email = forms.EmailField(required=True)
    name = forms.TextField(_("Name"), required=True)
    language = forms.ChoiceField(_("Language"), required=True)

    def __init__(self, request: Request, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(request, data)
        self.language.choices = language_choices(request)


class RolesForm(forms.Form):
    """The roles of a person; `shown` are those that the page showed as granted."""

    roles = forms.MultiChoiceField(_("Roles"))
    shown = forms.HiddenField(longest=20_000)
    until = forms.DateField(
        _("Last day of new roles"),
        description=_("Roles ticked now end after this day; without a day they have no end."),
    )

    def __init__(self, request: Request, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(request, data)
        declared = [Choice(role.name, role.title) for card in request.house.cards for role in card.roles]
        self.composed = [Choice(role.name, role.title, role.name) for role in live_roles(request.unit)]
        self.roles.choices = [*declared, *self.composed]


class EndForm(forms.Form):
    """When a role that somebody has ends."""

    role = forms.ChoiceField(_("Role"), required=True)
    until = forms.DateField(
        _("Last day"), description=_("Without a day the role has no end."), id="end-until"
    )

    def __init__(self, request: Request, roles: Iterable[str]) -> None:
        super().__init__(request)
        self.role.choices = [Choice(role, role) for role in roles]


class ComposedForm(forms.Form):
    """What a composed role is called and allows; `version` is that of the role as the page showed it."""

    title = forms.TextField(_("Title"), required=True, longest=100)
    permissions = forms.MultiChoiceField(_("Permissions"))
    version = forms.HiddenField(longest=10, pattern="[0-9]+")

    def __init__(
        self, request: Request, data: Mapping[str, Any] | None = None, kept: Iterable[str] = ()
    ) -> None:
        super().__init__(request, data)
        known = grantable(request.house)
        self.permissions.choices = [Choice(name, name) for name in sorted(known.union(kept))]


class NewRoleForm(ComposedForm):
    """A new composed role."""

    slug = forms.TextField(
        _("Name"),
        required=True,
        longest=40,
        description=_("Small letters, digits and underscores; it cannot be changed later."),
    )


class ReasonForm(forms.Form):
    """Why somebody looks at the portal as another."""

    reason = forms.TextField(
        _("Reason"),
        required=True,
        longest=200,
        description=_("It is logged, such as the number of a request for support."),
    )


class ApiTokenForm(forms.Form):
    """What a key for a program is called, what it may do, and until when."""

    name = forms.TextField(
        _("Name"), required=True, longest=60, description=_("What it is for, such as “Nightly export”.")
    )
    permissions = forms.MultiChoiceField(_("What it may do"), required=True)
    account = forms.ChoiceField(_("Account"), blank=_("All accounts"))
    expires_on = forms.DateField(_("Works until the end of"), required=True)

    def offer(self, groups: Sequence[Choosable], accounts: Sequence[Membership], request: Request) -> None:
        """Offer the permissions by module, and the accounts where there are several."""
        self.permissions.choices = [
            Choice(one.name, f"{request.translate(group.card.title)}: {request.translate(one.title)}")
            for group in groups
            for one in group.permissions
        ]
        self.account.choices = [Choice(one.account, one.name) for one in accounts]
        if len(accounts) < 2:
            del self.account
