"""Only who has logged in may send, and only as themselves."""

import smtplib

import pytest
from messages import letter, token
from probe import Server

both_ports = pytest.mark.parametrize("service", ["submissions", "submission"])


@both_ports
def test_a_login_sends(server: Server, service: str) -> None:
    mailbox = server.mailbox()
    word = token()
    mail = letter(word, sender=f"me@{mailbox.domains[0]}", to=f"you@{mailbox.domains[0]}")
    server.send(mail, service=service, login=mailbox.login)
    server.wait_for_message(None, word)


@both_ports
def test_without_a_login_nothing_is_taken(server: Server, service: str) -> None:
    """Neither for others nor for our own domains, and from whatever address."""
    own = f"me@{server.mailbox().domains[0]}"
    with server.smtp(service) as client:
        for sender in ("friend@example.org", own, ""):
            client.mail(sender)
            for recipient in (own, "friend@example.org"):
                assert client.rcpt(recipient)[0] == 554
            assert client.docmd("DATA")[0] == 554
            client.rset()


@both_ports
def test_a_wrong_password_is_refused(server: Server, service: str) -> None:
    mailbox = server.mailbox()
    with server.provoking("SASL PLAIN authentication failed"):
        with server.smtp(service) as client:
            client.user, client.password = mailbox.login, "wrong"
            with pytest.raises(smtplib.SMTPAuthenticationError) as refusal:
                client.auth("PLAIN", client.auth_plain)
            client.mail(f"me@{mailbox.domains[0]}")
            assert client.rcpt(mailbox.login)[0] == 554
        server.restart_dovecot()
    assert refusal.value.smtp_code == 535


@both_ports
def test_nobody_sends_as_somebody_else(server: Server, service: str) -> None:
    mailbox = server.mailbox()
    mail = letter(token(), sender="friend@example.org", to=mailbox.login)
    with pytest.raises(smtplib.SMTPDataError) as refusal:
        server.send(mail, service=service, login=mailbox.login)
    assert refusal.value.smtp_code == 550
    assert b"may not send as friend@example.org" in str(refusal.value).encode()


@both_ports
def test_the_envelope_follows_from(server: Server, service: str) -> None:
    """Bounces come back to the address that the recipient sees, whatever the program says."""
    mailbox, word = server.mailbox(), token()
    own = f"me@{mailbox.domains[0]}"
    mail = letter(word, sender=own, to=mailbox.login)
    server.send(mail, sender="friend@example.org", service=service, login=mailbox.login)
    assert server.wait_for_message(None, word)["Return-Path"] == f"<{own}>"
