"""Mail as every module asks for it: a message of values, queued in the transaction that decided it.

unit.ask(IMail).queue(Message(to=(Address(name, email),), subject=…, text=…, language="de"))
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

EMAIL_LENGTH = 254

#: A dot-atom of RFC 5322: letters are ASCII, for mail servers without SMTPUTF8 know no others before the @.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def is_email(text: str) -> bool:
    """Whether mail can be sent to that address: one plain mailbox at a domain of at least two labels.

    The domain may be written in the letters of any alphabet. Quoted mailboxes and IP addresses are none.
    """
    local, _at, domain = text.rpartition("@")
    labels = _ascii(domain)
    return bool(
        len(text) <= EMAIL_LENGTH
        and len(local) <= 64
        and _LOCAL.fullmatch(local)
        and len(labels) >= 2
        and len(".".join(labels)) <= 253
        and not labels[-1].isdigit()
    )


def ascii_email(email: str) -> str:
    """The address as mail servers take it: the domain in ASCII. Raises ValueError for what is no address."""
    if not is_email(email):
        raise ValueError(f"{email!r} is not an e-mail address")
    local, _at, domain = email.rpartition("@")
    return f"{local}@{'.'.join(_ascii(domain))}"


def _ascii(domain: str) -> list[str]:
    """The labels of a domain in ASCII (RFC 3490); empty where one cannot be, or would come back as another."""
    labels: list[str] = []
    for label in domain.lower().split("."):
        try:
            encoded = label.encode("idna").decode()
            same = encoded == label or encoded.encode().decode("idna") == label
        except UnicodeError:
            return []
        if not same or not _LABEL.fullmatch(encoded):
            return []
        labels.append(encoded)
    return labels


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
    `secret` says that the text lets its reader in (a one-time link): it is not kept once the mail is sent.
    """

    to: tuple[Address, ...]
    subject: str
    text: str
    language: str
    html: str | None = None
    about: str | None = None
    attachments: tuple[Attachment, ...] = ()
    secret: bool = False


class IMail(Protocol):
    """The mail of the portal."""

    def queue(self, message: Message) -> None:
        """Write the mail as a row of this transaction; it is sent after the commit.

        Raises ValueError for a recipient that is not an e-mail address, or for a message without any.
        """
        ...
