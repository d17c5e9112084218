"""Messages in files: taken apart and put together as Postfix does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import CONFIG, LOGIN, wire
from mailpopbox.message import Pairs
from mailpopbox.oneshot import joined, rewritten, split


@pytest.mark.parametrize(
    ("raw", "pairs", "rest"),
    [
        (b"A: 1\nB: 2\n\nbody\n", (("A", "1"), ("B", "2")), "\nbody\n"),
        (b"A: 1\r\nB: 2\r\n\r\nbody\r\n", (("A", "1"), ("B", "2")), "\nbody\n"),
        (b"A: 1\n", (("A", "1"),), ""),
        (b"A: 1", (("A", "1"),), ""),
        (b"A: 1\n\n", (("A", "1"),), "\n"),
        (b"A: 1\n 2\n\t3\nB:4\n\n", (("A", "1\n 2\n\t3"), ("B", "4")), "\n"),
        (b"A:\nB: \nC:  c \nD \t: d\n\n", (("A", ""), ("B", ""), ("C", " c "), ("D", "d")), "\n"),
        (b"\nbody\n\nmore\n", (), "\nbody\n\nmore\n"),
        (b"", (), "\n"),
        (b"no header\n\nbody", (), "\nno header\n\nbody"),
        (b"A: 1\nno header\nB: 2\n\nbody", (("A", "1"),), "\nno header\nB: 2\n\nbody"),
        (b"A: caf\xe9 \xc3\xa9\n\n\xff", (("A", wire(b"caf\xe9 \xc3\xa9")),), wire(b"\n\xff")),
    ],
)
def test_taking_apart(raw: bytes, pairs: Pairs, rest: str) -> None:
    assert split(raw) == (pairs, rest)


def test_putting_together() -> None:
    assert joined((("A", "1\n 2"), ("B", ""), ("C", wire(b"\xff"))), "\nbody") == (
        b"A: 1\n 2\nB: \nC: \xff\n\nbody"
    )


@pytest.mark.parametrize(
    ("sender", "leaves"),
    [(LOGIN, "shop@example.com"), ("shop@example.com", "shop@example.com"), ("", "")],
)
def test_rewriting(sender: str, leaves: str) -> None:
    raw = b"Subject: [sendas:shop]\r\nFrom: a@example.org\r\n\r\ncaf\xe9\r\n"
    rewriting = rewritten(raw, LOGIN, sender, CONFIG)
    assert rewriting.sender == leaves
    head, _, message_id = rewriting.message.removesuffix(b"\n\ncaf\xe9\n").rpartition(b"\n")
    assert head == b"Subject: \nFrom: shop@example.com"
    assert len(message_id) == len("Message-ID: <@example.com>") + 32


def test_nothing_is_known_of_what_it_answers() -> None:
    raw = f"From: {LOGIN}\nIn-Reply-To: <1@a.example>\n\nbody\n".encode()
    assert rewritten(raw, LOGIN, LOGIN, CONFIG).decision.address == LOGIN


def test_a_refused_message_stays_as_it_was() -> None:
    raw = b"Subject: x\n\nbody"
    rewriting = rewritten(raw, LOGIN, "a@example.org", CONFIG)
    assert rewriting.decision.refusal
    assert (rewriting.message, rewriting.sender) == (raw, "a@example.org")


@given(st.binary(max_size=200))
def test_nothing_is_lost(raw: bytes) -> None:
    pairs, rest = split(raw)
    again = joined(pairs, rest)
    assert split(again) == (pairs, rest)
