"""The edges of reading and writing texts and addresses."""

from base64 import b64encode

import pytest
from judging import LOGIN, ask, ask_exactly, b
from mailpopbox.addresses import (
    Finder,
    Mailbox,
    addresses_in,
    ascii_domain,
    mailboxes,
    rendered,
    without_comments,
)
from mailpopbox.words import Shown, as_seen, shown, written


@pytest.mark.parametrize("length", range(1, 12))
def test_base64_without_padding_and_with_a_digit_over(length: int) -> None:
    digits = b64encode(b"abcdefghijkl"[:length]).decode().rstrip("=")
    assert shown(f"=?utf-8?b?{digits}?=").text == "abcdefghijkl"[:length]
    if len(digits) % 4 == 0:
        assert shown(f"=?utf-8?b?{digits}Z?=").text == "abcdefghijkl"[:length]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (" =?utf-8?q?a?=", " a"),
        ("=?utf-8?q?a?= ", "a "),
        (" =?utf-8?q?a?= =?utf-8?q?b?= ", " ab "),
        ("=?utf-8?q?a?= =?koi8-r?q?b?=", "ab"),
        ("=?utf-8?q??= =?utf-8?q?b?=", "b"),
        ("x =?utf-8?q??= y", "x  y"),
        ("a\r\n b\n\tc\nd", "a b\tc\nd"),
    ],
)
def test_white_space_around_words(value: str, text: str) -> None:
    assert shown(value) == Shown(text, whole=True)


def test_the_whole_is_as_good_as_its_parts() -> None:
    assert not shown("=?utf-8?q?=FF?= a").whole
    assert not shown("a =?utf-8?q?=FF?=").whole


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\uff01\uff20\uff5e\uff3b\uff1a", "!@~[:"),
        ("\uff00\uff5f", "\uff00\uff5f"),
        ("a\u200bb\ufeffc\u00add", "abcd"),
        ("\u3010\u3014\u3011\u3015\ufe13\ufe55\ufe6b", "[[]]::@"),
        ("plain ü", "plain ü"),
    ],
)
def test_what_the_eye_takes_it_for(text: str, seen: str) -> None:
    assert as_seen(text) == seen


def test_lines_are_filled() -> None:
    words = "aaaa " * 40 + "a"
    assert [len(line) for line in written(words).split("\n")] == [74, 75, 52]
    assert [len(line) for line in written(words, indent=3).split("\n")] == [69, 75, 57]
    assert written("a" * 76 + " b") == "a" * 76 + "\n b"
    assert written("a" * 74 + " bb") == "a" * 74 + "\n bb"
    assert written("a" * 74 + " b") == "a" * 74 + " b"
    assert written("") == ""


def test_words_are_filled() -> None:
    text = "ü" * 100
    assert [len(line) for line in written(text).split("\n")] == [44, 73, 73, 73, 73]


@pytest.mark.parametrize(
    ("value", "boxes"),
    [
        ('"', [Mailbox("", '"')]),
        ('"a', [Mailbox("", "a")]),
        ('""', [Mailbox("", '""')]),
        ('"" <a@b>', [Mailbox("", "a@b")]),
        ('" <a@b>', [Mailbox("", '" <a@b>')]),
        ('a "b', [Mailbox("", "ab")]),
        ('"x', [Mailbox("", "x")]),
        ('x <a@b> "y', [Mailbox("x", "a@b")]),
        ('"a\\', [Mailbox("", "a\\")]),
        ("<@a,@b:c@d>", [Mailbox("", "c@d")]),
        ("<@a:@b:c@d>", [Mailbox("", "c@d")]),
        ("g: a@b, c@d; e@f", [Mailbox("", "a@b"), Mailbox("", "c@d"), Mailbox("", "e@f")]),
        ("a@b (c) (d)", [Mailbox("cd", "a@b")]),
        ("(a (b) c) d@e", [Mailbox("a (b) c", "d@e")]),
        ("(open d@e", [Mailbox("open d@e", "")]),
        ("(a\\) b) d@e", [Mailbox("a\\) b", "d@e")]),
        ("(\\)) d@e", [Mailbox("\\)", "d@e")]),
        ("a@[1.2.3.4]", [Mailbox("", "a@[1.2.3.4]")]),
        ("a@[1,2", [Mailbox("", "a@[1,2")]),
        ("> a@b", [Mailbox("", ">a@b")]),
        ("a@b> , c@d", [Mailbox("", "a@b>"), Mailbox("", "c@d")]),
        ("x <a@b", [Mailbox("x", "a@b")]),
        ("x <a@b, c@d> y", [Mailbox("x", "a@b,c@d")]),
        ("x <a;b@c>", [Mailbox("x", "a;b@c")]),
        ("x <a@b>: c@d", [Mailbox("", "c@d")]),
    ],
)
def test_mailboxes_of_all_kinds(value: str, boxes: list[Mailbox]) -> None:
    assert mailboxes(value) == boxes


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("", "a@b"),
        ("Jane", "Jane <a@b>"),
        ("J-D", "J-D <a@b>"),
        ("J.D", '"J.D" <a@b>'),
        ('J"D\\', r'"J\"D\\" <a@b>'),
        ("x" * 200, f"{'x' * 200} <a@b>"),
        ("ü", f"{b('ü')}\n <a@b>"),
    ],
)
def test_names_as_they_are_written(name: str, header: str) -> None:
    assert rendered([Mailbox(name, "a@b")]) == header


