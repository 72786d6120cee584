"""Deciding: the ACL up the lineage first, then what each module root on the way demands."""

from __future__ import annotations

from typing import Any

from pyramid.authorization import ACLHelper, Authenticated, Everyone

from portal.kernel.errors import Denied, NextStep
from portal.kernel.i18n import _
from portal.kernel.people import Identity, principals
from portal.kernel.request import Request
from portal.kernel.tree import ModuleRoot, Node, lineage


class SecurityPolicy:
    """Pyramid's security policy for the whole house. It knows no module and no route by name."""

    def __init__(self) -> None:
        self._acl = ACLHelper()

    def identity(self, request: Request) -> Identity | None:
        """The person behind the request, asked once of the source of identities."""
        return request.identified

    def authenticated_userid(self, request: Request) -> str | None:
        """The person's internal number, for Pyramid's own use."""
        identity = self.identity(request)
        return None if identity is None else str(identity.user_id)

    def permits(self, request: Request, context: Any, permission: str) -> Any:
        """Allowed or Denied with a reason. A module root checks realm and method before its gate."""
        identity = self.identity(request)
        found = {Everyone}
        if identity is not None:
            found |= {Authenticated, *principals(identity)}
        allowed = self._acl.permits(context, found, permission)
        if not allowed:
            if identity is None:
                return Denied(_("Please sign in."), NextStep.SIGN_IN)
            return Denied(_("You do not have the right to do this."))
        for node in lineage(context) if isinstance(context, Node) else ():
            if isinstance(node, ModuleRoot) and identity is not None:
                denied = self._entry(node, identity, request)
                if denied is not None:
                    return denied
        return allowed

    @staticmethod
    def _entry(node: ModuleRoot, identity: Identity, request: Request) -> Denied | None:
        if identity.realm is not node.realm:
            return Denied(_("This part of the portal is for other people."))
        if identity.method not in node.accepts():
            return Denied(_("Your way of signing in is not accepted here."), NextStep.SIGN_IN)
        return node.__gate__(request)

    def remember(self, request: Request, userid: str, **kw: Any) -> list[tuple[str, str]]:
        """Sessions are made by portal.people; there is nothing to remember here."""
        return []

    def forget(self, request: Request, **kw: Any) -> list[tuple[str, str]]:
        """Sessions are ended by portal.people."""
        return []
