"""Mail against a real SMTP server in a thread: refused, later accepted, once by Message-ID."""

from __future__ import annotations

import email
import email.policy
import socket
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select, update

from portal.kernel.jobs import WAITING, JobRow
from portal.kernel.mail import Address, Attachment, IMail, Message
from portal.kernel.unit import Unit
from portal.ops import documents, mail
from portal.ops.models import FAILED, QUEUED, SENT, Mail
from portal.ops.pdf import Party, PrintDocument, PrintLine, Seller
from portal.testing import TestPortal

ANNA = Address("Änna Kern", "anna@customer.example")


class Sink:
    """Takes mail, or answers RCPT with the reply it is told."""

    def __init__(self) -> None:
        self.reply: str | None = None
        self.refuses: dict[str, str] = {}
        self.taken: list[EmailMessage] = []
        self.goodbye: str | None = None

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        return self.goodbye or "221 Bye"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        reply = self.reply or self.refuses.get(address)
        if reply is not None:
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.taken.append(message)
        return "250 taken"


@pytest.fixture
def sink() -> Iterator[tuple[Sink, int]]:
    found = Sink()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(found, hostname="127.0.0.1", port=port)
    controller.start()
    yield found, port
    controller.stop()


@pytest.fixture
def portal(portals: Callable[..., TestPortal], sink: tuple[Sink, int]) -> TestPortal:
    return portals(
        mail__transport="smtp",
        mail__host="127.0.0.1",
        mail__port=str(sink[1]),
        mail__tls="none",
        jobs__attempts="3",
        jobs__retry_delay="60",
    )


def queue(portal: TestPortal, **more: Any) -> None:
    message = Message((ANNA,), "Ihr Angebot\r\nBcc: x", "Guten Tag,\n\nIhr Angebot.\n", "de", **more)
    with portal.unit() as unit:
        unit.ask(IMail).queue(message)


def stored(portal: TestPortal) -> Mail:
    with portal.reading() as unit:
        return unit.db.scalars(select(Mail)).one()


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert isinstance(part, EmailMessage)
    return str(part.get_content()).replace("\r\n", "\n").strip()


def test_a_mail_is_sent_once_from_the_company(portal: TestPortal, sink: tuple[Sink, int]) -> None:
    queue(portal, html="<p>Ihr Angebot.</p>", about="order:0123")
    assert sink[0].taken == []
    assert portal.work() == 1
    (taken,) = sink[0].taken
    assert taken["From"] == "Test Trading GmbH <office@company.example>"
    assert taken["To"] == "Änna Kern <anna@customer.example>"
    assert taken["Subject"] == "Ihr Angebot Bcc: x"
    assert taken["Bcc"] is None
    assert body(taken, "plain") == "Guten Tag,\n\nIhr Angebot."
    assert body(taken, "html") == "<p>Ihr Angebot.</p>"
    row = stored(portal)
    assert (row.state, row.attempts, row.error, row.sent_at) == (SENT, 1, None, portal.clock())
    assert taken["Message-ID"] == row.message_id == f"<{row.public_id}@localhost>"
    assert portal.work() == 0


def test_a_refused_mail_is_tried_again_and_sent_under_the_same_id(
    portal: TestPortal, sink: tuple[Sink, int]
) -> None:
    sink[0].reply = "451 come back later"
    queue(portal)
    assert portal.work() == 1
    row = stored(portal)
    assert (row.state, row.attempts) == (QUEUED, 1)
    assert row.error == "anna@customer.example: 451 come back later"
    assert portal.work() == 0
    portal.clock.advance(seconds=60)
    assert portal.work() == 1
    assert stored(portal).attempts == 2
    sink[0].reply = None
    portal.clock.advance(seconds=119)
    assert portal.work() == 0
    portal.clock.advance(seconds=1)
    assert portal.work() == 1
    assert [taken["Message-ID"] for taken in sink[0].taken] == [row.message_id]
    assert (stored(portal).state, stored(portal).error) == (SENT, None)


def test_the_last_attempt_fails_and_a_person_sends_it_again(
    portal: TestPortal, sink: tuple[Sink, int]
) -> None:
    sink[0].reply = "451 come back later"
    queue(portal)
    for _ in range(3):
        portal.work()
        portal.clock.advance(hours=1)
    assert (stored(portal).state, stored(portal).attempts) == (FAILED, 3)
    assert portal.work() == 0
    sink[0].reply = None
    with portal.unit() as unit:
        mail.retry(unit, unit.db.scalars(select(Mail)).one())
    assert portal.work() == 1
    assert stored(portal).state == SENT
    assert len(sink[0].taken) == 1


def test_a_final_refusal_is_not_tried_again(portal: TestPortal, sink: tuple[Sink, int]) -> None:
    sink[0].reply = "550 no such person"
    queue(portal)
    assert portal.work() == 1
    assert (stored(portal).state, stored(portal).error) == (
        FAILED,
        "anna@customer.example: 550 no such person",
    )
    portal.clock.advance(days=1)
    assert portal.work() == 0


def test_a_mail_server_that_is_gone_is_tried_again(portals: Callable[..., TestPortal]) -> None:
    portal = portals(mail__transport="smtp", mail__host="127.0.0.1", mail__port="1", mail__tls="none")
    queue(portal)
    assert portal.work() == 1
    assert stored(portal).state == QUEUED
    assert "ConnectionRefusedError" in (stored(portal).error or "")


