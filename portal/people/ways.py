"""Ways of signing in that stand beside the portal's own passwords: for employees alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from portal.kernel.i18n import Text
from portal.kernel.settings import Settings
from portal.kernel.slots import Slot
from portal.people.services.external import Outsider
from portal.web.request import Request


@dataclass(frozen=True, slots=True)
class Way:
    """A button of the sign-in page: what it says, and the path that it leads to."""

    title: Text
    path: str


#: Buttons of the sign-in page.
SIGN_IN_WAYS: Slot[Callable[[Request], Way]] = Slot("people.sign_in.ways")
#: Asked for an e-mail and a password that the portal does not know itself, outside of any transaction.
PASSWORD_SOURCES: Slot[Callable[[Settings, str, str], Outsider | None]] = Slot("people.sign_in.passwords")


def buttons(request: Request) -> list[Way]:
    """The buttons that the sign-in page of employees has."""
    return [offer.call(request) for offer in request.house.offered(SIGN_IN_WAYS)]


def vouched_for(request: Request, email: str, password: str) -> Outsider | None:
    """Whom the first source that knows this e-mail and password knows by them.

    The transaction of before ends: nobody waits for a lock while a server far away is asked.
    """
    sources = request.house.offered(PASSWORD_SOURCES)
    if sources:
        release(request)
    found = (offer.call(request.house.settings, email, password) for offer in sources)
    return next((outsider for outsider in found if outsider is not None), None)


def release(request: Request) -> None:
    """Give the database back while something else is waited for; what was written before has been committed."""
    request.tm.abort()
    request.tm.begin()
