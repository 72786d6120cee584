"""The places of people in the tree: one's own account, and the pages for administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.authorization import DENY_ALL, Allow

from portal.kernel.db import is_public_id
from portal.kernel.i18n import Text, _
from portal.kernel.people import Realm
from portal.kernel.tree import Ace, ModuleRoot, Node
from portal.people import CARD, services
from portal.people.models import User
from portal.people.permissions import PROFILE
from portal.people.roles import Role, find_role

if TYPE_CHECKING:
    from portal.kernel.request import Request


class ProfileRoot(ModuleRoot):
    """`/account`: what everybody may change about themselves; the mount of this module for employees."""

    card = CARD
    under_policy = False
    outside_walls = True

    @property
    def title(self) -> Text:
        """The title in breadcrumbs."""
        return _("Your account")

    def __acl__(self) -> list[Ace]:
        """Everybody of the realm has a profile; the roles of this module count here too."""
        if self.request.identified is not None and self.request.identified.viewed_by is not None:
            # Factors, sessions and tokens are for nobody else's eyes.
            return [DENY_ALL]
        *roles, _deny = super().__acl__()
        return [(Allow, f"realm:{self.realm.value}", PROFILE), *roles, DENY_ALL]

    def __getitem__(self, segment: str) -> FactorsPage:
        if segment != FactorsPage.segment:
            raise KeyError(segment)
        return FactorsPage(self.request, segment, self)


class FactorsPage(Node):
    """`/account/factors`: one's own second factors."""

    segment = "factors"

    @property
    def title(self) -> Text:
        """The title in breadcrumbs."""
        return _("Second factors")


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


class _PersonNode(Node):
    """A person as a place; views stand on the kinds of it, so that none is reached by way of another."""

    def __init__(self, request: Request, name: str, parent: Node, user: User) -> None:
        super().__init__(request, name, parent)
        self.user = user

    @property
    def title(self) -> Text:
        """The title in breadcrumbs."""
        return self.user.name


class UserNode(_PersonNode):
    """One person."""


class RolesPage(ModuleRoot):
    """`/admin/roles`; its children are composed roles by public id."""

    card = CARD

    @property
    def title(self) -> Text:
        """The title in breadcrumbs."""
        return _("Roles")

    def __getitem__(self, segment: str) -> RoleNode:
        role = find_role(self.request.unit, segment) if is_public_id(segment) else None
        if role is None:
            raise KeyError(segment)
        return RoleNode(self.request, segment, self, role)


class RoleNode(Node):
    """One composed role."""

    def __init__(self, request: Request, name: str, parent: Node, role: Role) -> None:
        super().__init__(request, name, parent)
        self.role = role

    @property
    def title(self) -> Text:
        """The title in breadcrumbs."""
        return self.role.title


class AccessPage(ModuleRoot):
    """`/admin/access`: who may do what, and why."""

    card = CARD

    @property
    def title(self) -> Text:
        """The title in breadcrumbs."""
        return _("Access")


class ViewAsPage(ModuleRoot):
    """`/admin/view-as`; its children are the people one may look as, by public id."""

    card = CARD

    @property
    def title(self) -> Text:
        """The title in breadcrumbs."""
        return _("See as somebody else")

    def __getitem__(self, segment: str) -> SeenNode:
        user = services.user_by_public_id(self.request.unit, segment)
        if user is None:
            raise KeyError(segment)
        return SeenNode(self.request, segment, self, user)


class SeenNode(_PersonNode):
    """Somebody as whom one may look."""
