"""Rules 1 and 2: whose mail is judged at all."""

import pytest
from judging import ask

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
