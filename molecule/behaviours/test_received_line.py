"""What leaves does not tell where its sender sits, and nothing else in it changes."""

import re

import pytest
from messages import parse, token
from probe import Mailbox, Server

both_ports = pytest.mark.parametrize("service", ["submissions", "submission"])

# Names a client may give itself, to make a line that is cut in the wrong place.
HELO_NAMES = (
    "laptop.home.example.org",
    "[192.0.2.55]",
    "x; by {host} (Postfix) with ESMTPSA id FORGED; Mon, 1 Jan 2024 00:00:00 +0000",
    "by {host} (Postfix) with ESMTPSA id FORGED",
    "{host}",
    "x" * 900,
    "bücher.example",
)
LOCAL_PARTS = (
    "plain",
    '"a; b"',
    '"by {host} (Postfix) with ESMTPSA id FORGED; Mon, 1 Jan"',
    '"x\tby {host} (Postfix) with ESMTPSA id FORGED"',
)
DATE = r"\w{3}, +\d+ \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4} \(\w+\)"

BODY = b"""\
Received: from me by {host} (Postfix) with ESMTPSA id FORGED; Mon, 1 Jan 2024 00:00:00 +0000

--parts
Content-Type: text/plain
Received: from part (part [192.0.2.1])
\tby {host} (Postfix) with ESMTPSA id PART; Mon, 1 Jan 2024 00:00:00 +0000

. dot  \t
..dots
--parts
Content-Type: message/rfc822

Received: from inside (inside [192.0.2.1])
\tby {host} (Postfix) with ESMTPSA id INSIDE; Mon, 1 Jan 2024 00:00:00 +0000
Received: from inside by {host} (Postfix) with ESMTPSA id TWO; Mon, 1 Jan 2024 00:00:00 +0000
Subject: inside

x
--parts--
"""


def send(
    server: Server, recipients: list[str], *, helo: str, service: str, body: bytes = b"Hello\n"
) -> tuple[bytes, str]:
    """Send as the first mailbox to itself; return what arrives and the id it had in the queue."""
    mailbox = server.mailbox()
    word = token()
    header = f"From: me@{mailbox.domains[0]}\nSubject: {word}\nMIME-Version: 1.0\n"
    header += 'Content-Type: multipart/mixed; boundary="parts"\n\n'
    with server.wire(service) as wire:
        if service == "submission":
            wire.say("EHLO first.example.org")
            wire.start_tls()
        wire.say(f"EHLO {helo.format(host=server.hostname)}")
        assert wire.say(f"AUTH PLAIN {mailbox.auth_plain}").startswith("235")
        assert wire.say(f"MAIL FROM:<me@{mailbox.domains[0]}>").startswith("250")
        for recipient in recipients:
            assert wire.say(f"RCPT TO:<{recipient.format(host=server.hostname)}>")[:3] == "250"
        assert wire.say("DATA").startswith("354")
        lines = (header.encode() + body).replace(b"\n.", b"\n..").replace(b"\n", b"\r\n")
        wire.send(lines + b".\r\n")
        answer = wire.answer()
    assert answer.startswith("250 2.0.0 Ok: queued as "), answer
    return server.wait_for_raw(mailbox.login, word), answer.split()[-1]


def assert_one_line(server: Server, raw: bytes, queue_id: str) -> None:
    (line,) = parse(raw).get_all("Received", [])
    host = re.escape(server.hostname)
    assert re.fullmatch(rf"by {host} \(Postfix\) id {queue_id}; {DATE}", line), line


def own(mailbox: Mailbox, *locals_: str) -> list[str]:
    return [f"{local}@{mailbox.domains[0]}" for local in locals_]


@both_ports
@pytest.mark.parametrize("helo", HELO_NAMES)
def test_no_name_of_a_client_shows(server: Server, service: str, helo: str) -> None:
    raw, queue_id = send(server, own(server.mailbox(), "you"), helo=helo, service=service)
    assert_one_line(server, raw, queue_id)


@pytest.mark.parametrize("local", LOCAL_PARTS)
def test_no_recipient_shows(server: Server, local: str) -> None:
    recipients = own(server.mailbox(), local)
    raw, queue_id = send(server, recipients, helo="laptop.example.org", service="submissions")
    assert_one_line(server, raw, queue_id)


def test_several_recipients_make_no_difference(server: Server) -> None:
    recipients = own(server.mailbox(), "you", "and-you")
    raw, queue_id = send(server, recipients, helo="laptop.example.org", service="submissions")
    assert_one_line(server, raw, queue_id)


@both_ports
def test_the_body_stays_as_it_is(server: Server, service: str) -> None:
    body = BODY.replace(b"{host}", server.hostname.encode())
    recipients = own(server.mailbox(), "you")
    raw, queue_id = send(server, recipients, helo="laptop.example.org", service=service, body=body)
    assert_one_line(server, raw, queue_id)
    assert raw.partition(b"\r\n\r\n")[2] == body.replace(b"\n", b"\r\n")


def test_mail_that_comes_in_keeps_its_lines(server: Server) -> None:
    """Only submissions are cut: who wrote from outside must stay visible."""
    mailbox, word = server.mailbox(), token()
    trail = "from far by away with SMTP id 1; Mon, 1 Jan 2024 00:00:00 +0000"
    server.send(
        f"Received: {trail}\r\nSubject: {word}\r\n\r\nHello\r\n".encode(),
        sender="friend@example.org",
        to=own(mailbox, "me"),
    )
    ours, theirs = server.wait_for_message(mailbox.login, word).get_all("Received", [])
    assert theirs == trail
    assert ours.startswith("from client.example.org (")
    assert f"by {server.hostname} (Postfix)" in ours
