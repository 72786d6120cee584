"""`/admin`: pages of this and other modules for whoever looks after the portal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pyramid.authorization import Allow
from pyramid.decorator import reify
from pyramid.httpexceptions import HTTPNotFound
from sqlalchemy import select

from portal.kernel.audit import AuditRow
from portal.kernel.card import Card
from portal.kernel.composition import permits_offer
from portal.kernel.db import is_public_id
from portal.kernel.i18n import Text, _
from portal.kernel.jobs import JobRow
from portal.kernel.people import role_principal
from portal.kernel.tree import Ace, ModuleRoot, Node
from portal.ops.models import Mail
from portal.ops.permissions import ENTER
from portal.web.slots import ADMIN_PAGES

if TYPE_CHECKING:
    from portal.web.request import Request


@dataclass(frozen=True, slots=True)
class Entry:
    """A page below /admin as the index lists it."""

    title: Text
    url: str
    icon: str


class AdminRoot(ModuleRoot):
    """`/admin`; its children are what modules offer in `ADMIN_PAGES`."""

    card: ClassVar[Card]
    request: Request

    @property
    def title(self) -> Text:
        """The title in breadcrumbs."""
        return _("Administration")

    def __acl__(self) -> list[Ace]:
        """Whoever may open one of the pages may enter; the pages decide for themselves."""
        *entries, deny = super().__acl__()
        house, identity = self.request.house, self.request.identified
        pages = {offer.call().permission for offer in house.offered(ADMIN_PAGES)}
        roles = (role for card in house.cards for role in card.roles)
        composed = () if identity is None else identity.custom
        openers = (role for role in (*roles, *composed) if pages.intersection(role.permissions))
        return [*entries, *((Allow, role_principal(role.name), ENTER) for role in openers), deny]

    def __getitem__(self, segment: str) -> Node:
        for offer in self.request.house.offered(ADMIN_PAGES):
            page = offer.call()
            if page.segment == segment:
                return page.factory(self.request, segment, self)
        raise KeyError(segment)

    def entries(self) -> Iterator[Entry]:
        """The pages that this person may open."""
        for offer in self.request.house.offered(ADMIN_PAGES):
            page = offer.call()
            node = page.factory(self.request, page.segment, self)
            if permits_offer(self.request, offer, self) and self.request.permits(page.permission, node):
                yield Entry(page.title, self.request.resource_path(node), page.icon)


class _Page(Node):
    """A page below /admin with its title."""

    page_title: ClassVar[Text]
    request: Request

    @property
    def title(self) -> Text:
        """The title in breadcrumbs."""
        return self.page_title


class SettingsPage(_Page):
    """`/admin/settings`."""

    page_title = _("Settings")


class ModulesPage(_Page):
    """`/admin/modules`."""

    page_title = _("Modules")


class DesignPage(_Page):
    """`/admin/design`."""

    page_title = _("Design")


class AuditPage(_Page):
    """`/admin/audit`; its children are acts by number."""

    page_title = _("Audit log")

    def __getitem__(self, segment: str) -> Node:
        if not (segment.isascii() and segment.isdigit() and len(segment) < 19):
            raise KeyError(segment)
        return AuditNode(self.request, segment, self)


class AuditNode(Node):
    """One act, looked up only once somebody may see it."""

    request: Request

    @reify
    def row(self) -> AuditRow:
        """The row of the log. Raises HTTPNotFound when there is none of that number."""
        found = self.request.db.get(AuditRow, int(self.__name__ or 0))
        if found is None:
            raise HTTPNotFound
        return found

    @property
    def title(self) -> Text:
        """The title in breadcrumbs."""
        return _("Act ${number}", mapping={"number": self.__name__})


class JobsPage(_Page):
    """`/admin/jobs`; its children are jobs by number."""

    page_title = _("Background jobs")

    def __getitem__(self, segment: str) -> Node:
        if not (segment.isascii() and segment.isdigit() and len(segment) < 19):
            raise KeyError(segment)
        return JobNode(self.request, segment, self)


class JobNode(Node):
    """One background job, looked up only once somebody may see it: numbers are easily guessed."""

    request: Request

    @reify
    def row(self) -> JobRow:
        """The job. Raises HTTPNotFound when there is none of that number."""
        found = self.request.db.get(JobRow, int(self.__name__ or 0))
        if found is None:
            raise HTTPNotFound
        return found

    @property
    def title(self) -> Text:
        """The title in breadcrumbs."""
        return _("Job ${number}", mapping={"number": self.__name__})


class MailPage(_Page):
    """`/admin/mail`; its children are mails by public id."""

    page_title = _("Mail")

    def __getitem__(self, segment: str) -> Node:
        if not is_public_id(segment):
            raise KeyError(segment)
        return MailNode(self.request, segment, self)


class MailNode(Node):
    """One mail, looked up only once somebody may see it."""

    request: Request

    @reify
    def row(self) -> Mail:
        """The mail. Raises HTTPNotFound when there is none of that public id."""
        found = self.request.db.scalar(select(Mail).where(Mail.public_id == self.__name__))
        if found is None:
            raise HTTPNotFound
        return found

    @property
    def title(self) -> Text:
        """The title in breadcrumbs."""
        return self.row.subject
