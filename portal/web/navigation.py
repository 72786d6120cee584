"""The navigation, derived from the cards of the modules and decided by their own policies."""

from __future__ import annotations

from portal.kernel.card import NavEntry
from portal.kernel.composition import staff_root
from portal.kernel.i18n import Text
from portal.kernel.tree import AccountNode, account_of
from portal.web.request import NavigationEntry, Request


def staff_navigation(request: Request) -> list[NavigationEntry]:
    """The entries of every module whose root lets this person pass, daily work first."""
    found: list[tuple[int, list[NavigationEntry]]] = []
    for card in request.house.cards:
        root = staff_root(request, card.name)
        entries = [] if root is None else [e for e in card.navigation if request.permits(e.permission, root)]
        if root is not None and entries:
            group = card.title if len(entries) > 1 else None
            shown = [_shown(request, f"/{root.__name__}/{entry.path}", entry, group) for entry in entries]
            found.append((min(entry.order for entry in entries), shown))
    found.sort(key=lambda ordered: ordered[0])
    return [entry for _order, shown in found for entry in shown]


def _shown(request: Request, url: str, entry: NavEntry, group: Text | None) -> NavigationEntry:
    return NavigationEntry(entry.title, url, entry.icon, _active(request, url), group=group)


def customer_navigation(request: Request) -> list[NavigationEntry]:
    """The pages below the account that the request is in, or the person's only account."""
    account = _account(request)
    if account is None:
        return []
    entries: list[NavigationEntry] = []
    for page in sorted(request.house.my_pages.values(), key=lambda page: page.order):
        root = page.factory(request, page.segment, account, account.customer_id)
        if request.permits(page.permission, root):
            url = request.resource_path(root)
            entries.append(NavigationEntry(page.title, url, page.icon, request.path.startswith(url)))
    return entries


def _account(request: Request) -> AccountNode | None:
    here = account_of(request.lineage[-1]) if request.lineage else None
    identity = request.identified
    if here is not None or identity is None or not identity.memberships:
        return here
    first = min(identity.memberships, key=lambda membership: membership.name)
    try:
        return account_of(request.root["my"][first.account])
    except KeyError:
        return None


def _active(request: Request, url: str) -> bool:
    """The deepest entry that the address stands below is the active one; a module's root only for itself."""
    return request.path == url or (url.count("/") > 2 and request.path.startswith(url))
