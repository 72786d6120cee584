"""Mail: queued as a row in the transaction that decided it, sent after the commit, marked as sent.

A mail may be sent twice when the process dies between sending and marking; both carry the same Message-ID, by which
mail programs show it once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, getaddresses
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import insert, select, update

from portal.kernel import BASE_URL
from portal.kernel.db import Contention, new_public_id
from portal.kernel.effects import tell
from portal.kernel.errors import Refused
from portal.kernel.i18n import _
from portal.kernel.mail import Message, ascii_email
from portal.kernel.unit import Unit
from portal.ops import documents
from portal.ops.models import FAILED, QUEUED, SENT, Mail
from portal.ops.settings import ATTEMPTS
from portal.ops.transport import explain, is_permanent, transport
from portal.ops.worker import retry_delay
from portal.web.slots import Panel

if TYPE_CHECKING:
    from portal.web.request import Request

SEND = "ops.mail"

_EMPTY: dict[str, Any] = {"text": "", "html": None}
_AS_IT_IS: dict[str, Any] = {}


class MailQueue:
    """Implements `portal.kernel.mail.IMail`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def queue(self, message: Message) -> None:
        """Write the mail and the job that sends it; see `IMail.queue`."""
        if not message.to:
            raise ValueError("a mail needs a recipient")
        unit = self._unit
        public_id = new_public_id()
        files = [{"document": file.document, "name": file.filename} for file in message.attachments]
        unit.db.execute(
            insert(Mail)
            .inline()  # a customer's request may add a mail and not read any
            .values(
                public_id=public_id,
                message_id=f"<{public_id}@{urlsplit(unit.setting(BASE_URL)).hostname}>",
                recipient=", ".join(str(_header(to.name, to.email)) for to in message.to),
                subject=" ".join(message.subject.split())[:500],
                text=message.text,
                html=message.html,
                secret=message.secret,
                language=message.language,
                about=message.about,
                attachments=json.dumps(files),
                state=QUEUED,
                attempts=0,
                created_at=unit.now(),
            )
        )
        _enqueue(unit, public_id, attempt=1)
        to = tuple(f"{one.name} <{one.email}>" if one.name else one.email for one in message.to)
        tell(unit, MailQueued(to, message.subject, tuple(file.filename for file in message.attachments)))


@dataclass(frozen=True, slots=True)
class MailQueued:
    """An effect: a mail to these recipients, with these files, will go out (see `portal.kernel.effects`)."""

    to: tuple[str, ...]
    subject: str
    attachments: tuple[str, ...]


def effects(told: Sequence[object], request: Request) -> Panel | None:
    """The mails that an act lets go out, with who gets them."""
    mails = [one for one in told if isinstance(one, MailQueued)]
    return Panel(_("Mail"), "portal:ops/templates/effects.jinja2", {"mails": mails}) if mails else None


def retry(unit: Unit, mail: Mail) -> None:
    """Send a failed mail again. Raises Refused for one that is sent or still being tried."""
    changed = unit.db.execute(
        update(Mail)
        .where(Mail.id == mail.id, Mail.state == FAILED)
        .values(state=QUEUED)
        .returning(Mail.id)
        .execution_options(synchronize_session=False)
    )
    if changed.scalar() is None:
        raise Refused(_("Only a failed mail can be sent again."))
    _enqueue(unit, mail.public_id, attempt=1)


def send_job(unit: Unit, payload: Mapping[str, Any]) -> None:
    """Send one mail, then mark it; a failure stands beside the mail, and is tried again later unless it is final."""
    mail = unit.db.scalar(select(Mail).where(Mail.public_id == payload["mail"]))
    if mail is None or mail.state != QUEUED:
        return
    try:
        message, forgotten = compose(unit, mail), _EMPTY if mail.secret else _AS_IT_IS
        unit.db.rollback()  # no lock is held while the mail server is spoken to
        refused = transport(unit.house.settings).send(message)
    except Contention:
        raise
    except Exception as error:  # noqa: BLE001 - whatever keeps a mail from going out is shown beside it
        unit.db.rollback()
        _failed(unit, payload["mail"], payload["attempt"], error)
    else:
        _mark(unit, payload["mail"], state=SENT, sent_at=unit.now(), error=refused, **forgotten)


@dataclass(frozen=True, slots=True)
class Attached:
    """An attachment: the name of the file, and the public id of the issued document."""

    name: str
    document: str


def attachments(mail: Mail) -> list[Attached]:
    """What is attached to a mail."""
    return [Attached(item["name"], item["document"]) for item in json.loads(mail.attachments)]


def compose(unit: Unit, mail: Mail) -> EmailMessage:
    """The mail as it is sent, from the company's address, its documents attached.

    Raises LookupError for a document that is not there.
    """
    message = EmailMessage(policy=SMTP_POLICY)
    message["Message-ID"] = mail.message_id
    message["Date"] = format_datetime(mail.created_at)
    message["From"] = Address(unit.company.name, addr_spec=unit.company.email)
    message["To"] = tuple(_header(name, email) for name, email in getaddresses([mail.recipient]))
    message["Subject"] = mail.subject
    message["Content-Language"] = mail.language.replace("_", "-")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    if mail.html:
        message.add_alternative(mail.html, subtype="html")
    for file in attachments(mail):
        body = documents.content(unit.db, file.document)
        message.add_attachment(body, maintype="application", subtype="pdf", filename=file.name)
    return message


def _header(name: str, email: str) -> Address:
    """The recipient of a header. Raises ValueError for what is not one e-mail address."""
    return Address(" ".join(name.split()), addr_spec=ascii_email(email))


def _failed(unit: Unit, public_id: str, attempt: int, error: Exception) -> None:
    final = is_permanent(error) or attempt >= unit.setting(ATTEMPTS)
    _mark(unit, public_id, state=FAILED if final else QUEUED, error=explain(error))
    if not final:
        _enqueue(unit, public_id, attempt + 1)


def _enqueue(unit: Unit, public_id: str, attempt: int) -> None:
    payload = {"mail": public_id, "attempt": attempt}
    if attempt == 1:
        unit.enqueue(SEND, payload)
    else:
        unit.enqueue(SEND, payload, after=retry_delay(unit.house, attempt - 1))


def _mark(unit: Unit, public_id: str, **values: Any) -> None:
    unit.db.execute(
        update(Mail)
        .where(Mail.public_id == public_id)
        .values(attempts=Mail.attempts + 1, **values)
        .execution_options(synchronize_session=False)
    )
