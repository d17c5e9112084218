"""Whatever happens to the milter, nothing leaves that it has not judged, and nothing is lost."""

import smtplib

import pytest
from inside import wait_until
from leaving import arrived, left, sender_of, somebody
from probe import Server
from remembering import code_of

UNIT = "mailpopbox-milter"
TROUBLE = ("Milter service unix:mailpopbox/milter.sock", f"{UNIT}.service", "milter")


def message(server: Server) -> str:
    return f"From: {server.mailbox().login}\r\nSubject: [sendas:shop] x\r\n\r\nHello\r\n"


def signal(server: Server, name: str) -> None:
    server.run("systemctl", "kill", f"--signal={name}", UNIT)


def retry(server: Server, recipient: str) -> None:
    """Send once more, and see that just this one arrived."""
    login = server.mailbox().login
    with server.smtp("submissions", login) as client:
        client.sendmail(login, recipient, message(server))
    assert sender_of(left(server, recipient)) == "shop@example.com"


def test_killed_in_the_middle_of_a_message(server: Server) -> None:
    login, mailbox, recipient = server.mailbox().login, server.mailbox(), somebody()
    with server.provoking(*TROUBLE), server.wire("submissions") as wire:
        wire.say("EHLO laptop.example.org")
        assert wire.say(f"AUTH PLAIN {mailbox.auth_plain}").startswith("235")
        wire.say(f"MAIL FROM:<{login}>")
        wire.say(f"RCPT TO:<{recipient}>")
        assert wire.say("DATA").startswith("354")
        wire.send(message(server).encode())
        server.kill(UNIT)
        wire.send(b".\r\n")
        assert wire.answer().startswith("4")
    assert arrived(server, recipient) == []
    retry(server, recipient)


def test_stopped(server: Server) -> None:
    login, recipient = server.mailbox().login, somebody()
    with server.provoking(*TROUBLE):
        server.run("systemctl", "stop", UNIT)
        with pytest.raises(smtplib.SMTPResponseException) as refused:
            server.send(message(server).encode(), sender=login, to=[recipient],
                        service="submissions", login=login)  # fmt: skip
        server.run("systemctl", "start", UNIT)
    assert 400 <= refused.value.smtp_code < 500
    assert arrived(server, recipient) == []
    retry(server, recipient)


def test_hanging(server: Server) -> None:
    login, recipient = server.mailbox().login, somebody()
    with server.provoking(*TROUBLE), server.smtp("submissions", login) as client:
        assert client.sock
        client.sock.settimeout(90)
        signal(server, "STOP")
        try:
            with pytest.raises(smtplib.SMTPException) as refused:
                client.sendmail(login, recipient, message(server))
        finally:
            signal(server, "CONT")
    assert 400 <= code_of(refused.value) < 500
    assert arrived(server, recipient) == []
    retry(server, recipient)


def test_asked_to_stop_by_sighup_it_comes_back(server: Server) -> None:
    with server.provoking(*TROUBLE):
        signal(server, "HUP")
        recipient, login = somebody(), server.mailbox().login
        codes: list[int] = []

        def sent() -> bool:
            try:
                with server.smtp("submissions", login) as client:
                    client.sendmail(login, recipient, message(server))
            except smtplib.SMTPResponseException as refused:
                codes.append(refused.smtp_code)
                return False
            return True

        wait_until("milter", sent, timeout=20)
    assert all(400 <= code < 500 for code in codes)
    assert sender_of(left(server, recipient)) == "shop@example.com"


def test_a_changed_configuration_counts_at_once_and_a_broken_one_does_not(server: Server) -> None:
    """No restart, no waiting: the file is read again when it changes."""
    path = "/etc/mailpopbox/milter.yml"
    before = server.run("cat", path).stdout
    login, recipient = server.mailbox().login, somebody()
    plain = f"From: {login}\r\nSubject: Hello\r\n\r\nHello\r\n"
    try:
        server.run("tee", path, stdin=before.replace("bare_login: allow", "bare_login: refuse"))
        with server.smtp("submissions", login) as client, pytest.raises(smtplib.SMTPDataError):
            client.sendmail(login, recipient, plain)
        with server.provoking(path):
            server.run("tee", path, stdin="mailboxes: nonsense\n")
            with server.smtp("submissions", login) as client, pytest.raises(smtplib.SMTPDataError):
                client.sendmail(login, recipient, plain)
    finally:
        server.run("tee", path, stdin=before)
    with server.smtp("submissions", login) as client:
        client.sendmail(login, recipient, plain)
    assert sender_of(left(server, recipient)) == login


def test_the_log_and_the_counters_tell_of_each_message(server: Server) -> None:
    login, recipient = server.mailbox().login, somebody()
    with server.smtp("submissions", login) as client:
        client.sendmail(login, recipient, message(server))
        with pytest.raises(smtplib.SMTPDataError):
            client.sendmail(login, recipient, "From: x\r\nSubject: [sendas:] geheim\r\n\r\nHi\r\n")
    journal = server.run("journalctl", "--no-pager", "-u", UNIT).stdout
    assert (
        f"login={login} outcome=rewritten alias=shop@example.com rules=3,7,11,12,14 removed=- "
        in journal
    )
    assert "outcome=refused" in journal
    assert "geheim" not in journal

    def counted() -> bool:
        text = server.run("cat", "/run/mailpopbox/milter.prom").stdout
        return 'mailpopbox_refused_total{rule="10"}' in text and 'outcome="rewritten"' in text

    wait_until("counters", counted, timeout=10)
