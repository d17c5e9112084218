"""Rule 13: nothing in the headers names the mailbox behind the alias."""

from dataclasses import replace

import pytest
from judging import CONFIG, LOGIN, Answer, ask, ask_exactly, b, q, wire
from mailpopbox.config import Mailbox

REPLACED = [
    "To", "Cc", "Reply-To", "Mail-Reply-To", "Mail-Followup-To", "Disposition-Notification-To",
    "Return-Receipt-To", "X-Confirm-Reading-To", "Errors-To",
]  # fmt: skip
REMOVED = [
    "Sender", "Resent-From", "Resent-Sender", "Resent-To", "Resent-Message-ID", "Resent-Date",
    "Resent-Anything", "Return-Path", "Delivered-To", "X-Original-To", "X-Sender",
    "X-Google-Original-From", "Autocrypt", "Autocrypt-Gossip", "OpenPGP", "X-PGP-Key",
    "X-PGP-Anything", "X-Identity-Key", "X-Account-Key", "Fcc", "FCC", "X-Mozilla-Status",
    "X-Mozilla-Draft-Info",
]  # fmt: skip
TAG = "Subject: [sendas:shop] x"


def aliased(*lines: str) -> Answer:
    return ask(TAG, *lines)


@pytest.mark.parametrize("name", REPLACED)
def test_rule_13_the_login_is_replaced_in_headers_of_addresses(name: str) -> None:
    lines = (f"{name}: friend@example.org, Jane <{LOGIN}>", f"{name.upper()}: {LOGIN}")
    assert aliased(*lines).all(name) == [
        "friend@example.org,\n Jane <shop@example.com>",
        "shop@example.com",
    ]
    assert ask("Subject: x", "From: shop@example.com", *lines).all(name)[1] == "shop@example.com"
    assert ask("Subject: x", *lines).all(name)[1] == LOGIN


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (LOGIN, "shop@example.com"),
        ("<MailBox@Example.COM>", "shop@example.com"),
        ('"mailbox"@example.com', "shop@example.com"),
        (r'"mail\box"@example.com', "shop@example.com"),
        ("mailbox @ example . com", "shop@example.com"),
        ("mailbox(a)@(b)example.com", "ab <shop@example.com>"),
        ("mailbox (a (b) c) @\r\n example.com", '"a (b) c" <shop@example.com>'),
        ("<@relay.example:mailbox@example.com>", "shop@example.com"),
        ("Us: a@example.org, mailbox@example.com;", "a@example.org,\n shop@example.com"),
        ("a@example.org,, mailbox@example.com,", "a@example.org,\n shop@example.com"),
        (f"{b(LOGIN)}", "shop@example.com"),
        (f"{b(LOGIN)} <a@example.org>", "a@example.org"),
        (f'"{LOGIN}" <a@example.org>', "a@example.org"),
        (f"a@example.org ({LOGIN})", "a@example.org"),
        (f"A <a@example.org> ({LOGIN})", "A <a@example.org>"),
        (f"{LOGIN}: a@example.org;", "a@example.org"),
        (f"Zoë <z@example.org>, {LOGIN}", f"{b('Zoë')}\n <z@example.org>,\n shop@example.com"),
        (wire(b"Zo\xeb <z@example.org>, mailbox@example.com"),
         f"{b('Zoë')}\n <z@example.org>,\n shop@example.com"),
        (f'"D, J" <j@example.org>, {LOGIN}', '"D, J" <j@example.org>,\n shop@example.com'),
        (f"ü@bücher.example, {LOGIN}", "ü@bücher.example,\n shop@example.com"),
        ("mailbox%40example.com", "shop@example.com"),
        ("mailbox%40example.com@relay.example, a@example.org", "shop@example.com,\n a@example.org"),
        ("mailbox@example.com.", "shop@example.com"),
        ("'mailbox@example.com'", "shop@example.com"),
        ("mail\u200bbox@example.com", "shop@example.com"),
        (f"a@example.org <>, A <>, {LOGIN}", "shop@example.com"),
        (f"user@[192.0.2.1], {LOGIN}", "user@[192.0.2.1],\n shop@example.com"),
    ],
)  # fmt: skip
def test_rule_13_however_it_is_written(before: str, after: str) -> None:
    assert aliased(f"To: {before}")["To"] == after


@pytest.mark.parametrize(
    "value",
    [
        f"({LOGIN})",
        f"{LOGIN} <>",
        f"{LOGIN}:;",
        wire(b"\xff@example.org, mailbox@example.com"),
    ],
)
def test_rule_13_a_header_that_cannot_be_written_without_it_goes(value: str) -> None:
    assert aliased(f"To: {value}").all("To") == []