def test_one_of_two_recipients_is_refused(portal: TestPortal, sink: tuple[Sink, int]) -> None:
    sink[0].refuses["bob@customer.example"] = "550 gone"
    with portal.unit() as unit:
        both = (ANNA, Address("", "bob@customer.example"))
        unit.ask(IMail).queue(Message(both, "Hello", "text", "en"))
    portal.work()
    row = stored(portal)
    assert (row.state, row.error) == (SENT, "bob@customer.example: 550 gone")
    assert len(sink[0].taken) == 1


@pytest.mark.parametrize("goodbye", ["421 closing", "500 what"])
def test_an_accepted_mail_is_sent_whatever_the_goodbye(
    portal: TestPortal, sink: tuple[Sink, int], goodbye: str
) -> None:
    sink[0].goodbye = goodbye
    queue(portal)
    assert portal.work() == 1
    assert (stored(portal).state, stored(portal).error) == (SENT, None)
    portal.clock.advance(days=1)
    assert portal.work() == 0
    assert len(sink[0].taken) == 1


def test_a_mail_marked_as_sent_by_another_is_not_sent(portal: TestPortal, sink: tuple[Sink, int]) -> None:
    queue(portal)
    with portal.unit() as unit:
        unit.db.execute(update(Mail).values(state=SENT))
    assert portal.work() == 1
    assert sink[0].taken == []


def test_an_aborted_command_sends_nothing(portal: TestPortal, sink: tuple[Sink, int]) -> None:
    with pytest.raises(ZeroDivisionError), portal.unit() as unit:  # noqa: PT012 - what is aborted
        unit.ask(IMail).queue(Message((ANNA,), "Hello", "text", "en"))
        raise ZeroDivisionError
    portal.work()
    assert sink[0].taken == []


@pytest.mark.parametrize("address", ["", "nobody", "a@b@c", "a b@c.example", "a@c.example\nBcc: d@e.example"])
def test_what_is_no_address_is_refused_when_queued(portal: TestPortal, address: str) -> None:
    with pytest.raises(ValueError, match="not an e-mail address"), portal.unit() as unit:
        unit.ask(IMail).queue(Message((Address("", address),), "Hello", "text", "en"))
    with portal.reading() as unit:
        assert unit.db.scalars(select(Mail)).all() == []
        assert unit.db.scalars(select(JobRow).where(JobRow.state == WAITING)).all() == []


def test_the_text_of_a_secret_mail_is_kept_until_it_is_sent(
    portal: TestPortal, sink: tuple[Sink, int]
) -> None:
    sink[0].reply = "451 come back later"
    queue(portal, html="<p>Ihr Link</p>", secret=True)
    portal.work()
    assert (stored(portal).text, stored(portal).html) != ("", None)
    sink[0].reply = None
    portal.clock.advance(minutes=1)
    portal.work()
    row = stored(portal)
    assert (row.state, row.text, row.html) == (SENT, "", None)
    assert "Ihr Angebot." in body(sink[0].taken[0], "plain")


def test_another_mail_keeps_its_text(portal: TestPortal) -> None:
    queue(portal, html="<p>Ihr Angebot</p>")
    portal.work()
    assert (stored(portal).state, stored(portal).html) == (SENT, "<p>Ihr Angebot</p>")


def test_a_domain_of_another_alphabet_is_sent_in_ascii(portal: TestPortal, sink: tuple[Sink, int]) -> None:
    with portal.unit() as unit:
        unit.ask(IMail).queue(Message((Address("Ä", "a@exämple.example"),), "Hello", "text", "en"))
    portal.work()
    assert (stored(portal).state, stored(portal).error) == (SENT, None)
    assert sink[0].taken[0]["To"] == "Ä <a@xn--exmple-cua.example>"


def test_files_in_development_with_the_documents(portals: Callable[..., TestPortal], tmp_path: Path) -> None:
    portal = portals(mail__folder=str(tmp_path / "out"))
    with portal.unit() as unit:
        public_id = documents.issue(unit, quotation(unit), "order", "0" * 26)
        attachment = Attachment("Angebot Q-1.pdf", public_id)
        unit.ask(IMail).queue(Message((ANNA,), "Hello", "text", "de", attachments=(attachment,)))
    assert portal.work() == 2
    (file,) = (tmp_path / "out").iterdir()
    parsed = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    (attached,) = parsed.iter_attachments()
    assert attached.get_filename() == "Angebot Q-1.pdf"
    with portal.reading() as unit:
        assert attached.get_content() == documents.content(unit.db, public_id)


def test_a_missing_document_stands_beside_the_mail(
    portals: Callable[..., TestPortal], tmp_path: Path
) -> None:
    portal = portals(mail__folder=str(tmp_path / "out"))
    queue(portal, attachments=(Attachment("x.pdf", "0" * 26),))
    portal.work()
    assert stored(portal).state == QUEUED
    assert "no document" in (stored(portal).error or "")
    assert not (tmp_path / "out").exists()


def quotation(unit: Unit) -> PrintDocument:
    """A small document to print."""
    line = PrintLine(1, "A-1", "Chai", "", Decimal(2), "pc", Decimal("9.00"), Decimal(0), 1800, "19%")
    return PrintDocument(
        kind="quotation",
        number="Q-1",
        issue_date=date(2026, 11, 2),
        language="de",
        currency="EUR",
        seller=Seller.of(unit.company),
        buyer=Party("Kunde AG", ("Weg 1", "10115 Berlin"), "", "DE"),
        lines=(line,),
        net_minor=1800,
        tax_minor=342,
        gross_minor=2142,
    )
