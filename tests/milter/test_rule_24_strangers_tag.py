"""Rule 24: a tag that came with the mail that is answered is not taken for the user's own."""

from typing import Any

import pytest
from judging import LOGIN, MemoryLedger, ask, b, q
from mailpopbox.thread import with_a_tag

PLAIN, TAGGED, OTHER = "<plain@a.example>", "<tagged@a.example>", "<other@a.example>"
LEDGER = MemoryLedger(
    {
        PLAIN: {"shop@example.com"},
        TAGGED: {"shop@example.com"},
        with_a_tag(TAGGED): {"shop@example.com"},
        OTHER: {"news@example.com"},
        # Of a message that came in for the other login of the host, too.
        with_a_tag(OTHER): set(),
    }
)


@pytest.mark.parametrize("headers", [
    [f"In-Reply-To: {TAGGED}"],
    [f"References: {TAGGED}"],
    [f"References: {TAGGED} {PLAIN}", f"In-Reply-To: {PLAIN}"],
    [f"In-Reply-To: {PLAIN} {TAGGED}"],
    [f"In-Reply-To: (a comment) {TAGGED.replace('a.example', 'A.Example')}"],
])  # fmt: skip
@pytest.mark.parametrize("tag", ["mailbox", LOGIN, "news", "Shop@example.net", '"Jane" <news>'])
def test_rule_24_another_address_is_refused(headers: list[str], tag: str) -> None:
    answer = ask(f"Subject: Re: [sendas:{tag}] Offer", *headers, ledger=LEDGER)
    assert answer.refusal.startswith("550 5.7.1 You answer mail that came with a tag")
    assert answer.decision.steps[0].rule == 24


def test_rule_24_says_what_to_do() -> None:
    answer = ask("Subject: Re: [sendas:news] x", f"In-Reply-To: {TAGGED}", ledger=LEDGER)
    assert answer.refusal == (
        "550 5.7.1 You answer mail that came with a tag in its Subject, so who wrote [sendas:news]"
        " is not known. Take it out; to send as another address, begin a new message."
    )


@pytest.mark.parametrize("settings", [{"auto_sendas": False}, {"bare_login": "refuse"}])
def test_rule_24_holds_whatever_is_set(settings: dict[str, Any]) -> None:
    headers = ("Subject: Re: [sendas:news] x", f"In-Reply-To: {TAGGED}")
    assert ask(*headers, ledger=LEDGER, **settings).decision.steps[0].rule == 24


def test_rule_24_the_address_of_the_thread_may_stand_in_the_tag() -> None:
    answer = ask("Subject: Re: [sendas:Shop] x", f"In-Reply-To: {TAGGED}", ledger=LEDGER)
    assert (answer.decision.address, answer["Subject"]) == ("Shop@example.com", "Re: x")


def test_rule_24_without_the_tag_it_leaves_as_the_alias() -> None:
    answer = ask("Subject: Re: x", f"In-Reply-To: {TAGGED}", ledger=LEDGER)
    assert answer.decision.address == "shop@example.com"


@pytest.mark.parametrize("headers", [[], [f"In-Reply-To: {PLAIN}"], [f"In-Reply-To: {OTHER}"]])
def test_rule_24_elsewhere_a_tag_is_the_users_own(headers: list[str]) -> None:
    answer = ask("Subject: [sendas:mailbox] x", *headers, ledger=LEDGER)
    assert (answer.decision.address, answer.decision.steps[0].rule) == (LOGIN, 3)


@pytest.mark.parametrize("subject", [f"Re: {b('[sendas:news] x')}", f"Re: {q('[sendas:news]')}"])
def test_rule_24_an_encoded_tag_is_one(subject: str) -> None:
    answer = ask(f"Subject: {subject}", f"In-Reply-To: {TAGGED}", ledger=LEDGER)
    assert answer.decision.steps[0].rule == 24
