"""Who does not keep to the rules of SMTP is turned away."""

import pytest
from probe import Server


@pytest.mark.parametrize("service", ["smtp", "submission", "submissions"])
def test_introduce_yourself_first(server: Server, service: str) -> None:
    with server.wire(service) as wire:
        if service == "submission":
            wire.say("EHLO client.example.org")
            wire.start_tls()
        assert wire.say("MAIL FROM:<friend@example.org>").startswith("503 5.5.1")


@pytest.mark.parametrize(("command", "answer"), [("VRFY", "502 5.5.1"), ("EXPN", "500 5.5.2")])
def test_addresses_are_not_told(server: Server, command: str, answer: str) -> None:
    with server.wire() as wire:
        assert command not in wire.say("EHLO client.example.org")
        assert wire.say(f"{command} {server.mailbox().login}").startswith(answer)


def test_nobody_talks_before_the_greeting_is_answered(server: Server) -> None:
    """Commands in one bunch are for those who have been told that they may."""
    with server.provoking("improper command pipelining"), server.wire() as wire:
        wire.send(b"EHLO client.example.org\r\nMAIL FROM:<friend@example.org>\r\n")
        assert wire.answer().startswith("554 5.5.0 Error: SMTP protocol synchronization")
        assert wire.answer() == ""


def test_nobody_sends_the_message_before_it_is_asked_for(server: Server) -> None:
    domain = server.mailbox().domains[0]
    with server.provoking("improper command pipelining"), server.wire() as wire:
        wire.say("EHLO client.example.org")
        wire.say("MAIL FROM:<friend@example.org>")
        wire.say(f"RCPT TO:<anybody@{domain}>")
        wire.send(b"DATA\r\nSubject: early\r\n\r\n.\r\n")
        assert wire.answer().startswith("554 5.5.0 Error: SMTP protocol synchronization")
        assert wire.answer() == ""


def test_commands_may_come_in_a_bunch_after_ehlo(server: Server) -> None:
    domain = server.mailbox().domains[0]
    with server.wire() as wire:
        assert "PIPELINING" in wire.say("EHLO client.example.org")
        wire.send(b"MAIL FROM:<friend@example.org>\r\nRCPT TO:<any@%b>\r\n" % domain.encode())
        assert [wire.answer()[:3], wire.answer()[:3]] == ["250", "250"]


@pytest.mark.parametrize("name", ["-", "a b c", "[not-an-address]", "under_score!"])
def test_a_name_that_is_none_is_refused(server: Server, name: str) -> None:
    with server.wire() as wire:
        wire.say(f"EHLO {name}")
        wire.say("MAIL FROM:<friend@example.org>")
        answer = wire.say(f"RCPT TO:<anybody@{server.mailbox().domains[0]}>")
        assert answer.startswith(("501 5.5.2", "503 5.5.1")), answer


@pytest.mark.parametrize("sender", ["friend", "friend@nowhere"])
def test_a_sender_without_a_full_domain_is_refused(server: Server, sender: str) -> None:
    with server.wire() as wire:
        wire.say("EHLO client.example.org")
        wire.say(f"MAIL FROM:<{sender}>")
        answer = wire.say(f"RCPT TO:<anybody@{server.mailbox().domains[0]}>")
        assert answer.startswith("504 5.5.2"), answer
