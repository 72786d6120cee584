"""Customers: accounts with departments, contacts and addresses.

Owns: accounts, departments, contacts, addresses, tags, notes, the timeline of an account.
Publishes: CustomerCreated, CustomerChanged; asks CustomerArchiving before an account is archived, DepartmentArchiving
before a department is.
Requires: taxes (an account may fix its tax position).
Roles: customers.reader, customers.clerk (changes and invites), customers.manager (archives too); customers with the
scope "view" see their company and addresses below /my/<account>, with "manage" they change them and, unless they are
limited to some, the departments.
Settings: portal.customers.duplicate_threshold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.kernel.card import Card, NavEntry
from portal.kernel.i18n import _
from portal.kernel.settings import Setting, integer
from portal.modules.customers import permissions

if TYPE_CHECKING:
    from portal.kernel.composition import Composer


def _percentage(value: str) -> int:
    number = integer(value)
    if not 1 <= number <= 100:
        raise ValueError("must be a whole number from 1 to 100")
    return number


DUPLICATE_THRESHOLD = Setting(
    "portal.customers.duplicate_threshold",
    _percentage,
    "60",
    "score (1 to 100) from which an account is shown as a possible duplicate of a new one",
)

CARD = Card(
    name="customers",
    title=_("Customers"),
    package="portal.modules.customers",
    requires=("taxes",),
    permissions=permissions.PERMISSIONS,
    roles=permissions.ROLES,
    scopes=permissions.SCOPES,
    settings=(DUPLICATE_THRESHOLD,),
    navigation=(NavEntry(_("Customers"), "", permissions.VIEW, "building", 20),),
    migrations=True,
)


def includeme(config: Composer) -> None:
    """Connect the module."""
    from portal.kernel.composition import DocumentType
    from portal.modules.customers import demo, my, resources, services
    from portal.modules.customers.interfaces import ICustomers, IMyAddresses
    from portal.modules.customers.services.checks import TITLE
    from portal.people.interfaces import IAccountTerms

    config.mount(CARD, resources.CustomersRoot)
    config.my_page(
        CARD,
        my.MyAddresses,
        title=_("Addresses"),
        permission=permissions.MY_VIEW,
        segment="addresses",
        icon="map-pin",
        order=70,
    )
    config.my_page(
        CARD,
        my.MyCompany,
        title=_("Company"),
        permission=permissions.MY_VIEW,
        segment="company",
        icon="building",
        order=80,
    )
    config.provide(ICustomers, services.Customers, module=CARD.name)
    config.provide(IMyAddresses, services.OwnAccount, module=CARD.name)
    config.provide(IAccountTerms, services.OwnAccount, module=CARD.name)
    config.refer(DocumentType("customers.customer", CARD.name, _("Customer"), "", permissions.VIEW))
    config.verify("customers.accounts", services.check_customers, title=TITLE, module=CARD.name)
    config.demo(demo.run, module=CARD.name)
    config.scan("portal.modules.customers.views")
    config.scan("portal.modules.customers.my")
