"""`/my/document/<link>`: the one document that a link opens, as the customer's pages show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.httpexceptions import HTTPNotFound

from portal.kernel.people import Membership
from portal.kernel.tree import AccountNode, CustomerRoot, Node

if TYPE_CHECKING:
    from portal.kernel.request import Request


class Closed(HTTPNotFound):
    """A document that is not open in this browser (any more), or never was."""


class Documents(Node):
    """`/my/document`: whoever opened a link gets to its document, and nobody anywhere else."""

    def __getitem__(self, segment: str) -> Node:
        identity = self.request.identified
        membership = None if identity is None else identity.membership(segment)
        if identity is None or identity.document is None or membership is None:
            raise Closed
        return OpenedDocument(self.request, segment, self, membership, identity.document)


class OpenedDocument(AccountNode):
    """The place of one document: its kind's mount for customers stands below, with nothing else in it."""

    def __init__(
        self,
        request: Request,
        name: str,
        parent: Node,
        membership: Membership,
        document: tuple[str, str],
    ) -> None:
        super().__init__(request, name, parent, membership)
        self.kind, self.document = document

    def __getitem__(self, segment: str) -> Node:
        page = self.request.house.my_pages[segment]
        kind = self.request.house.documents[self.kind]
        if kind.my_path != f"{segment}/" or page.module != kind.module:
            raise KeyError(segment)
        return _Only(page.factory(self.request, segment, self, self.customer_id), self.document)


class _Only(Node):
    """A mount of which one document alone is there; below it the mount itself is the parent."""

    def __init__(self, root: CustomerRoot, document: str) -> None:
        super().__init__(root.request, root.__name__, root.__parent__)
        self._root = root
        self._document = document

    def __getitem__(self, segment: str) -> Node:
        if segment != self._document:
            raise KeyError(segment)
        return self._root[segment]
