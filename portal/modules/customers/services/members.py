"""The people of a customer who use the portal."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from portal.kernel.errors import Invalid, Refused
from portal.kernel.i18n import _
from portal.kernel.unit import Unit
from portal.modules.customers.models import Customer
from portal.modules.customers.services.departments import departments_of
from portal.modules.customers.services.history import record
from portal.people import services as people
from portal.people.services import Member


def members(unit: Unit, customer_id: int) -> Sequence[Member]:
    """Everybody who may use the account in the portal, by name."""
    return people.members_of(unit, customer_id)


def invite(
    unit: Unit,
    customer: Customer,
    email: str,
    name: str,
    scopes: Collection[str],
    departments: Collection[int] | None = None,
) -> None:
    """Let somebody use the account, or with `departments` only these of it, and send them one mail.

    Raises Refused for an archived account or a member, Invalid for e-mail, name or departments and for a disabled person.
    """
    if not customer.active:
        raise Refused(_("Nobody is invited to an archived account."))
    if departments:
        in_use = {one.id for one in departments_of(unit, customer.id) if one.archived_at is None}
        if not in_use.issuperset(departments):
            raise Invalid({"departments": _("This department is no longer there.")})
    people.invite_member(
        unit,
        customer.id,
        customer.public_id,
        customer.name,
        email=email,
        name=name,
        language=customer.language,
        scopes=scopes,
        departments=departments,
    )
    record(unit, customer.id, _("${name} was invited to the portal", mapping={"name": name or email}))


def end_membership(unit: Unit, customer: Customer, public_id: str) -> None:
    """Let the person with that public id no longer use the account. Raises Refused when they do not."""
    for member in members(unit, customer.id):
        if member.public_id == public_id:
            people.end_membership(unit, customer.id, member.user_id)
            text = _("The access of ${name} to the portal was ended", mapping={"name": member.name})
            record(unit, customer.id, text)
            return
    raise Refused(_("This person does not use the account."))