@pytest.mark.parametrize(
    "value",
    [
        "friend@example.org",
        "a.mailbox@example.com",
        "a-mailbox@example.com",
        "a_mailbox@example.com",
        "a+mailbox@example.com",
        "a~mailbox@example.com",
        "xmailbox@example.com",
        "9mailbox@example.com",
        "mailbox@example.com.example",
        "mailbox@example.com-mail.example",
        "mailbox@example.community",
        "mailbox@example.com9",
        "mailbox@sub.example.com",
        "mailbox+tag@example.com",
        "mailbox@example.net",
        "shop@example.com (mailbox at example dot com)",
        "folded,\r\n\t as@example.org,\n  it@example.org",
        wire(b"caf\xe9 <friend@example.org>"),
    ],
)
def test_rule_13_what_is_not_the_login_stays(value: str) -> None:
    lines = (f"To: {value}", f"X-Any: {value}", f"Content-Description: {value}")
    answer = aliased(*lines)
    assert [answer["To"], answer["X-Any"], answer["Content-Description"]] == [value] * 3
    assert ask(f"Subject: {value}", "From: shop@example.com")["Subject"] == value


HOLDING = {
    "plain": LOGIN,
    "in any case": "MailBox@eXample.Com",
    "brackets": f"<mailto:{LOGIN}?subject=x>",
    "at the end of a sentence": f"write to {LOGIN}.",
    "then an underscore": f"{LOGIN}_x",
    "quoted": '"mailbox"@example.com',
    "quoted whole": f'x="{LOGIN}"',
    "quoted pairs": r"m\ailbox\@example.com",
    "commented": "mailbox(x)@(y(z))example.com",
    "commented dot": "mailbox@example(x).com",
    "spaced": "mailbox @\texample . com",
    "folded": "mailbox@\r\n example.com",
    "%40": "mailbox%40example.com",
    "%40, all": "%6d%61ilbox%40example%2Ecom",
    "%40, lower and twice": "mailbox%2540example.com",
    "B": f"x {b('to ' + LOGIN)}",
    "Q": q(LOGIN),
    "Q in part": "mailbox=?utf-8?q?=40?=example.com",
    "split words": f"{b('mailbox@exa')} {b('mple.com')}",
    "words of two charsets": f"{b('mailbox@', 'utf-16')} {q('example.com', 'koi8-r')}",
    "unknown charset": f"=?x-none?Q?caf=E9_{LOGIN}?=",
    "a word with a question mark": "=?utf-8?Q?really?_mailbox=40example.com?=",
    "before a word": f"{LOGIN}=?utf-8?q?0?=",
    "in a route": f"@a.example:{LOGIN}",
    "after CJK": f"联系{LOGIN}的",
    "after Latin-1": wire(b"\xe9mailbox@example.com\xe9"),
    "full-width @": "mailbox\uff20example.com",
    "full-width": "\uff4d\uff41ilbox@example.com",
    "zero width": "mail\u200bbox@exam\u00adple.com",
    "the second one": f"xmailbox@example.com {LOGIN}",
    "utf-7": "=?utf-7?Q?mailbox+AEA-example.com?=",
}
OTHER_HEADERS = [
    "X-Anything", "Comments", "List-Unsubscribe", "List-Post", "Keywords", "Organization", "Date",
    "X-Envelope-From", "Thread-Index", "Return-Receipt", "Original-Recipient", "To-Be",
]  # fmt: skip


@pytest.mark.parametrize("value", HOLDING.values(), ids=HOLDING)
def test_rule_13_any_other_header_that_holds_it_is_removed(value: str) -> None:
    answer = aliased(f"X-Any: {value}", "X-Any: harmless", f"List-Post: {value}")
    assert answer.all("X-Any") == ["harmless"]
    assert answer.all("List-Post") == []
    assert "X-Any held the address behind the alias." in [s.text for s in answer.decision.steps]


@pytest.mark.parametrize("name", OTHER_HEADERS)
def test_rule_13_whatever_its_name(name: str) -> None:
    assert aliased(f"{name}: {LOGIN}").all(name) == []


@pytest.mark.parametrize("value", HOLDING.values(), ids=HOLDING)
@pytest.mark.parametrize("name", ["Content-Type", "Content-Disposition", "content-description"])
def test_rule_13_content_headers_are_never_changed(name: str, value: str) -> None:
    assert aliased(f"{name}: {value}").refusal == (
        f"554 5.6.0 {name} holds the address behind the alias. Rename the attachment or part."
    )


@pytest.mark.parametrize(
    "value",
    [
        f'application/pdf; name="{LOGIN}.pdf"',
        "application/pdf; name*=utf-8''mailbox%40example.com",
        'application/pdf; name*0="to mailbox@exa"; name*1="mple.com"',
        "application/pdf; name=mailbox@exa; name*1=mple.com",
        "application/pdf;\r\n name*0*=utf-8''mailbox%40;\r\n name*1*=example.com",
    ],
)
def test_rule_13_nor_in_a_files_name(value: str) -> None:
    expected = "" if "com.pdf" in value else "554"
    assert aliased(f"Content-Type: {value}").refusal[:3] == expected


