"""What holds for every message, whatever is in it."""

import contextlib
import re
from collections.abc import Callable
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging import LOGIN, MemoryLedger, ask_exactly, b, q, wire
from mailpopbox.addresses import Finder, Mailbox, mailboxes, rendered
from mailpopbox.words import shown, unfold, written

CHARSETS = ["utf-8", "iso-2022-jp", "gb18030", "koi8-r", "windows-1252", "utf-16", "utf-7", "big5"]
LOGINS = [
    LOGIN, LOGIN.upper(), f"<{LOGIN}>", f'"{LOGIN}" <a@example.org>', f"a@example.org ({LOGIN})",
    "mailbox @ example . com", '"mailbox"@example.com', "mailbox(x)@example.com", b(LOGIN),
    q(LOGIN),
    "mailbox%40example.com", "mailbox=?utf-8?q?=40?=example.com", "mailbox@\r\n example.com",
    f"=?utf-8?b?{LOGIN}?=", f"x, {LOGIN}; y", "mail\\box@example.com", "(mailbox@example.com",
]  # fmt: skip
TAGS = [
    "[sendas:shop]", "[SendAs: Jane <shop>]", "[sendas:news@example.net]", "[sendas:mailbox]",
    "[sendas:]", "[sendas:shop", "[sendas:evil@example.org]", "%5Bsendas:shop%5D",
    b("[sendas:shop]"),
    q("[sendas:shop]"), "[sendas:\r\n shop]", "\uff3bsendas:shop]", '[sendas:"a] b" <shop>]',
]  # fmt: skip
PIECES = [
    " ", "\r\n ", "\r\n\t", "=?", "?=", "?", "=", "[", "]", "<", ">", "(", ")", '"', "\\", ",", ";",
    ":", "@", "%40", "%", ".", "a", "ü", "\u00a0", "\u200b", "\ufeff", "=?utf-8?b?", "=?utf-8?q?",
    "sendas", "mailbox", "example.com", "\x00", "\r", wire(b"\xff"), wire(b"\xe9"), "*0=", "\u3010",
]  # fmt: skip
NAMES = [
    "To", "Cc", "CC", "Reply-To", "Sender", "Resent-From", "X-Any", "x-any", "Content-Type",
    "Received", "Message-ID", "In-Reply-To", "References", "Bcc", "Thread-Topic", "List-Post",
    LOGIN, "Errors-To", "X-Mailer",
]  # fmt: skip
LEDGER = MemoryLedger(
    {"<1@a.example>": {"shop@example.com"}, "<2@a.example>": {"news@example.net"}}
)

words = st.builds(
    lambda text, charset, write: write(text, charset) if _fits(text, charset) else text,
    st.text(max_size=6),
    st.sampled_from(CHARSETS),
    st.sampled_from([b, q]),
)
values = st.lists(
    st.sampled_from([*LOGINS, *TAGS, *PIECES])
    | st.sampled_from(PIECES)
    | words
    | st.text(max_size=6)
    | st.binary(max_size=6).map(wire),
    max_size=6,
).map("".join)
from_values = st.sampled_from([LOGIN, f"Jane <{LOGIN}>", "shop@example.com", "me@gmail.example"])


def _fits(text: str, charset: str) -> bool:
    try:
        text.encode(charset)
    except UnicodeError:
        return False
    return True


