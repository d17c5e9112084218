"""What the benches submit is as large as they say, and gives the rules real work."""

from email import message_from_bytes
from email.message import Message
from email.policy import SMTP

import compare_milters
import pytest
from aliases import SENDER
from letters import Letters
from mailpopbox import rules
from mailpopbox.config import Config, Mailbox
from mailpopbox.ledger import NothingKnown
from mailpopbox.message import SetSender, Transaction
from mailpopbox.passage import Use, passage_of

LOGIN = "mailbox@example.com"
LETTERS = Letters(LOGIN, 4096)
MAILBOXES = (Mailbox(LOGIN, ("example.com",), ()),)


@pytest.mark.parametrize("size", [4096, 4097, 204800])
def test_a_message_has_the_size_that_was_asked_for(size: int) -> None:
    letters = Letters(LOGIN, size)
    text = letters.head(1) + letters.body()
    assert len(text) == size
    assert text.endswith(b"\r\n")
    assert max(map(len, text.split(b"\r\n"))) < 998
    assert b"\r\n." not in text


def test_too_small_a_size_is_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        Letters(LOGIN, 100)


def test_each_message_is_another() -> None:
    first, second = (message_from_bytes(LETTERS.head(number)) for number in (1, 2))
    assert all(first[name] != second[name] for name in ("Subject", "Message-ID"))


@pytest.mark.parametrize(
    ("program", "count", "changed"), [("Outlook", 25, 15), ("Thunderbird", 12, 4)]
)
def test_the_rules_rewrite_it(program: str, count: int, changed: int) -> None:
    letters = Letters(LOGIN, 4096, program)
    message = message_from_bytes(letters.head(7), policy=SMTP)
    headers = tuple((name, str(value)) for name, value in message.items())
    assert len(headers) == count
    decision = rules.decide(
        Transaction(headers, LOGIN, ("service@shop.test",), LOGIN, "f" * 32),
        Config("/run/milter.sock", "mx.example.com", MAILBOXES),
        NothingKnown(),
    )
    assert decision.outcome == "rewritten"
    assert SetSender("shop-0000007@example.com") in decision.changes
    assert len(decision.changes) == changed


def test_what_comes_in_passes_unchanged_and_is_remembered() -> None:
    message = message_from_bytes(Letters(SENDER, 4096, "Shop").head(7), policy=SMTP)
    headers = tuple((name, str(value)) for name, value in message.items())
    recipients = ("shop@example.com",)
    transaction = Transaction(headers, SENDER, recipients, None, "f" * 32)
    config = Config("/run/milter.sock", "mx.example.com", MAILBOXES)
    decision = rules.decide(transaction, config, NothingKnown())
    assert (decision.refusal, decision.changes) == (None, ())
    passage = passage_of(transaction, decision, config)
    assert passage.ids == ("<0000007.1741079472@mta-7.mailer.example>",)
    assert passage.uses == (Use(LOGIN, "shop@example.com", domain="shop.test"),)


SENT = {"From": LOGIN, "Subject": "Hello [sendas:shop-1]"}
CHANGED = {"From": "shop-1@example.com", "Subject": "Hello"}
SIGNED = SENT | {"DKIM-Signature": "v=1; a=rsa-sha256; d=example.com"}


@pytest.mark.parametrize(
    ("headers", "name"), [(SENT, "none"), (CHANGED, "ours"), (SIGNED, "OpenDKIM")]
)
def test_a_candidate_that_does_not_work_is_noticed(headers: dict[str, str], name: str) -> None:
    message = Message()
    for key, value in headers.items():
        message[key] = value
    working = [each.name for each in compare_milters.CANDIDATES if each.works(message)]
    assert working == [name]
