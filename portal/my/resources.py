"""`/my`: the accounts of a customer's person, and below each what modules offer there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.authorization import DENY_ALL, Allow
from pyramid.httpexceptions import HTTPForbidden

from portal.kernel.errors import Denied, NextStep
from portal.kernel.i18n import Text, _
from portal.kernel.people import Realm, scope_principal
from portal.kernel.tree import AccountNode, Ace, CustomerRoot, ModuleRoot, Node
from portal.my import CARD
from portal.my.opened import Documents
from portal.my.permissions import VIEW
from portal.people import colleagues
from portal.people.colleagues import Member

if TYPE_CHECKING:
    from portal.kernel.request import Request


class MyRoot(ModuleRoot):
    """`/my`; its children are the accounts that the person is a member of."""

    card = CARD
    realm = Realm.CUSTOMERS

    def __acl__(self) -> list[Ace]:
        """Every customer may choose among their own accounts."""
        return [(Allow, f"realm:{self.realm.value}", VIEW), DENY_ALL]

    def __getitem__(self, segment: str) -> Node:
        """The account with that segment; no query, the identity knows its memberships.

        Whoever is no customer is turned away here, before anything below is looked up: visitors can then sign in
        and come back to the very page, and employees are told why. To a customer, an account that is not theirs
        does not exist.
        """
        if segment == "document":
            return Documents(self.request, segment, self)
        identity = self.request.identified
        if identity is None:
            raise HTTPForbidden(result=Denied(_("Please sign in."), NextStep.SIGN_IN))
        if identity.realm is not self.realm:
            reason = _("This part of the portal is for other people.")
            raise HTTPForbidden(result=Denied(reason, NextStep.NONE))
        membership = identity.membership(segment)
        if membership is None or identity.document is not None:
            raise KeyError(segment)
        return Account(self.request, segment, self, membership)


class Account(AccountNode):
    """`/my/<account>`: a customer account as one of its members sees it."""

    @property
    def title(self) -> Text:
        """The account's name."""
        return self.membership.name

    def __acl__(self) -> list[Ace]:
        """The scopes of the memberships in this account decide."""
        entries: list[Ace] = [
            (Allow, scope_principal(self.customer_id, scope), permissions)
            for scope, permissions in CARD.scopes.items()
        ]
        return [*entries, DENY_ALL]

    def __getitem__(self, segment: str) -> CustomerRoot:
        page = self.request.house.my_pages[segment]
        return page.factory(self.request, segment, self, self.customer_id)


class Colleagues(CustomerRoot):
    """`/my/<account>/colleagues`; its children are the account's people by public id."""

    card = CARD

    @property
    def title(self) -> Text:
        """The title in breadcrumbs."""
        return _("Colleagues")

    def __getitem__(self, segment: str) -> Colleague:
        member = colleagues.find(self.request.unit, self.scope, segment)
        if member is None:
            raise KeyError(segment)
        return Colleague(self.request, segment, self, member)


class Colleague(Node):
    """One person of the account."""

    def __init__(self, request: Request, name: str, parent: Colleagues, member: Member) -> None:
        super().__init__(request, name, parent)
        self.member = member
        self.scope = parent.scope

    @property
    def title(self) -> Text:
        """The person's name."""
        return self.member.name
