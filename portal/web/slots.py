"""The places that the shell keeps open for modules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from portal.kernel.composition import permits_offer
from portal.kernel.i18n import Text
from portal.kernel.people import Realm
from portal.kernel.slots import F, Slot
from portal.kernel.tree import Node
from portal.web.request import NavigationEntry, Request


@dataclass(frozen=True, slots=True)
class Panel:
    """A piece of a page made by another module: a title, a template and what it shows."""

    title: Text
    template: str
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class AdminPage:
    """A page below /admin: an address segment, a title, and the maker of its node."""

    segment: str
    title: Text
    factory: Callable[[Request, str, Node], Node]
    permission: str
    icon: str = "settings"


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a form that was sent too late waits for its person, and the realm in which they sign in."""

    address: str
    realm: Realm


#: Who keeps a form that was refused for want of a session, or of freshness; None when it cannot be kept.
FORM_KEEPER: Slot[Callable[[Request], Kept | None]] = Slot("web.form.keeper")
#: Cards of the employees' home. A card may run one statement and may say that it has nothing to show.
HOME_CARDS: Slot[Callable[[Request], Panel | None]] = Slot("web.home.cards")
#: Cards of a customer's home at `/my/<account>`; the second argument is the account's node.
MY_HOME_CARDS: Slot[Callable[[Node, Request], Panel | None]] = Slot("my.home.cards")
#: Entries of the employees' navigation that are there for what waits, not for a module; they may run one statement.
NAVIGATION: Slot[Callable[[Request], NavigationEntry | None]] = Slot("web.navigation")
#: Where the history of a row is to be read, by its table and number; at most one module offers it.
HISTORY: Slot[Callable[[str, int], str]] = Slot("web.history")
#: Pages below /admin.
ADMIN_PAGES: Slot[Callable[[], AdminPage]] = Slot("admin.pages")


def panels(request: Request, slot: Slot[F], context: Node, *arguments: Any) -> Sequence[Panel]:
    """What modules offer in a slot to this person, rendered in order; nothing is called without the right."""
    found: list[Panel] = []
    for offer in request.house.offered(slot):
        if permits_offer(request, offer, context):
            panel = offer.call(*arguments, request)
            if panel is not None:
                found.append(panel)
    return found


def keep_form(request: Request) -> Kept | None:
    """Have the form of a request that was refused kept, where it is one and somebody keeps such forms."""
    if request.method != "POST":
        return None
    answers = (offer.call(request) for offer in request.house.offered(FORM_KEEPER))
    return next((kept for kept in answers if kept is not None), None)