def _wire(pairs: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return what a wire can carry: octets, and line breaks only where lines go on."""
    return tuple(
        (name, wire(re.sub(r"\n(?![ \t])", "", value).encode("utf-8", "surrogateescape")))
        for name, value in pairs
    )


messages = st.builds(
    lambda sender, subject, others: _wire([("From", sender), ("Subject", subject), *others]),
    from_values | values,
    values | st.sampled_from(TAGS),
    st.lists(st.tuples(st.sampled_from(NAMES), values | st.sampled_from(LOGINS)), max_size=4),
)
submissions = st.tuples(messages, st.sampled_from(["", LOGIN, "any@example.org"]))

_AS_A_WHOLE = re.compile(
    r"(?<![a-z0-9._+~-])mailbox\s*@\s*example\s*\.\s*com(?![a-z0-9-]|\.[a-z0-9])", re.IGNORECASE
)


def readings(value: str) -> list[str]:
    """Read a header as the standard library does, which is not how the rules do."""
    found = [value, unquote(value), value.replace('"', "").replace("\\", "")]
    # It does not read everything.
    with contextlib.suppress(HeaderParseError, LookupError, ValueError):
        found.append(str(make_header(decode_header(unfold(value)))))
    return found


@settings(max_examples=1500, deadline=None)
@given(submissions, st.sampled_from(["keep", "drop"]))
def test_nothing_leaks_and_nothing_changes_twice(
    submission: tuple[tuple[tuple[str, str], ...], str], display_name: str
) -> None:
    pairs, sender = submission
    answer = ask_exactly(pairs, sender, ledger=LEDGER, display_name=display_name)
    if answer.decision.refusal:
        assert answer.decision.changes == ()
        assert answer.pairs == pairs
        assert answer.refusal.isascii()
        assert answer.refusal.isprintable()
        assert len(answer.refusal) <= 500
        return
    address = answer.decision.address
    assert address is not None
    assert mailboxes(answer["From"])[0].address == address
    assert answer.sender in {"", address}
    # (a) The login is nowhere, but where rule 13 lets it stay.
    if address.lower() != LOGIN:
        for name, value in answer.pairs:
            if name.lower() not in {"in-reply-to", "references"}:
                assert not any(map(_AS_A_WHOLE.search, readings(value))), (name, value)
                assert not _AS_A_WHOLE.search(name)
    # (b) Without a tag the Subject is what it was.
    if 7 not in {step.rule for step in answer.decision.steps}:
        assert answer["Subject"] == dict(pairs)["Subject"]
    # (d) What was rewritten stays as it is.
    again = ask_exactly(answer.pairs, answer.sender, auto_sendas=False)
    assert again.decision.changes == (), again.refusal


# (c) What is left of the Subject. The standard library decodes what we write: UTF-8 words.

plain_texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=30
) | st.text('ab []?=_,<>"%\t', max_size=20)


def harmless(text: str) -> bool:
    return "=?" not in text and not any(word in text.lower() for word in ("sendas", "mailbox"))


encodings = st.sampled_from(["plain", *CHARSETS])


def as_a_header(text: str, encoding: str, write_word: Callable[[str, str], str]) -> str:
    if encoding == "plain" or not _fits(text, encoding) or not text:
        return text
    return write_word(text, encoding)


@settings(max_examples=1500, deadline=None)
@given(
    plain_texts.filter(harmless),
    plain_texts.filter(harmless),
    encodings,
    st.sampled_from([b, q]),
    st.sampled_from(["[sendas:shop]", "[sendas : Jane <shop>]", "[sendas:\u00a0shop]"]),
)
def test_what_is_left_decodes_the_same(
    before: str, after: str, encoding: str, write_word: Callable[[str, str], str], tag: str
) -> None:
    whole = f"{before}{tag}{after}"
    value = as_a_header(whole, encoding, write_word)
    # Some charsets change what they encode, such as the case of a letter's form.
    seen = shown(value)
    if seen.text != whole or "=?" in whole:
        return
    answer = ask_exactly((("From", LOGIN), ("Subject", value)))
    if answer.decision.refusal:
        assert "looks like" in answer.refusal or "in the Subject" in answer.refusal
        return
    expected = re.sub(
        rf"\s*{re.escape(tag)}\s*", lambda found: " " if found[0] != tag else "", whole
    ).strip()
    left = answer["Subject"]
    assert str(make_header(decode_header(unfold(left)))) == expected
    assert shown(left).text == expected
    assert max(len(line) for line in f"Subject: {left}".split("\n")) <= 998


@settings(max_examples=500, deadline=None)
@given(plain_texts | st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 60))
def test_a_text_is_shown_as_it_was_written(text: str, indent: int) -> None:
    value = written(text, indent)
    assert shown(value) == shown(value.replace("\n", "\r\n"))
    assert shown(value).whole
    assert shown(value).text == text
    assert all(line[0] in " \t" for line in value.split("\n")[1:])


names = st.text(st.characters(exclude_categories=["Cs"])).map(lambda text: " ".join(text.split()))


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(names, st.sampled_from(["a@example.com", '"a b"@example.com']))))
def test_mailboxes_are_read_as_they_were_written(boxes: list[tuple[str, str]]) -> None:
    wanted = [Mailbox(name, address) for name, address in boxes]
    assert mailboxes(rendered(wanted)) == wanted


@settings(max_examples=500, deadline=None)
@given(values)
def test_any_value_can_be_read(value: str) -> None:
    [(_, value)] = _wire([("X", value)])
    shown(value)
    boxes = mailboxes(value)
    assert all(box.name or box.address for box in boxes)


def hidden(part: str) -> st.SearchStrategy[str]:
    ways = [*[part] * 6, f"%{ord(part[0]):02X}{part[1:]}", q(part)]
    return st.builds(str.__add__, st.sampled_from(BEFORE_A_PART), st.sampled_from(ways))


BEFORE_A_PART = [*[""] * 6, "(x)", '"', "\\", "\r\n ", "; a*1="]
hidden_logins = st.tuples(*map(hidden, ["mailbox", "@", "example", ".", "com"])).map("".join)


@settings(max_examples=1500, deadline=None)
@given(values | hidden_logins)
def test_no_short_cut_overlooks_anything(value: str) -> None:
    # What is not ASCII takes none.
    longer, finder = f"ü{value}", Finder([LOGIN])
    assert finder.found_in(value) == finder.found_in(longer)
    if shown(value).whole:
        assert shown(longer).text == f"ü{shown(value).text}"


@pytest.mark.parametrize("login", LOGINS)
def test_the_properties_would_see_it(login: str) -> None:
    assert any(map(_AS_A_WHOLE.search, readings(login))) or "(" in login or "?b?" in login
