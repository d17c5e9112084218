"""Messages as real programs make them, through both submission ports to a recipient elsewhere."""

import smtplib
from pathlib import Path

import pytest
from judging import comparable
from leaving import FIXTURES, foretold, left, own_headers, sender_of, somebody
from mailpopbox.oneshot import split
from probe import Server

both_ports = pytest.mark.parametrize("service", ["submissions", "submission"])


LONG_HEADERS = {
    "one line": "x" * 59_972,
    "one octet more": "x" * 59_973,
    "many lines": "\n ".join(["x" * 98] * 700),
    "the last a long one": "\n ".join(["x" * 98] * 500) + "\n " + "x" * 30_000,
    "a short line, then a long one": "x\n " + "x" * 70_000,
    "raw UTF-8": "ü" * 40_000,
}


@both_ports
@pytest.mark.parametrize("fixture", FIXTURES, ids=[path.stem for path in FIXTURES])
def test_the_server_does_what_the_command_foretells(
    server: Server, service: str, fixture: Path
) -> None:
    it_leaves_as_foretold(server, service, fixture.read_bytes())


@pytest.mark.parametrize("value", LONG_HEADERS.values(), ids=LONG_HEADERS)
def test_also_where_postfix_cuts_a_header(server: Server, value: str) -> None:
    login = server.mailbox().login
    message = f"From: {login}\nSubject: [sendas:shop] x\nX-Any: {value} {login}\nX-B: b\n\nHello\n"
    it_leaves_as_foretold(server, "submissions", message.encode())


def it_leaves_as_foretold(server: Server, service: str, message: bytes) -> None:
    login, recipient = server.mailbox().login, somebody()
    expected = foretold(server, message, login)
    with server.smtp(service, login) as client:
        if refusal := expected.decision.refusal:
            with pytest.raises(smtplib.SMTPDataError) as refused:
                client.sendmail(login, recipient, message)
            assert refused.value.smtp_code == refusal.code
            assert refused.value.smtp_error == f"{refusal.enhanced} {refusal.text}".encode()
            return
        client.sendmail(login, recipient, message, ["BODY=8BITMIME"])
    raw = left(server, recipient)
    assert comparable(own_headers(raw)) == comparable(split(expected.message)[0])
    assert sender_of(raw) == expected.sender
    if expected.decision.address != login:
        assert login.encode() not in raw.partition(b"\n\n")[0].lower()
    body = message.replace(b"\r\n", b"\n").partition(b"\n\n")[2]
    assert raw.partition(b"\n\n")[2].rstrip(b"\n") == body.rstrip(b"\n")


@both_ports
def test_raw_utf8_in_an_international_session(server: Server, service: str) -> None:
    login, recipient = server.mailbox().login, somebody()
    message = f"From: Jürgen <{login}>\r\nSubject: ü [sendas:shop] ö\r\n\r\nHallo\r\n"
    with server.smtp(service, login) as client:
        client.sendmail(login, recipient, message.encode(), ["SMTPUTF8", "BODY=8BITMIME"])
    raw = left(server, recipient)
    headers = dict(own_headers(raw))
    assert headers["Subject"] == "=?utf-8?b?w7wgw7Y=?="
    assert headers["From"].endswith("<shop@example.com>")
    assert sender_of(raw) == "shop@example.com"


@both_ports
def test_every_recipient_gets_the_same_and_none_sees_bcc(server: Server, service: str) -> None:
    login, seen, unseen = server.mailbox().login, somebody(), somebody()
    message = (
        f"From: {login}\r\nTo: {seen}, {login}\r\nBcc: {unseen}\r\n"
        "Subject: [sendas:shop] Hello\r\n\r\nHello\r\n"
    )
    with server.smtp(service, login) as client:
        client.sendmail(login, [seen, unseen], message.encode())
    for recipient in (seen, unseen):
        headers = dict(own_headers(left(server, recipient)))
        assert headers["To"].split() == [f"{seen},", "shop@example.com"]
        assert "Bcc" not in headers


def test_bounces_of_bounces_keep_their_empty_sender(server: Server) -> None:
    login, recipient = server.mailbox().login, somebody()
    with server.smtp("submissions", login) as client:
        client.sendmail("", recipient, f"From: {login}\r\nSubject: [sendas:shop]\r\n\r\nHi\r\n")
    assert sender_of(left(server, recipient)) == ""


@both_ports
def test_one_connection_carries_many_messages_and_a_refusal(server: Server, service: str) -> None:
    """Each is judged by itself: nothing of one is left for the next."""
    login = server.mailbox().login
    tags = ["[sendas:one]", "", "[sendas:three@example.net]", "[sendas:]", "[sendas:five]"]
    leaves_as = ["one@example.com", login, "three@example.net", None, "five@example.com"]
    recipients = [somebody() for _ in tags]
    with server.smtp(service, login) as client:
        for tag, address, recipient in zip(tags, leaves_as, recipients, strict=True):
            message = f"From: {login}\r\nSubject: {tag} Hello\r\n\r\nHello\r\n"
            if address is None:
                with pytest.raises(smtplib.SMTPDataError):
                    client.sendmail(login, recipient, message)
            else:
                client.sendmail(login, recipient, message)
    for address, recipient in zip(leaves_as, recipients, strict=True):
        if address is not None:
            raw = left(server, recipient)
            assert dict(own_headers(raw))["From"] == address
            assert sender_of(raw) == address


def test_commands_in_one_packet_are_fine(server: Server) -> None:
    login, mailbox, recipient = server.mailbox().login, server.mailbox(), somebody()
    with server.wire("submissions") as wire:
        wire.say("EHLO laptop.example.org")
        assert wire.say(f"AUTH PLAIN {mailbox.auth_plain}").startswith("235")
        wire.send(f"MAIL FROM:<{login}>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode())
        assert [wire.answer()[:3] for _ in range(3)] == ["250", "250", "354"]
        wire.send(f"From: {login}\r\nSubject: [sendas:shop] x\r\n\r\nHi\r\n.\r\n".encode())
        assert wire.answer().startswith("250")
    assert sender_of(left(server, recipient)) == "shop@example.com"


def test_mail_from_may_be_anything_with_a_tag(server: Server) -> None:
    """As Gmail's page sends through this server."""
    login, recipient = server.mailbox().login, somebody()
    message = "From: Me <me@gmail.test>\r\nSubject: [sendas:shop] Hello\r\n\r\nHello\r\n"
    with server.smtp("submissions", login) as client:
        client.sendmail("me@gmail.test", recipient, message)
    raw = left(server, recipient)
    assert sender_of(raw) == "shop@example.com"
    assert b"gmail.test" not in raw


def test_mail_that_comes_in_is_never_altered(server: Server) -> None:
    login = server.mailbox().login
    subject = f"[sendas:shop] {somebody()}"
    message = f"From: a@example.org\r\nSubject: {subject}\r\nX-Mailer: x\r\n\r\nHello\r\n"
    server.send(message.encode(), sender="a@example.org", to=[login])
    raw = server.wait_for_raw(login, subject)
    assert b"\r\nX-Mailer: x\r\n" in raw
    assert b"\r\nFrom: a@example.org\r\n" in raw
