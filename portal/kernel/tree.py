"""The resource tree: nodes, module roots, and the root that composes them.

A node is made during traversal, before anything is authorized: it may run the one query that finds its child,
and it must be safe for anonymous visitors. `__acl__` is a method, never a property: Pyramid takes a property
that raises for a missing ACL and asks the parent, which may allow.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from pyramid.authorization import DENY_ALL, Allow

from portal.kernel.card import Card
from portal.kernel.errors import Denied
from portal.kernel.people import Membership, Method, Realm, Scope, role_principal, scope_principal
from portal.kernel.policy import policy_of

if TYPE_CHECKING:
    from portal.kernel.request import Request

Ace = tuple[str, str, Any]


class Node:
    """A place in the tree with its name and parent."""

    __name__: str | None
    __parent__: Node | None

    def __init__(self, request: Request, name: str | None, parent: Node | None) -> None:
        self.request = request
        self.__name__ = name
        self.__parent__ = parent

    @property
    def title(self) -> Any:
        """What a breadcrumb calls this node."""
        return self.__name__ or ""

    def __getitem__(self, segment: str) -> Node:
        raise KeyError(segment)


class Root(Node):
    """`/`: its children are the roots of the modules in the house."""

    def __init__(self, request: Request) -> None:
        super().__init__(request, None, None)
        self.__name__ = ""

    def __acl__(self) -> list[Ace]:
        return [DENY_ALL]

    def __getitem__(self, segment: str) -> Node:
        root = self.request.house.roots[segment](self.request, segment, self)
        identity = self.request.identified
        if identity is not None and identity.realm is Realm.CUSTOMERS and root.realm is not Realm.CUSTOMERS:
            # To customers the employees' side does not exist, and nothing below it is looked up for them.
            raise KeyError(segment)
        return root


class ModuleRoot(Node):
    """Where a module's policy is mounted for one realm.

    The policy has three parts: `__acl__` (roles of this module only), `accepts` (methods of signing in that
    may enter) and `__gate__` (a further demand). The ini tightens each (`portal.kernel.policy`). Subclasses name
    their `card`.
    """

    card: ClassVar[Card]
    realm: ClassVar[Realm] = Realm.EMPLOYEES
    #: Whether what the ini demands of the module holds here: not where one meets those demands.
    under_policy: ClassVar[bool] = True
    #: Whether customers act here outside the wall of the database: on what is their own as persons, not as an account's.
    outside_walls: ClassVar[bool] = False

    @property
    def title(self) -> Any:
        """The module's title."""
        return self.card.title

    def accepts(self) -> frozenset[Method]:
        """The methods of signing in that may enter here: those of the ini, unless a module is stricter."""
        return self.request.setting(policy_of(self.card).accepts)

    def __gate__(self, request: Request) -> Denied | None:
        """A demand beyond the ACL; None lets pass."""
        return None

    def __acl__(self) -> list[Ace]:
        """Each role of the module allows its permissions, a custom role those of them that are this module's own."""
        entries: list[Ace] = [
            (Allow, role_principal(role.name), role.permissions) for role in self.card.roles
        ]
        return [*entries, *self._custom_entries(), DENY_ALL]

    def _custom_entries(self) -> list[Ace]:
        """What the custom roles of the person behind the request allow here; those of others decide nothing."""
        identity = self.request.identified
        own = self.card.grantable
        return [
            (Allow, role_principal(role.name), tuple(sorted(role.permissions & own)))
            for role in (() if identity is None else identity.custom)
            if role.permissions & own
        ]


class AccountNode(Node):
    """`/my/<account>`: a customer account as one of its people sees it; the mounts of modules stand below."""

    def __init__(self, request: Request, name: str, parent: Node, membership: Membership) -> None:
        super().__init__(request, name, parent)
        self.membership = membership
        self.customer_id = membership.customer_id

    @property
    def scope(self) -> Scope:
        """What this person may see of the account."""
        return self.membership.scope


class CustomerRoot(ModuleRoot):
    """The mount of a module below `/my/<account>`: scopes of the membership in that account decide."""

    realm = Realm.CUSTOMERS
    #: The permissions that nobody has here who is limited to departments of the account.
    of_whole_account: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, request: Request, name: str | None, parent: Node | None, customer_id: int) -> None:
        super().__init__(request, name, parent)
        self.customer_id = customer_id

    @property
    def scope(self) -> Scope:
        """What the person behind the request may see of the account: the key of what is read and done below."""
        scope = scope_at(self)
        if scope.customer_id != self.customer_id:
            raise LookupError(f"{self.__name__} does not stand below the account {self.customer_id}")
        return scope

    def __acl__(self) -> list[Ace]:
        """Each scope that the card names allows its permissions to members of this account."""
        denied = (
            self.of_whole_account if self.of_whole_account and not self.scope.is_whole else frozenset[str]()
        )
        entries: list[Ace] = [
            (Allow, scope_principal(self.customer_id, scope), tuple(sorted(set(permissions) - denied)))
            for scope, permissions in self.card.scopes.items()
        ]
        return [*entries, DENY_ALL]


def lineage(node: Node) -> Iterator[Node]:
    """`node` and its parents, innermost first."""
    current: Node | None = node
    while current is not None:
        yield current
        current = current.__parent__


def account_of(node: Node) -> AccountNode | None:
    """The customer account that `node` stands below, or itself."""
    for place in lineage(node):
        if isinstance(place, AccountNode):
            return place
    return None


def scope_at(node: Node) -> Scope:
    """What the person behind the request may see of the account that `node` stands in. LookupError outside of one."""
    account = account_of(node)
    if account is None:
        raise LookupError(f"{node.__name__} stands in no account")
    return account.scope


def module_root(node: Node) -> ModuleRoot | None:
    """The module root that `node` stands below, or itself."""
    for place in lineage(node):
        if isinstance(place, ModuleRoot):
            return place
    return None
