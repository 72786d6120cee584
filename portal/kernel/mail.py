"""Mail as every module asks for it: a message of values, queued in the transaction that decided it.

unit.ask(IMail).queue(Message(to=(Address(name, email),), subject=…, text=…, language="de"))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Address:
    """A recipient; `name` may be empty."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """An issued document that goes along: the name of the file, and the public id of the stored document."""

    filename: str
    document: str


@dataclass(frozen=True, slots=True)
class Message:
    """One mail to one or several recipients, written in `language`.

    `about` refers to what the mail is about as `kind:public_id` (`invoice:4h…`), for the pages that list mails.
    """

    to: tuple[Address, ...]
    subject: str
    text: str
    language: str
    html: str | None = None
    about: str | None = None
    attachments: tuple[Attachment, ...] = ()


class IMail(Protocol):
    """The mail of the portal."""

    def queue(self, message: Message) -> None:
        """Write the mail as a row of this transaction; it is sent after the commit.

        Raises ValueError for a recipient that is not an e-mail address, or for a message without any.
        """
        ...
