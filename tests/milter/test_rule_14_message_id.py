"""Rule 14: the Message-ID tells nothing of where the message was written."""

import pytest
from judging import LOGIN, TOKEN, Answer, ask_exactly, wire

NEW = f"<{TOKEN}@example.com>"


def with_ids(*lines: tuple[str, str], tag: str = "[sendas:shop]") -> Answer:
    return ask_exactly((("From", LOGIN), ("Subject", f"{tag} x"), *lines))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<1@host.lan>", "<1@example.com>"),
        ("<1@example.com>", "<1@example.com>"),
        ("<1@EXAMPLE.com>", "<1@EXAMPLE.com>"),
        (" <1@host.lan> ", "<1@example.com>"),
        ("\r\n <1@host.lan>", "<1@example.com>"),
        ("\r\n\t<1@example.com>", "\r\n\t<1@example.com>"),
        ("<A.b+c$d@[192.0.2.1]>", "<A.b+c$d@example.com>"),
        ("<1@sub.example.com>", "<1@example.com>"),
        ("<a.mailbox@example.com>", "<a.mailbox@example.com>"),
        ("<a.mailbox@host.lan>", "<a.mailbox@example.com>"),
        # None, or not exactly one.
        ("", NEW),
        ("<>", NEW),
        ("1@example.com", NEW),
        ("<1>", NEW),
        ("<@example.com>", NEW),
        ("<1@>", NEW),
        ("<1@a@example.com>", NEW),
        ("<1@example.com> <2@example.com>", NEW),
        ("<1@example.com> x", NEW),
        ("<1@example.com> (x)", NEW),
        ("<1 2@example.com>", NEW),
        ("<1\r\n 2@example.com>", NEW),
        ("<<1@example.com>>", NEW),
        ("<ü@example.com>", NEW),
        (wire(b"<\xff@example.com>"), NEW),
        ("<1@bücher.example>", "<1@example.com>"),
        # Holding the login, before or after.
        ("<mailbox@example.com>", NEW),
        ("<MAILBOX@host.lan>", NEW),
        ("<1/mailbox@example.com>", NEW),
        ("<mailbox%40example.com@host.lan>", NEW),
        ("<mailbox%40example.com.1@host.lan>", "<mailbox%40example.com.1@example.com>"),
        ("<1.mailbox%40example.com@example.com>", "<1.mailbox%40example.com@example.com>"),
    ],
)
def test_rule_14_of_an_alias(before: str, after: str) -> None:
    assert with_ids(("Message-ID", before))["Message-ID"] == after


def test_rule_14_missing() -> None:
    answer = with_ids()
    assert answer.pairs[-1] == ("Message-ID", NEW)


def test_rule_14_doubled() -> None:
    answer = with_ids(("Message-Id", "<1@example.com>"), ("MESSAGE-ID", "<1@example.com>"))
    assert answer.pairs[2:] == (("Message-Id", NEW),)


@pytest.mark.parametrize(
    ("tag", "domain"),
    [
        ("[sendas:shop@example.net]", "example.net"),
        ("[sendas:shop@Example.Net]", "Example.Net"),
        ("[sendas:shop@bücher.example]", "xn--bcher-kva.example"),
        ("[sendas:mailbox]", "example.com"),
        ("", "example.com"),
    ],
)
def test_rule_14_the_domain_is_that_of_the_address(tag: str, domain: str) -> None:
    answer = with_ids(("Message-ID", "<1@host.lan>"), tag=tag)
    assert answer["Message-ID"] == f"<1@{domain}>"
    assert with_ids(tag=tag)["Message-ID"] == f"<{TOKEN}@{domain}>"


def test_rule_14_holds_for_the_login_too() -> None:
    assert with_ids(("Message-ID", f"<{LOGIN}>"), tag="")["Message-ID"] == NEW


def test_rule_14_what_from_held_before_counts() -> None:
    pairs = (
        ("From", "real@gmail.example"),
        ("Subject", "[sendas:shop]"),
        ("Message-ID", "<real@gmail.example>"),
    )
    assert ask_exactly(pairs)["Message-ID"] == NEW


def test_rule_14_the_steps_say_what_was_done() -> None:
    new = with_ids().decision.steps[-1]
    other = with_ids(("Message-ID", "<1@host.lan>")).decision.steps[-1]
    assert (new.rule, new.text) == (14, "The message gets a new Message-ID.")
    assert (other.rule, other.text) == (14, "Message-ID gets the domain of the address.")
