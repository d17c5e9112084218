"""Nobody sends through this server to somebody else: the classic tricks."""

import pytest
from probe import Server

# The recipients that open relays fall for. {own}: a domain of ours; {host}: the server's name.
TRICKS = (
    "victim@example.org",
    "victim@EXAMPLE.ORG",
    "victim@example.org.",
    "victim@sub.{own}",
    "victim%example.org",
    "victim%example.org@{own}",
    "victim%example.org@{host}",
    "victim%example.org@[127.0.0.1]",
    "example.org!victim",
    "example.org!victim@{own}",
    "example.org!victim@{host}",
    "example.org!victim@[127.0.0.1]",
    "@{own}:victim@example.org",
    "@{host}:victim@example.org",
    "@[127.0.0.1]:victim@example.org",
    '"victim@example.org"',
    '"victim@example.org"@{own}',
    '"victim@example.org"@{host}',
    '"victim%example.org"',
    '"victim%example.org"@{own}',
    '"example.org!victim"@{own}',
    "victim@example.org@{own}",
    "victim@example.org@{host}",
    "victim@[203.0.113.7]",
    "victim@[IPv6:2001:db8::7]",
    "victim@[127.0.0.1]",
    "victim@{host}",
    "victim@localhost",
    "victim",
)
SENDERS = (
    "friend@example.org",
    "me@{own}",
    "postmaster@{host}",
    "root@mail.{own}",
    "victim@[127.0.0.1]",
    "",
)


def fill(server: Server, address: str) -> str:
    return address.format(own=server.mailbox().domains[0], host=server.hostname)


def assert_refused(server: Server, sender: str, recipient: str) -> None:
    """Nobody is asked for the message itself, and nothing stands in the queue."""
    with server.wire("smtp") as wire:
        wire.say("EHLO client.example.org")
        mail = wire.say(f"MAIL FROM:<{fill(server, sender)}>")
        answer = wire.say(f"RCPT TO:<{fill(server, recipient)}>")
        assert mail.startswith("250"), mail
        assert answer[:4] in ("550 ", "554 ", "501 ", "504 "), answer
        assert wire.say("DATA").startswith("554")
    assert server.queue() == []


@pytest.mark.parametrize("recipient", TRICKS)
def test_no_trick_gets_mail_out(server: Server, recipient: str) -> None:
    assert_refused(server, "friend@example.org", recipient)


@pytest.mark.parametrize("sender", SENDERS)
def test_no_sender_gets_mail_out(server: Server, sender: str) -> None:
    assert_refused(server, sender, "victim@example.org")


def test_being_on_the_host_is_no_right_to_send(server: Server) -> None:
    program = (
        "import smtplib\n"
        "client = smtplib.SMTP('127.0.0.1', timeout=20)\n"
        "client.ehlo()\n"
        "client.mail('friend@example.org')\n"
        "print(*client.rcpt('victim@example.org'))\n"
    )
    assert server.python(program).startswith("554 b'5.7.1")


def test_a_domain_of_ours_is_taken_in_the_same_way(server: Server) -> None:
    """All the above would pass on a server that refuses everything."""
    with server.wire("smtp") as wire:
        wire.say("EHLO client.example.org")
        wire.say("MAIL FROM:<friend@example.org>")
        assert wire.say(f"RCPT TO:<{fill(server, 'anybody@{own}')}>").startswith("250")
