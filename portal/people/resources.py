"""The places of people in the tree: one's own account, and the pages for administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.authorization import DENY_ALL, Allow

from portal.kernel.i18n import Text, _
from portal.kernel.people import Realm
from portal.kernel.tree import Ace, ModuleRoot, Node
from portal.people import CARD, services
from portal.people.models import User
from portal.people.permissions import PROFILE

if TYPE_CHECKING:
    from portal.kernel.request import Request


class ProfileRoot(ModuleRoot):
    """`/account`: what everybody may change about themselves; the mount of this module for employees."""

    card = CARD
    under_policy = False

    @property
    def title(self) -> Text:
        """The title in breadcrumbs."""
        return _("Your account")

    def __acl__(self) -> list[Ace]:
        """Everybody of the realm has a profile; the roles of this module count here too."""
        *roles, _deny = super().__acl__()
        return [(Allow, f"realm:{self.realm.value}", PROFILE), *roles, DENY_ALL]


class CustomerProfileRoot(ProfileRoot):
    """The same for people of customers."""

    realm = Realm.CUSTOMERS


def profile_root(request: Request, name: str, parent: Node) -> ProfileRoot:
    """The mount for the realm of whoever asks; visitors are sent to sign in by either."""
    identity = request.identified
    is_customer = identity is not None and identity.realm is Realm.CUSTOMERS
    return (CustomerProfileRoot if is_customer else ProfileRoot)(request, name, parent)


class UsersPage(ModuleRoot):
    """`/admin/users`; its children are people by public id."""

    card = CARD

    @property
    def title(self) -> Text:
        """The title in breadcrumbs."""
        return _("People")

    def __getitem__(self, segment: str) -> UserNode:
        user = services.user_by_public_id(self.request.unit, segment)
        if user is None:
            raise KeyError(segment)
        return UserNode(self.request, segment, self, user)


class UserNode(Node):
    """One person."""

    def __init__(self, request: Request, name: str, parent: Node, user: User) -> None:
        super().__init__(request, name, parent)
        self.user = user

    @property
    def title(self) -> Text:
        """The title in breadcrumbs."""
        return self.user.name
