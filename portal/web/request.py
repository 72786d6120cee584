"""The request as pages know it: the kernel's, with what the layout shows."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyramid.csrf import get_csrf_token
from pyramid.decorator import reify

from portal.kernel.company import Company
from portal.kernel.composition import permits_offer
from portal.kernel.errors import Invalid, Refused
from portal.kernel.i18n import Text
from portal.kernel.people import Realm
from portal.kernel.request import Request as KernelRequest
from portal.kernel.tree import AccountNode, Node, lineage
from portal.web.flash import read_flashes, write_flash
from portal.web.masks import masked

CSRF_FIELD = "csrf_token"
OPERATION_FIELD = "_operation"
#: Sent with a form that is only to show what it would write (see `portal.web.preview`).
PREVIEW_FIELD = "_preview"


@dataclass(frozen=True, slots=True)
class NavigationEntry:
    """One entry of the navigation, with `count` of what needs attention where a module tells it."""

    title: Text
    url: str
    icon: str
    active: bool
    count: int | None = None
    #: The module's title, where it has several entries.
    group: Text | None = None


@dataclass(frozen=True, slots=True)
class AccountChoice:
    """An account that a customer may switch to."""

    title: str
    url: str
    active: bool


class Request(KernelRequest):
    """A request of a browser."""

    #: The business "no" that this page shows, set when a view is called again after a refusal.
    refusal: Refused | None = None
    #: The errors of single fields, where the refusal came from fields.
    invalid: Invalid | None = None

    #: The visitor's secret behind their CSRF token, once it was read or made.
    visitor: str | None = None
    #: What this request has to say on the next page.
    messages: list[tuple[str, str]]

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.messages = []

    #: Whether what is typed into the form of this page is saved as it is typed (see `portal.people.drafts`).
    autosaves = False
    #: When what this page's form is filled with was typed, where it is a draft that was taken up again.
    taken_up: datetime | None = None
    #: Whether what the form of this page does can be shown before it is done (see `portal.web.preview`).
    previewable = False
    #: Where the form of this act stands, if that is another page: a denial leads back there.
    form_page: str | None = None
    #: What was typed into a form on another page than its own view's, after a refusal.
    kept: Any = None

    @property
    def submitted(self) -> bool:
        """Whether a form was sent and has not been refused: only then a view acts."""
        return self.method == "POST" and self.refusal is None

    @property
    def company(self) -> Company:
        """The company that runs the portal."""
        return self.house.company

    @property
    def csrf_token(self) -> str:
        """The token that every form carries, under a mask of its own."""
        return masked(get_csrf_token(self))

    @property
    def csrf_binding(self) -> str:
        """The token without a mask: what is shown to this browser alone is bound to it. Never on a page."""
        return get_csrf_token(self)

    @property
    def operation_id(self) -> str:
        """A fresh one-time operation id for a form on this page."""
        return secrets.token_urlsafe(16)

    def flash(self, text: Text, kind: str = "success") -> None:
        """Say something on the next page (kinds: success, info, warning, danger)."""
        write_flash(self, kind, self.translate(text))

    def flashes(self) -> Sequence[tuple[str, str]]:
        """What the last act had to say; read once."""
        return read_flashes(self)

    @property
    def theme(self) -> str:
        """light, dark, or auto (the device decides)."""
        theme = self.cookies.get("theme", "auto")
        return theme if theme in ("light", "dark") else "auto"

    @property
    def is_customer(self) -> bool:
        """Whether the person belongs to a customer."""
        return self.identified is not None and self.identified.realm is Realm.CUSTOMERS

    @property
    def is_guest(self) -> bool:
        """Whether somebody without an account has opened the one document of a link."""
        return self.identified is not None and self.identified.document is not None

    @reify
    def navigation(self) -> list[NavigationEntry]:
        """Where this person may go: derived from the modules in the house, decided by their policies."""
        from portal.web.navigation import customer_navigation, staff_navigation

        if self.identified is None:
            return []
        return customer_navigation(self) if self.is_customer else staff_navigation(self)

    @reify
    def account_switch(self) -> list[AccountChoice]:
        """The accounts of a customer with more than one."""
        identity = self.identified
        if identity is None or len(identity.memberships) < 2:
            return []
        here = next((node.__name__ for node in self.lineage if isinstance(node, AccountNode)), None)
        return [
            AccountChoice(m.name, f"/my/{m.account}/", m.account == here)
            for m in sorted(identity.memberships, key=lambda m: m.name)
        ]

    def history_url(self, table: str, number: int) -> str | None:
        """Where this person may read what happened to a row; None for those who may not."""
        from portal.web.slots import HISTORY

        for offer in self.house.offered(HISTORY):
            if permits_offer(self, offer, self.root):
                return offer.call(table, number)
        return None

    @property
    def lineage(self) -> list[Node]:
        """The nodes from the root to where the request is."""
        context: Any = getattr(self, "context", None)
        return list(lineage(context))[::-1] if isinstance(context, Node) else []

    @property
    def breadcrumbs(self) -> list[tuple[Text, str | None]]:
        """Titles and addresses of the nodes above this page, without the root."""
        shown = self.lineage[-1:] if self.is_guest else self.lineage[1:]
        return [(node.title, self.resource_path(node)) for node in shown]
