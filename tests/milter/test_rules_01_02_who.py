"""Rules 1 and 2: whose mail is judged at all."""

import pytest
from judging import TOKEN, ask, ask_exactly

MADE = f"<{TOKEN}@mx.example.com>"
TELLING = (
    "Subject: [sendas:shop] hello",
    "From: a@example.org, b@example.org",
    "From: c@example.org",
    "Bcc: hidden@example.org",
    "Received: from here",
    "X-Mailer: some",
)


@pytest.mark.parametrize("sender", ["", "mailbox@example.com", "stranger@example.org"])
def test_rule_01_mail_from_outside_is_never_altered(sender: str) -> None:
    answer = ask(*TELLING, login=None, sender=sender)
    assert answer.decision.changes == ()
    assert answer.decision.address is None
    assert answer.decision.outcome == "passed"
    assert [step.rule for step in answer.decision.steps] == [1]


ANSWERABLE = [
    "<1@example.org>",
    "<a.b-c+d=e$f!g@mail.example.org>",
    " <1..2.@host>\t",
    "\r\n <1@[192.0.2.1]>",
    "<" + "x" * 236 + "@example.org>",
]
NOT_ANSWERABLE = [
    "",
    "1@example.org",
    "<1>",
    "<@example.org>",
    "<1@>",
    "<1@example.org> (comment)",
    "<(comment)1@example.org>",
    "<1@example.org><2@example.org>",
    "<1 2@example.org>",
    "<1\r\n 2@example.org>",
    '<"1"@example.org>',
    "<1@2@example.org>",
    "<1,2@example.org>",
    "<=?utf-8?q?1?=@example.org>",
    "<ü@example.org>",
    "<\udcff@example.org>",
    "<" + "x" * 239 + "@example.org>",
]


@pytest.mark.parametrize("message_id", ANSWERABLE)
def test_rule_01_an_id_that_answers_repeat_stays(message_id: str) -> None:
    answer = ask("Subject: x", f"Message-ID: {message_id}", login=None)
    assert answer.decision.changes == ()


@pytest.mark.parametrize("message_id", NOT_ANSWERABLE)
def test_rule_19_an_id_that_answers_may_not_repeat_is_replaced(message_id: str) -> None:
    answer = ask("Subject: x", f"Message-ID: {message_id}", login=None)
    assert answer["Message-ID"] == MADE
    assert len(answer.decision.changes) == 1
    assert [step.rule for step in answer.decision.steps] == [1, 19]


def test_rule_19_without_an_id_or_with_two_of_them_it_gets_one() -> None:
    lines = ("message-id: <1@a.example>", "Message-ID: <2@a.example>", "MESSAGE-ID: <3@a.example>")
    assert ask("Subject: x", *lines, login=None).all("Message-ID") == [MADE]
    pairs = (("From", "a@a.example"), ("Subject", "x"))
    answer = ask_exactly(pairs, login=None)
    assert answer.pairs == (*pairs, ("Message-ID", MADE))


@pytest.mark.parametrize(
    ("login", "named"),
    [
        ("nobody@example.net", "nobody@example.net"),
        ("taken@example.com", "taken@example.com"),
        ("", ""),
        ("a\r\nb", "a??b"),
    ],
)
def test_rule_02_a_login_nobody_knows_is_trouble_of_ours(login: str, named: str) -> None:
    answer = ask("Subject: hello", login=login)
    assert (
        answer.refusal == f"451 4.3.0 The mail server does not know {named} yet. Try again later."
    )
    assert [step.rule for step in answer.decision.steps] == [2]
    assert answer.decision.address is None


def test_rule_02_a_login_is_the_same_in_any_case() -> None:
    assert ask("Subject: [sendas:shop] x", login="MailBox@Example.COM")["From"] == (
        "Jane Doe <shop@example.com>"
    )
