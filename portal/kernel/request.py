"""The request as the portal knows it: Pyramid's, with what every part may rely on, typed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pyramid.authorization import Authenticated, Everyone
from pyramid.decorator import reify
from pyramid.request import Request as PyramidRequest
from sqlalchemy.orm import Session

from portal.kernel import audit, walls
from portal.kernel.i18n import Text, say
from portal.kernel.people import ANONYMOUS, Actor, Identity, Method, Realm, principals
from portal.kernel.settings import Setting, T
from portal.kernel.unit import Unit

if TYPE_CHECKING:
    from portal.kernel.composition import House
    from portal.kernel.security import Ruling

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Request(PyramidRequest):
    """A request with the house, its unit of work and the identity behind it."""

    #: Done in a transaction of their own after the main one has ended, however it ended.
    afterwards: list[Callable[[Unit], None]]

    #: Whether the person behind the request is being found out, or has been.
    _identifying = False
    #: Whether what a customer asks is asked behind the wall of the database.
    _walled = True

    #: The denials of this request with the permission asked for; most only leave a link out of a page.
    denials: list[tuple[Ruling, str]]

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.afterwards = []
        self.denials = []

    @reify
    def request_id(self) -> str:
        """Names this request in the log and on error pages; a proxy's X-Request-Id is kept if it is harmless."""
        given = self.headers.get("X-Request-Id", "")
        return given if re.fullmatch(r"[A-Za-z0-9-]{8,64}", given) else uuid4().hex

    @reify
    def house(self) -> House:
        """What was composed at boot."""
        house: House = self.registry.house
        return house

    def setting(self, setting: Setting[T]) -> T:
        """The value of a declared setting."""
        return self.house.settings[setting]

    @reify
    def db(self) -> Session:
        """The session of this request, in the hands of the transaction manager; reading only for safe methods.

        Who is behind the request is found out first: a customer's statements are behind the wall from the first on.
        """
        session = self.house.transactional_session(self.tm, write=self.method not in SAFE_METHODS)
        audit.come_from(session, self.origin)
        self.__dict__["db"] = session
        if not self._identifying:
            _ = self.identified
        return session

    def origin(self) -> audit.Origin:
        """Where this request comes from, as the audit log says it; asks the database nothing."""
        identity: Identity | None = self.__dict__.get("identified")
        address = (self.remote_addr or "")[:64] or None
        if identity is None:
            return audit.Origin(address=address, request_id=self.request_id)
        by_token = identity.method is Method.TOKEN
        return audit.Origin(
            realm=identity.realm.value,
            address=address,
            request_id=self.request_id,
            session_id=identity.session_id if identity.method.is_of_person else None,
            token_id=identity.session_id if by_token else None,
            viewed_by=identity.viewed_by,
        )

    @reify
    def identified(self) -> Identity | None:
        """The person behind the request, read once: the first that a source of identity knows.

        `request.identity` asks the security policy for the same.
        """
        self._identifying = True
        for source in self.house.identity_sources:
            identity = source.identify(self)
            if identity is not None:
                self._enter_walls(identity)
                return identity
        return None

    def _enter_walls(self, identity: Identity) -> None:
        if identity.realm is Realm.CUSTOMERS and self._walled:
            scopes = [membership.scope for membership in identity.memberships]
            walls.enter(self.db, self.house.database, scopes, identity.user_id)

    def leave_walls(self) -> None:
        """Act as the house for the rest of the request: where it is not about an account, such as in signing in."""
        self._walled = False
        if "db" in self.__dict__:
            walls.leave(self.db)

    @reify
    def principals(self) -> frozenset[str]:
        """What the entries of an ACL are compared with; asked a dozen times a page."""
        if self.identified is None:
            return frozenset({Everyone})
        return frozenset({Everyone, Authenticated, *principals(self.identified)})

    @reify
    def actor(self) -> Actor:
        """Who acts in this request."""
        return ANONYMOUS if self.identified is None else Actor.of(self.identified)

    @property
    def unit(self) -> Unit:
        """The unit of work of this request."""
        return Unit(self.house, self.db, self.actor)

    def permits(self, permission: str, context: Any = None) -> bool:
        """Whether this person may do `permission` at `context` (default: where the request is)."""
        return bool(self.has_permission(permission, self.context if context is None else context))

    def translate(self, text: Text) -> str:
        """`text` in the language of this request."""
        return say(text, self.localizer)
