"""The four ways in which the portal says no.

`Refused` is a business "no", `Invalid` belongs to fields, `Conflict` means that somebody else was faster,
`Denied` is the answer of a gate. Everything else that is raised is unexpected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from portal.kernel.i18n import Text


class Refused(Exception):
    """A business "no": shown politely, keeps what was typed, changes nothing."""

    #: Whether the audit log has it: where somebody failed to prove who they are.
    recorded: ClassVar[bool] = False

    def __init__(self, reason: Text) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Conflict(Refused):
    """The stored thing changed since the person read it (HTTP 409)."""


class Invalid(Exception):
    """Errors of single fields (HTTP 422).

    `errors` maps the name of a field to its message; a field of a repeated group is named `lines-0-quantity`.
    """

    def __init__(self, errors: Mapping[str, Text]) -> None:
        super().__init__(", ".join(f"{field}: {message}" for field, message in errors.items()))
        self.errors: dict[str, Text] = dict(errors)


class BootRefused(Exception):
    """The portal does not start; the one sentence names the file or the key at fault."""


class NextStep(Enum):
    """What a person who was denied can do about it."""

    SIGN_IN = "sign_in"
    SECOND_FACTOR = "second_factor"
    #: Prove anew who one is: the last proof is too old for what was asked.
    VERIFY = "verify"
    ASK = "ask"
    #: Nothing that anybody could do about it in the portal.
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Denied:
    """A gate's "no" with its reason. Falsy, so that it can stand where Pyramid expects a denial.

    `setting` is the key of the ini that demands what was not met: the person has the right, and may be told, be they a
    customer. `methods` are the ways of signing in that would do, `permission` the one that is missing.
    """

    reason: Text
    step: NextStep = NextStep.ASK
    setting: str | None = None
    methods: tuple[str, ...] = ()
    permission: str | None = None

    def __bool__(self) -> bool:
        return False
