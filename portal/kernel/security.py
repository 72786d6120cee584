"""Deciding: the ACL up the lineage first, then what each module root on the way demands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from pyramid.authorization import ACLAllowed, ACLDenied, ACLHelper

from portal.kernel.errors import Denied, NextStep
from portal.kernel.i18n import _
from portal.kernel.people import Identity
from portal.kernel.policy import policy_of, unmet
from portal.kernel.request import SAFE_METHODS, Request
from portal.kernel.tree import Ace, ModuleRoot, Node, lineage


class Rule(Enum):
    """What decided."""

    ACL = "acl"
    REALM = "realm"
    METHOD = "method"
    INI = "ini"
    GATE = "gate"
    TOKEN = "token"  # noqa: S105 - the name of a rule
    READ_ONLY = "read_only"


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision with its reasons: by which rule, at which node, and where known by which entry or setting.

    `denied` is None when the act is allowed.
    """

    denied: Denied | None
    rule: Rule
    node: Node | None = None
    entry: Ace | None = None
    setting: str | None = None

    @property
    def is_allowed(self) -> bool:
        """Whether the act is allowed."""
        return self.denied is None


class SecurityPolicy:
    """Pyramid's security policy for the whole house. It knows no module and no route by name."""

    def identity(self, request: Request) -> Identity | None:
        """The person behind the request, asked once of the sources of identity."""
        return request.identified

    def authenticated_userid(self, request: Request) -> str | None:
        """The person's internal number, for Pyramid's own use."""
        identity = self.identity(request)
        return None if identity is None else str(identity.user_id)

    def permits(self, request: Request, context: Any, permission: str) -> Any:
        """Allowed or Denied with a reason. A module root checks realm and method before its gate."""
        ruling = decide(request, context, permission)
        if ruling.denied is None:
            return True
        request.denials.append((ruling, permission))
        return ruling.denied

    def remember(self, request: Request, userid: str, **kw: Any) -> list[tuple[str, str]]:
        """Sessions are made by portal.people; there is nothing to remember here."""
        return []

    def forget(self, request: Request, **kw: Any) -> list[tuple[str, str]]:
        """Sessions are ended by portal.people."""
        return []


def decide(request: Request, context: Any, permission: str) -> Ruling:
    """Whether the person behind the request may do `permission` at `context`, and why.

    Every page is decided here, and `/admin/access` explains by it: there is no second opinion.
    """
    identity = request.identified
    answer: ACLAllowed | ACLDenied = _ACL.permits(context, request.principals, permission)
    node, entry = _where(answer)
    if not answer:
        return Ruling(_no_right(identity, permission), Rule.ACL, node, entry)
    if identity is None:
        return Ruling(None, Rule.ACL, node, entry)
    refused = _beyond_the_acl(request, identity, context, permission)
    return refused or Ruling(None, Rule.ACL, node, entry)


def only_looking() -> Denied:
    """The answer to whoever would act while they look at the portal as somebody else."""
    return Denied(_("You see the portal as somebody else and can change nothing."), NextStep.NONE)


_ACL = ACLHelper()


def _where(answer: ACLAllowed | ACLDenied) -> tuple[Node | None, Ace | None]:
    """The node and entry that Pyramid decided by; it answers with text where no entry matched."""
    node = answer.context if isinstance(answer.context, Node) else None
    ace: Any = answer.ace
    return node, None if isinstance(ace, str) else ace


def _no_right(identity: Identity | None, permission: str) -> Denied:
    if identity is None:
        return Denied(_("Please sign in."), NextStep.SIGN_IN)
    return Denied(_("You do not have the right to do this."), permission=permission)


def _beyond_the_acl(request: Request, identity: Identity, context: Any, permission: str) -> Ruling | None:
    if identity.limited_to is not None and not _within_limits(request, identity, permission):
        return Ruling(Denied(_("This token does not allow that."), NextStep.NONE), Rule.TOKEN)
    if identity.viewed_by is not None and request.method not in SAFE_METHODS:
        return Ruling(only_looking(), Rule.READ_ONLY)
    for node in lineage(context) if isinstance(context, Node) else ():
        if isinstance(node, ModuleRoot):
            refused = _entry(node, identity, request)
            if refused is not None:
                return refused
    return None


def _within_limits(request: Request, identity: Identity, permission: str) -> bool:
    """Whether a token may do it: chosen for it, and nothing that takes a person."""
    allowed = identity.limited_to or frozenset[str]()
    return permission in allowed and permission not in request.house.personal


def _entry(node: ModuleRoot, identity: Identity, request: Request) -> Ruling | None:
    if identity.realm is not node.realm:
        denied = Denied(_("This part of the portal is for other people."), NextStep.NONE)
        return Ruling(denied, Rule.REALM, node)
    if not node.under_policy:
        return None
    accepted = node.accepts()
    if identity.method not in accepted:
        key = policy_of(node.card).accepts.key
        ways = tuple(sorted(method.value for method in accepted))
        denied = Denied(_("Your way of signing in is not accepted here."), NextStep.SIGN_IN, key, ways)
        return Ruling(denied, Rule.METHOD, node, setting=key)
    demand = unmet(node.card, request)
    if demand is not None:
        return Ruling(demand.denied, Rule.INI, node, setting=demand.setting)
    denied = node.__gate__(request)
    return None if denied is None else Ruling(denied, Rule.GATE, node)
