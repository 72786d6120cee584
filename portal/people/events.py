"""What others may HEAR of people."""

from __future__ import annotations

from dataclasses import dataclass

from portal.kernel.events import Event
from portal.kernel.people import Realm


@dataclass(frozen=True, slots=True)
class UserAdded(Event):
    """A person may use the portal from now on, or as soon as they have accepted their invitation."""

    user_id: int
    realm: Realm
    email: str
    name: str


@dataclass(frozen=True, slots=True)
class RoleGranted(Event):
    """An employee got a role; it counts from their next request."""

    user_id: int
    role: str


@dataclass(frozen=True, slots=True)
class RoleRevoked(Event):
    """An employee lost a role."""

    user_id: int
    role: str


@dataclass(frozen=True, slots=True)
class UserDisabled(Event):
    """A person can no longer sign in; their sessions have ended."""

    user_id: int


@dataclass(frozen=True, slots=True)
class PasswordChanged(Event):
    """A person has a new password; the sessions from before have ended."""

    user_id: int
