"""Whoever runs the domain or the host can be reached, as the standards ask."""

import pytest
from inside import wait_until
from messages import letter, token
from probe import Server


@pytest.mark.parametrize("name", ["postmaster", "abuse", "PostMaster"])
def test_postmaster_and_abuse_of_each_domain_arrive(server: Server, name: str) -> None:
    mailbox = server.mailbox()
    word = token()
    server.send(letter(word, to=f"{name}@{mailbox.domains[0]}"))
    server.wait_for_message(mailbox.login, word)


@pytest.mark.parametrize("name", ["postmaster", "abuse", "root", "mailer-daemon"])
def test_the_host_itself_can_be_written_to(server: Server, name: str) -> None:
    word = token()
    server.send(letter(word), to=f"{name}@{server.hostname}")
    server.wait_for_message(server.admin, word)


def test_postmaster_needs_no_domain(server: Server) -> None:
    word = token()
    server.send(letter(word), to="postmaster")
    server.wait_for_message(server.admin, word)


@pytest.mark.parametrize("user", ["root", "postmaster"])
def test_mail_of_the_hosts_own_programs_arrives(server: Server, user: str) -> None:
    word = token()
    server.run("sendmail", user, stdin=f"Subject: {word}\n\nThe disk is full.\n")
    message = server.wait_for_message(server.admin, word)
    assert "The disk is full." in message.get_content()


def test_a_bounce_reaches_the_sender(server: Server) -> None:
    """What the host can't deliver comes back to who wrote it, from MAILER-DAEMON."""
    mailbox = server.mailbox()
    sender = f"me@{mailbox.domains[0]}"
    word = token()
    server.run("sendmail", "-f", sender, f"nobody@{server.hostname}", stdin=f"Subject: {word}\n\n")
    notice = wait_until("bounce", lambda: bounce_about(server, mailbox.login, word))
    assert notice == f"MAILER-DAEMON@{server.hostname}"


def bounce_about(server: Server, login: str, word: str) -> str | None:
    """Return the sender of the bounce that quotes this subject."""
    for bounce in server.copies(login, "Undelivered Mail"):
        if word in bounce.as_string():
            return str(bounce["From"].addresses[0].addr_spec)
    return None
