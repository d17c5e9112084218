"""Rules 11 and 12: From and the envelope's sender."""

import pytest
from judging import LOGIN, MemoryLedger, ask, ask_exactly, b, q, wire

TAG = "Subject: [sendas:shop] x"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("mailbox@example.com", "shop@example.com"),
        ("<mailbox@example.com>", "shop@example.com"),
        ("Jane <mailbox@example.com>", "Jane <shop@example.com>"),
        ('"Jane" <mailbox@example.com>', "Jane <shop@example.com>"),
        ('"Doe, J." <mailbox@example.com>', '"Doe, J." <shop@example.com>'),
        (r'"J \"J\" \\" <mailbox@example.com>', r'"J \"J\" \\" <shop@example.com>'),
        ("J. Doe <mailbox@example.com>", '"J. Doe" <shop@example.com>'),
        ("Jane\r\n\tDoe <mailbox@example.com>", "Jane Doe <shop@example.com>"),
        ("mailbox@example.com (Jane)", "Jane <shop@example.com>"),
        ("mailbox@example.com (Jane (the one) \\) Doe)",
         r'"Jane (the one) \\) Doe" <shop@example.com>'),
        ("Jane <mailbox@example.com> (home)", "Jane <shop@example.com>"),
        (f"{b('Zoë')} <mailbox@example.com>", f"{b('Zoë')}\n <shop@example.com>"),
        (f"{q('Zoë', 'iso-8859-1')} <mailbox@example.com>", f"{b('Zoë')}\n <shop@example.com>"),
        (f'"{b("Zoë")}" <mailbox@example.com>', f"{b('Zoë')}\n <shop@example.com>"),
        ("Zoë <mailbox@example.com>", f"{b('Zoë')}\n <shop@example.com>"),
        (wire(b"Zo\xeb <mailbox@example.com>"), f"{b('Zoë')}\n <shop@example.com>"),
        (f"{b('Jane')} <mailbox@example.com>", "Jane <shop@example.com>"),
        (f"{b('Ja') } {b('ne')} <mailbox@example.com>", "Jane <shop@example.com>"),
        (f"{b('山田 太郎', 'iso-2022-jp')} <mailbox@example.com>",
         f"{b('山田 太郎')}\n <shop@example.com>"),
        (f"{q('a' + chr(13) + chr(10) + 'Bcc: b')} <mailbox@example.com>",
         '"a Bcc: b" <shop@example.com>'),
        (f"{q('a' + chr(0) + chr(27) + 'b')} <mailbox@example.com>", "ab <shop@example.com>"),
        ("\0\x1eJ\0 \0 \x1eD\0 <mailbox@example.com>", "J D <shop@example.com>"),
        ("mail\x01box@exam\x7fple.com <mailbox@example.com>", "shop@example.com"),
        ("=?utf-8?q?=3D=3Fx?= <mailbox@example.com>", f"{b('=?x')}\n <shop@example.com>"),
        ("\u200dJ <mailbox@example.com>", f"{b(chr(0x200D) + 'J')}\n <shop@example.com>"),
        ("mailbox@example.com <mailbox@example.com>", "shop@example.com"),
        ('"mailbox@example.com" <mailbox@example.com>', "shop@example.com"),
        ("Jane mailbox @ example . com <mailbox@example.com>", "shop@example.com"),
        ("mailbox@example.com (via MAILBOX@example.com)", "shop@example.com"),
        (f"{b('Jane (mailbox@example.com)')} <mailbox@example.com>", "shop@example.com"),
        ("Jane <mailbox@example.com> (mailbox@example.com)", "Jane <shop@example.com>"),
        ("me@example.org <me@example.org>", "shop@example.com"),
        ("Me <me@example.org>", "Me <shop@example.com>"),
        ("a@example.org <b@example.org>", '"a@example.org" <shop@example.com>'),
        ("A <a@example.org>, B <b@example.org>", "A <shop@example.com>"),
        ("b@example.org <a@example.org>, B <b@example.org>", "shop@example.com"),
        ("Us: A <a@example.org>, b@example.org;", "A <shop@example.com>"),
        ("", "shop@example.com"),
        ("undisclosed:;", "shop@example.com"),
        ("Jane", "shop@example.com"),
        ("Jane <", "Jane <shop@example.com>"),
        ('"unclosed <mailbox@example.com>', "shop@example.com"),
        ("(unclosed <mailbox@example.com>", "shop@example.com"),
        ("<@relay.example,@b.example:mailbox@example.com>", "shop@example.com"),
        ("x" * 199 + " <a@example.org>", "x" * 199 + " <shop@example.com>"),
    ],
)  # fmt: skip
def test_rule_11_from_becomes_exactly_the_alias(before: str, after: str) -> None:
    answer = ask(TAG, f"From: {before}")
    assert answer["From"] == after
    assert answer.sender == "shop@example.com"


