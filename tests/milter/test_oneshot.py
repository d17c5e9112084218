"""Messages in files: taken apart and put together as Postfix does."""

from pathlib import Path

import pytest
from cases import FILES, RANDOM, altered, as_a_file, by_the_command, by_the_rules, collected
from hypothesis import given
from hypothesis import strategies as st
from judging import CONFIG, LOGIN, wire
from mailpopbox.message import Pairs
from mailpopbox.oneshot import as_handed, joined, rewritten, split


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


# What the random ones ask is left to that, too.
TABLE = [path for path in FILES if path != RANDOM]

# As Postfix hands it on; the server shows whether that is so (molecule/sendas).


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x" * 59_997, "x" * 59_997),
        ("x" * 59_998, "x" * 59_997),
        ("ü" * 40_000, wire(b"\xc3\xbc" * 29_998 + b"\xc3")),
        ("x" * 54_100 + "\n " + "y" * 9_000, "x" * 54_100),
        ("x" * 53_000 + "\n " + "y" * 9_000, "x" * 53_000 + "\n " + "y" * 6_995),
        ("x" * 59_997 + "\n y", "x" * 59_997),
    ],
)
def test_a_long_header_is_cut(before: str, after: str) -> None:
    assert as_handed(joined((("A", before), ("B", "b")), "\nbody")) == (
        (("A", after), ("B", "b")), "\nbody"
    )  # fmt: skip


def test_some_headers_and_all_nuls_never_reach_the_milter() -> None:
    raw = b"Bcc: a\nA: 1\0 2\nRETURN-PATH: b\nResent-Bcc: c\nContent-Length: 1\n\nbo\0dy"
    assert as_handed(raw) == ((("A", "1 2"),), "\nbody")


@pytest.mark.parametrize("path", TABLE, ids=[path.stem for path in TABLE])
def test_it_says_what_the_rules_say(path: Path) -> None:
    for case in collected([path]):
        if not (case.question.login is None or case.needs_a_ledger or altered(case.question)):
            said = by_the_command(case.question, as_a_file(case.question))
            assert said == by_the_rules(case), case


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
