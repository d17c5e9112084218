"""Every message passes the milter, and while it is down nothing does."""

import smtplib
import time

import pytest
from inside import wait_until
from messages import letter, token
from probe import Server

UNIT = "mailpopbox-milter"


@pytest.mark.parametrize("service", ["smtp", "submissions", "submission"])
def test_it_sees_every_message(server: Server, service: str) -> None:
    mailbox = server.mailbox()
    begin = time.time()
    with server.smtp(service, None if service == "smtp" else mailbox.login) as client:
        client.mail(f"me@{mailbox.domains[0]}")
        client.rcpt(mailbox.login)
        mail = letter(token(), sender=f"me@{mailbox.domains[0]}")
        _, text = client.data(mail.as_bytes())
    queue_id = text.decode().split()[-1]
    wait_until("line of the milter", lambda: f"queue_id={queue_id} " in server.journal(begin))


@pytest.mark.parametrize("service", ["smtp", "submissions"])
def test_while_it_is_stopped_mail_waits_with_its_sender(server: Server, service: str) -> None:
    mailbox = server.mailbox()
    word = token()
    mail = letter(word, sender=f"me@{mailbox.domains[0]}", to=mailbox.login)
    login = None if service == "smtp" else mailbox.login
    with server.provoking("Milter service unix:mailpopbox/milter.sock"):
        server.run("systemctl", "stop", UNIT)
        try:
            with pytest.raises(smtplib.SMTPResponseException) as refusal:
                server.send(mail, service=service, login=login)
            assert 400 <= refusal.value.smtp_code < 500
            assert server.queue() == []
        finally:
            server.run("systemctl", "start", UNIT)
    server.send(mail, service=service, login=login)
    assert len(server.wait_for_copies(mailbox.login, word, 1)) == 1


def test_killed_it_comes_back(server: Server) -> None:
    with server.provoking(f"{UNIT}.service", "Milter service unix:mailpopbox/milter.sock"):
        server.kill(UNIT)
    word = token()
    server.send(letter(word, to=server.mailbox().login))
    server.wait_for_message(None, word)


def test_it_is_locked_up_well(server: Server) -> None:
    """By systemd's own judgement: 0.0 is best, 10.0 no protection at all."""
    report = server.run("systemd-analyze", "security", "--no-pager", f"{UNIT}.service").stdout
    level = float(report.rpartition("level for")[2].split()[1])
    assert level < 2.0