def test_a_longer_name_is_encoded() -> None:
    assert rendered([Mailbox("x" * 201, "a@b")]).startswith("=?utf-8?b?")


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ("example.com", "example.com"),
        ("Example.COM", "Example.COM"),
        ("localhost", "localhost"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("x" * 63 + ".example", "x" * 63 + ".example"),
        (".".join(["x" * 49] * 5 + ["abc"]), ".".join(["x" * 49] * 5 + ["abc"])),
        (".".join(["x" * 49] * 5 + ["abcd"]), ""),
        (".".join(["x" * 49] * 5 + ["abc", "example"]), ""),
        ("x" * 64 + ".example", ""),
        ("", ""),
        (".", ""),
        ("a..b", ""),
        ("a.", ""),
        ("-a.b", ""),
        ("a-.b", ""),
        ("a b", ""),
        ("a@b", ""),
        ("\udcff.example", ""),
    ],
)
def test_domains(domain: str, name: str) -> None:
    assert ascii_domain(domain) == name


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a(b)c", "a c"),
        ("a(b(c)d)e", "a e"),
        ("(a)(b)", "  "),
        ("a(b", "a(b"),
        ("a)b", "a)b"),
        ("(a(b)", "(a "),
        (r"(a\)b)c", " c"),
        (r"(a\(b)c", " c"),
        ("none", "none"),
    ],
)
def test_comments(text: str, left: str) -> None:
    assert without_comments(text) == left


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Jane a@b.example", {"a@b.example"}),
        ("a b c@d.example e f@g.example.", {"c@d.example", "f@g.example"}),
        ("<a@b.example>,c@d.example;e@f.example", {"a@b.example", "c@d.example", "e@f.example"}),
        ("a @ b.example", {"a@b.example"}),
        ("@ a", set()),
        ("a @", set()),
        ("me@home", {"me@home"}),
        ("x@bücher.example", {"x@xn--bcher-kva.example"}),
        ("x@ b\u00fccher.example", {"x@xn--bcher-kva.example"}),
        ("x@ a_b.example", {"x@a_b.example"}),
        ("x@a_b.example", {"x@a_b.example"}),
        ("none", set()),
    ],
)
def test_addresses_in_a_text(text: str, found: set[str]) -> None:
    assert set(addresses_in(text)) == found


def test_a_finder_of_nothing_finds_nothing() -> None:
    assert not Finder([]).found_in(LOGIN)
    assert not Finder(["", "no address"]).found_in("no address")
    assert Finder(["no address", LOGIN]).found_in(LOGIN)


@pytest.mark.parametrize(
    ("rule", "lines"),
    [
        (3, ["Subject: a", "Subject: b"]),
        (4, ["Subject: [sendas:a@example.org]"]),
        (5, ["Subject: [sendas:mailbox@example.com <a>]"]),
        (6, ["Subject: =?x?q?[sendas:a]?="]),
        (9, ["Subject: [sendas:a] [sendas:b]"]),
        (10, ["Subject: [sendas:]"]),
        (13, ["From: a@example.com", "Subject: mailbox@example.com"]),
        (13, ["From: a@example.com", "Content-Type: mailbox@example.com"]),
        (13, ["From: 'mailbox@example.com"]),
        (18, ["From: a..b@example.com"]),
        (21, ["From: a@example.org"]),
        (21, ["From: a@example.com, b@example.com"]),
        (21, ["From: a@example.com", "From: a@example.com"]),
        (20, ["To: a@example.org"]),
    ],
)
def test_a_refusal_names_its_rule(rule: int, lines: list[str]) -> None:
    decision = ask(*lines, bare_login="refuse").decision
    assert decision.refusal
    assert [(step.rule, step.text) for step in decision.steps] == [(rule, decision.refusal.text)]


def test_a_rewriting_names_its_rules() -> None:
    pairs = (
        ("From", LOGIN),
        ("Subject", "[sendas:shop]"),
        ("Thread-Topic", "a"),
        ("To", LOGIN),
        ("Sender", LOGIN),
        ("X-Any", LOGIN),
        ("X-Mailer", "a"),
    )
    assert [(step.rule, step.text) for step in ask_exactly(pairs).decision.steps] == [
        (3, "The tag names shop@example.com."),
        (7, "The tag is taken out of the Subject."),
        (7, "Thread-Topic repeats the Subject."),
        (11, "From becomes shop@example.com."),
        (12, "Bounces come back to the same address."),
        (13, "To held the address behind the alias."),
        (13, "Sender names the mailbox."),
        (13, "X-Any held the address behind the alias."),
        (14, "The message gets a new Message-ID."),
        (15, "Removed: X-Mailer."),
    ]