def test_rule_11_a_long_name_is_folded() -> None:
    name = " ".join(["name"] * 50)
    lines = ask(TAG, f"From: {name} <a@example.org>")["From"].split("\n")
    assert all(len(f"From: {line}") <= 79 for line in lines)
    assert lines[-1] == " <shop@example.com>"


@pytest.mark.parametrize(
    "right", ["Jane\r\n <shop@example.com>", '"D, J" <shop@example.com>', "shop@example.com"]
)
def test_rule_11_a_from_that_is_right_is_left_alone(right: str) -> None:
    answer = ask("Subject: x", f"From: {right}")
    assert answer["From"] == right
    assert 11 not in {step.rule for step in answer.decision.steps}


KEPT = MemoryLedger(
    names={
        "shop@example.com": "The Shop",
        "news@example.com": "mailbox@example.com",
        LOGIN: "Myself",
    }
)


@pytest.mark.parametrize(
    ("tag", "ledger", "display_name", "after"),
    [
        ("[sendas:shop]", None, "keep", "Jane <shop@example.com>"),
        ("[sendas:shop]", None, "drop", "shop@example.com"),
        ("[sendas:Tagged <shop>]", None, "keep", "Tagged <shop@example.com>"),
        ("[sendas:Tagged <shop>]", None, "drop", "Tagged <shop@example.com>"),
        ("[sendas:Tagged <shop>]", KEPT, "keep", "Tagged <shop@example.com>"),
        ("[sendas:shop]", KEPT, "keep", "The Shop <shop@example.com>"),
        ("[sendas:shop]", KEPT, "drop", "The Shop <shop@example.com>"),
        ("[sendas:else]", KEPT, "keep", "Jane <else@example.com>"),
        ("[sendas:news]", KEPT, "keep", "news@example.com"),
        ("[sendas:mailbox]", KEPT, "keep", "Myself <mailbox@example.com>"),
        ("[sendas:mailbox]", None, "keep", "Jane <mailbox@example.com>"),
        ("[sendas:mailbox]", None, "drop", "mailbox@example.com"),
        ("", None, "keep", "Jane <mailbox@example.com>"),
        ("", None, "drop", "mailbox@example.com"),
        ("", KEPT, "drop", "Myself <mailbox@example.com>"),
    ],
)
def test_rule_11_whose_name_it_is(
    tag: str, ledger: MemoryLedger | None, display_name: str, after: str
) -> None:
    answer = ask(
        f"Subject: {tag} x", f"From: Jane <{LOGIN}>", ledger=ledger, display_name=display_name
    )
    assert answer["From"] == after


@pytest.mark.parametrize(
    ("sender", "leaves"),
    [
        ("mailbox@example.com", "shop@example.com"),
        ("MAILBOX@EXAMPLE.COM", "shop@example.com"),
        ("shop@example.com", "shop@example.com"),
        ("Shop@example.com", "shop@example.com"),
        ("anybody@example.org", "shop@example.com"),
        ("no address at all", "shop@example.com"),
        ("", ""),
    ],
)
def test_rule_12_the_envelope_sender_is_what_from_became(sender: str, leaves: str) -> None:
    assert ask(TAG, sender=sender).sender == leaves
    assert ask("Subject: x", "From: shop@example.com", sender=sender).sender == leaves


def test_rule_12_also_for_the_login_itself() -> None:
    assert ask("Subject: x", sender="shop@example.com").sender == LOGIN
    assert ask("Subject: x", sender="").sender == ""
    assert ask("Subject: x", sender=LOGIN).decision.changes == ()


def test_rule_12_the_steps_say_so() -> None:
    steps = {step.rule: step.text for step in ask(TAG).decision.steps}
    assert steps == {
        3: "The tag names shop@example.com.",
        7: "The tag is taken out of the Subject.",
        11: "From becomes Jane Doe <shop@example.com>.",
        12: "Bounces come back to the same address.",
    }


def test_rule_11_header_names_are_the_same_in_any_case() -> None:
    pairs = (("SUBJECT", "[sendas:shop] x"), ("FROM", LOGIN), ("MESSAGE-ID", "<1@example.org>"))
    assert ask_exactly(pairs).pairs == (
        ("SUBJECT", "x"),
        ("FROM", "shop@example.com"),
        ("MESSAGE-ID", "<1@example.com>"),
    )
