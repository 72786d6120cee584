"""Proving anew who one is by the password of the directory, and by the second factor here of those who have one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.view import view_config

from portal.kernel.i18n import _
from portal.kernel.people import Method
from portal.kernel.tree import Root
from portal.people import services
from portal.people.destinations import local_path
from portal.people.forms import VerifyForm
from portal.people.services import attempts
from portal.people.services.external import linked
from portal.people.services.factors import has_factor
from portal.people.services.passkeys import has_passkey, request_options
from portal.people.services.sign_in import WrongPassword, visitor_of
from portal.people.views.sign_in import counted_attempts, network_address
from portal.people.views.verify import go_on, shown_factors
from portal.people.ways import vouched_for
from portal.web.request import Request


@view_config(
    context=Root,
    name="sign-in-directory-again",
    permission=NO_PERMISSION_REQUIRED,
    open_to_all=_("Part of proving anew who one is."),
    request_method=("GET", "POST"),
    renderer="portal:people/templates/verify.jinja2",
    operation=False,
)
def again(context: Root, request: Request) -> Any:
    """Ask those who came by the directory for their password there once more."""
    identity, wanted = request.identified, local_path(request.GET.get("next"))
    if identity is None or identity.method is not Method.LDAP:
        return HTTPSeeOther(location="/sign-in?" + urlencode({"again": "1", "next": wanted}))
    unit = request.unit
    person = services.user_by_id(unit, identity.user_id)
    form = VerifyForm(request)
    if not has_factor(unit, person):
        del form.code
    if request.submitted:
        form.check()
        visitor = visitor_of(person, network_address(request))
        with counted_attempts(request, visitor):
            outsider = vouched_for(request, identity.email, form.password.data)
            user = None if outsider is None else linked(request.unit, outsider)
            if user is None or user.id != identity.user_id:
                raise WrongPassword(_("The password is wrong."))
            attempts.forgive(request.unit, visitor)
        return go_on(request, identity, wanted, shown_factors(request, form, identity.user_id))
    options = request_options(unit, request.csrf_token, person) if has_passkey(unit, person) else None
    return {"form": form, "email": identity.email, "options": options, "next": wanted}