@pytest.mark.parametrize("value", HOLDING.values(), ids=HOLDING)
def test_rule_13_a_subject_that_holds_it_is_refused(value: str) -> None:
    refusal = "554 5.6.0 The Subject holds the address behind the alias. Take it out."
    assert ask(f"Subject: {value}", "From: shop@example.com").refusal == refusal
    # With a tag, two of them can't be decoded and one is decoded so that it holds it no more.
    if value not in {
        HOLDING[which] for which in ("unknown charset", "after Latin-1", "before a word")
    }:
        assert ask(f"Subject: {value} [sendas:shop]").refusal == refusal
        assert ask(f"Subject: {value} [sendas:mailbox]").refusal == ""
    assert ask(f"Subject: {value}").refusal == ""


@pytest.mark.parametrize("name", REMOVED)
def test_rule_13_removed_whatever_they_hold(name: str) -> None:
    lines = (f"{name}: a", f"{name.swapcase()}: b", f"X-{name}-Y: c")
    answer = aliased(*lines)
    assert answer.all(name) == []
    if not name.startswith(("X-P", "Resent", "X-Moz")):
        assert answer.all(f"X-{name}-Y") == ["c"]
    kept = ask("Subject: x", *lines).all(name)
    assert kept == ([] if name == "X-Google-Original-From" else ["a", "b"])


def test_rule_13_header_names_count() -> None:
    pairs = aliased(f"{LOGIN}: a", f"X-{LOGIN}: b", "xmailbox@example.com: c").pairs
    assert [name for name, value in pairs if value in "abc"] == [
        f"X-{LOGIN}", "xmailbox@example.com"
    ]  # fmt: skip


def test_rule_13_answers_keep_their_thread() -> None:
    thread = (f"In-Reply-To: <{LOGIN}>", f"References: <a@example.org> <{LOGIN}>")
    answer = aliased(*thread)
    assert [answer["In-Reply-To"], answer["References"]] == [
        f"<{LOGIN}>", f"<a@example.org> <{LOGIN}>"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sender", "held"),
    [
        ("Me <real@gmail.example>", "real@gmail.example"),
        ("a@example.org, Me <real@gmail.example>", "Real@Gmail.example"),
        ("Us: real@gmail.example;", "real@gmail.example"),
        ('"re al"@gmail.example', '"re al"@gmail.example'),
        ('"re al"@gmail.example', r'"re\ al" @ gmail.example'),
        ("news@example.com", "news@example.com"),
        ("real@b\u00fccher.example", "real@xn--bcher-kva.example"),
        ("real@xn--bcher-kva.example", "real@b\u00fccher.example"),
        ("real@xn--99999999.example", "Real@xn--99999999.example"),
        ("<@route.example:real@gmail.example>", "real@gmail.example"),
    ],
)
def test_rule_13_also_what_from_held_before(sender: str, held: str) -> None:
    answer = aliased(f"From: {sender}", f"Reply-To: {held}", f"X-Any: {held}")
    assert answer["Reply-To"] == "shop@example.com"
    assert answer.all("X-Any") == []
    assert ask(f"Subject: {held} [sendas:shop]", f"From: {sender}").refusal.startswith("554")


def test_rule_13_but_not_the_alias_itself() -> None:
    lines = ("From: Shop@example.com", "To: shop@example.com", "X-Any: shop@example.com")
    answer = aliased(*lines)
    assert (answer["To"], answer["X-Any"]) == ("shop@example.com", "shop@example.com")


@pytest.mark.parametrize(
    "alias", ["'mailbox", "x/mailbox", "a=mailbox", "=?utf-8?b??=mailbox", "mail=?utf-8?q?b?=ox"]
)
def test_rule_13_an_alias_that_reads_as_the_login_is_refused(alias: str) -> None:
    refusal = f"554 5.6.0 {alias}@example.com holds the address behind it. Use another one."
    assert ask(f"Subject: {q(f'[sendas:{alias}]')} x").refusal == refusal
    assert ask("Subject: x", f"From: {alias}@example.com").refusal == refusal
    assert ask(f"Subject: {q(f'[sendas:{alias}@example.net]')} x").refusal == ""


def test_rule_13_a_login_in_a_domain_of_another_script() -> None:
    login = "me@xn--bcher-kva.example"
    boxes = (replace(CONFIG.mailboxes[0], login=login), Mailbox("x@example.org", ("example.org",)))
    pairs = (
        ("From", login),
        ("Subject", "[sendas:shop] x"),
        ("X-A", "me@bücher.example"),
        ("X-B", "ME@BÜCHER.example"),
        ("X-C", q("me@bücher.example", "iso-8859-1")),
        ("X-D", "me@b%C3%BCcher.example"),
        ("X-E", "me@xn--bcher-kva.EXAMPLE"),
        ("X-F", "me@bücher.example.com"),
        ("Message-ID", "<1@here.example>"),
    )
    left = ask_exactly(pairs, login=login, mailboxes=boxes).pairs
    assert left == (
        ("From", "shop@xn--bcher-kva.example"),
        ("Subject", "x"),
        ("X-F", "me@bücher.example.com"),
        ("Message-ID", "<1@xn--bcher-kva.example>"),
    )
