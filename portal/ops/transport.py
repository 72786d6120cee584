"""How a mail leaves the house: as a file in development, by SMTP in production."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from pathlib import Path
from typing import Protocol

from portal.kernel.settings import Settings
from portal.ops import settings as keys
from portal.ops import worker
from portal.ops.documents import safe_name

_TIMEOUT = 20.0


class Transport(Protocol):
    """Hands a mail over."""

    def send(self, message: EmailMessage) -> str | None:
        """Send; raises whatever keeps it from being accepted.

        Returns which of several recipients were refused and why, None when all were accepted.
        """
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """Writes each mail into a file named after its Message-ID, so that a second attempt replaces the first."""

    path: Path

    def send(self, message: EmailMessage) -> str | None:
        """Write the .eml file."""
        self.path.mkdir(parents=True, exist_ok=True)
        name = safe_name(str(message["Message-ID"]).partition("@")[0].lstrip("<"))
        (self.path / f"{name}.eml").write_bytes(message.as_bytes(policy=SMTP_POLICY))
        return None


@dataclass(frozen=True, slots=True)
class Smtp:
    """Sends through a mail server; `tls` is starttls, implicit or none."""

    host: str
    port: int
    user: str
    password: str
    tls: str

    def send(self, message: EmailMessage) -> str | None:
        """Send; raises OSError or smtplib.SMTPException."""
        server = self._connect()
        try:
            if self.tls == "starttls":
                server.starttls(context=ssl.create_default_context())
            if self.user:
                server.login(self.user, self.password)
            refused = server.send_message(message)
        finally:
            _leave(server)
        return explain(smtplib.SMTPRecipientsRefused(refused)) if refused else None

    def _connect(self) -> smtplib.SMTP:
        if self.tls == "implicit":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, timeout=_TIMEOUT, context=context)
        return smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT)


def _leave(server: smtplib.SMTP) -> None:
    """Say goodbye. However the server takes it, a mail that it has accepted is accepted."""
    with suppress(OSError):  # smtplib's own errors included
        server.quit()
    server.close()


def transport(settings: Settings) -> Transport:
    """The transport that the ini asks for."""
    if settings[keys.MAIL_TRANSPORT] == keys.FILE:
        return Folder(Path(settings[keys.MAIL_FOLDER]))
    return Smtp(
        settings[keys.MAIL_HOST],
        settings[keys.MAIL_PORT],
        settings[keys.MAIL_USER],
        settings[keys.MAIL_PASSWORD],
        settings[keys.MAIL_TLS],
    )


def is_permanent(error: Exception) -> bool:
    """Whether the mail server has refused for good (a code of 500 and above), so that another try is idle."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _reason in error.recipients.values())
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return False  # a wrong password in the ini is not the mail's fault
    return isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= 500


def explain(error: Exception) -> str:
    """What went wrong, in one line for the page of mails."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        reasons = (f"{who}: {code} {_text(reason)}" for who, (code, reason) in error.recipients.items())
        return "; ".join(reasons)[:1000]
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"[:1000]
    return worker.explain(error)


def _text(reason: bytes | str) -> str:
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
