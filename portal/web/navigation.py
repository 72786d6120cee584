"""The navigation, derived from the cards of the modules and decided by their own policies."""

from __future__ import annotations

from collections.abc import Iterable

from portal.kernel.composition import permits_offer, staff_root
from portal.kernel.tree import AccountNode, account_of
from portal.web.request import NavigationEntry, Request
from portal.web.slots import NAVIGATION


def staff_navigation(request: Request) -> list[NavigationEntry]:
    """The entries of every module whose root lets this person pass, daily work first, and what is offered beside."""
    found: list[tuple[int, list[NavigationEntry]]] = []
    for offer in request.house.offered(NAVIGATION):
        entry = offer.call(request) if permits_offer(request, offer, request.root) else None
        if entry is not None:
            found.append((offer.order, [entry]))
    for card in request.house.cards:
        root = staff_root(request, card.name)
        entries = [] if root is None else [e for e in card.navigation if request.permits(e.permission, root)]
        if root is not None and entries:
            group = card.title if len(entries) > 1 else None
            urls = {entry: f"/{root.__name__}/{entry.path}" for entry in entries}
            here = _deepest(request, urls.values())
            shown = [
                NavigationEntry(entry.title, url, entry.icon, url == here, group=group)
                for entry, url in urls.items()
            ]
            found.append((min(entry.order for entry in entries), shown))
    found.sort(key=lambda ordered: ordered[0])
    return [entry for _order, shown in found for entry in shown]


def customer_navigation(request: Request) -> list[NavigationEntry]:
    """The pages below the account that the request is in, or the person's only account."""
    account = None if request.is_guest else _account(request)
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
    first = None if identity is None else identity.first_membership
    if here is not None or first is None:
        return here
    try:
        return account_of(request.root["my"][first.account])
    except KeyError:
        return None


def _deepest(request: Request, urls: Iterable[str]) -> str | None:
    """Which of a module's entries the page stands below: of several the deepest."""
    return max((url for url in urls if request.path.startswith(url)), key=len, default=None)
