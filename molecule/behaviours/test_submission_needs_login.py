"""Only who has logged in may send, and only as themselves."""

import smtplib

import pytest
from probe import Server, letter, token

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
def test_the_envelope_names_an_address_of_the_login(server: Server, service: str) -> None:
    mailbox = server.mailbox()
    with server.smtp(service, mailbox.login) as client:
        for sender in ("friend@example.org", f"me@sub.{mailbox.domains[0]}"):
            client.mail(sender)
            code, text = client.rcpt(f"you@{mailbox.domains[0]}")
            assert (code, text[:5]) == (553, b"5.7.1")
            client.rset()
        client.mail(f"whoever@{mailbox.domains[0]}")
        assert client.rcpt(f"you@{mailbox.domains[0]}")[0] == 250
