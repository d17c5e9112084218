"""Rules 15 and 16: the trace that the mail program left goes, the rest of the message stays."""

import pytest
from judging import LOGIN, ask, ask_exactly
from mailpopbox.message import RemoveHeader

TRACES = [
    "Bcc", "Received", "X-Received", "X-Originating-IP", "X-Originating-Anything", "X-Client-IP",
    "X-Sender-IP", "X-Real-IP", "X-Source-IP", "X-Remote-Addr", "X-Forwarded-For", "X-Mailer",
    "User-Agent", "X-MimeOLE", "X-PHP-Originating-Script", "X-PHP-Script", "X-Google-Sender-Auth",
    "X-Google-Original-From", "X-Gm-Message-State", "X-Gm-Features", "X-MS-Has-Attach",
    "X-MS-TNEF-Correlator", "X-MS-Exchange-AntiSpam", "X-Authenticated-User", "X-Correlation-ID",
    "Authentication-Results", "DKIM-Signature", "ARC-Seal", "ARC-Message-Signature",
    "ARC-Authentication-Results",
]  # fmt: skip
LIKE_TRACES = [
    "Bcc2", "X-Bcc", "Received-SPF", "XReceived", "X-Mailer2", "X-User-Agent", "X-PHP", "X-Gmail",
    "X-MSMail-Priority", "X-Source-IPs", "X-Client-IP-Not", "ARC", "ARCHIVED-AT", "X-Priority",
    "MIME-Version", "Content-Type", "Date", "Importance", "List-Id", "In-Reply-To", "References",
    "X-Google", "DKIM-Signature-2", "Autocrypt-Setup-Message",
]  # fmt: skip
SUBMITTED_AS = [
    ("Subject: [sendas:shop] x", LOGIN),
    ("Subject: x", LOGIN),
    ("Subject: x", "shop@example.com"),
    ("Subject: [sendas:mailbox] x", LOGIN),
]


@pytest.mark.parametrize("name", TRACES)
@pytest.mark.parametrize(("subject", "sender"), SUBMITTED_AS)
def test_rule_15_traces_go(subject: str, sender: str, name: str) -> None:
    lines = (f"{name}: a", f"X-{name}-Not: b", f"{name.swapcase()}: c", f"{name.lower()}:")
    answer = ask(subject, f"From: {sender}", *lines)
    assert answer.all(name) == []
    assert answer[f"X-{name}-Not"] == "b"
    assert [step.text for step in answer.decision.steps if step.rule == 15] == [
        f"Removed: {', '.join(dict.fromkeys((name, name.swapcase())))} and {name.lower()}."
    ]


@pytest.mark.parametrize("name", LIKE_TRACES)
@pytest.mark.parametrize(("subject", "sender"), SUBMITTED_AS)
def test_rule_15_what_only_looks_like_one_stays(subject: str, sender: str, name: str) -> None:
    assert ask(subject, f"From: {sender}", f"{name}: a")[name] == "a"


def test_rule_15_repeated_headers_are_counted_in_any_case() -> None:
    answer = ask(
        "RECEIVED: 1", "Subject: x", "received: 2", "X-A: a", "Received: 3", "BCC: x", "bcc: y"
    )
    assert answer.decision.changes == (
        RemoveHeader("RECEIVED", 1),
        RemoveHeader("received", 2),
        RemoveHeader("Received", 3),
        RemoveHeader("BCC", 1),
        RemoveHeader("bcc", 2),
    )
    assert answer["X-A"] == "a"


def test_rule_15_no_header_is_removed_twice() -> None:
    lines = [f"{name}: {LOGIN}" for name in [*TRACES, "Sender", "X-Sender", "X-Any", "X-Any"]]
    changes = ask("Subject: [sendas:shop] x", *lines).decision.changes
    assert len(set(changes)) == len(changes)
    removed = [change for change in changes if isinstance(change, RemoveHeader)]
    assert [(each.name, each.occurrence) for each in removed if each.name == "X-Any"] == [
        ("X-Any", 1),
        ("X-Any", 2),
    ]
    assert len(removed) == len(lines)


def test_rule_16_mime_headers_stay_as_they_are() -> None:
    pairs = (
        ("From", "shop@example.com"),
        ("Subject", "x"),
        ("MIME-Version", "1.0 (Some Program 1.0)"),
        ("Content-Type", 'multipart/mixed;\r\n\tboundary="=_a@b"'),
        ("Content-Transfer-Encoding", "8bit"),
        ("Message-ID", "<1@example.com>"),
    )
    answer = ask_exactly(pairs, sender="shop@example.com")
    assert answer.decision.changes == ()
    assert answer.decision.outcome == "passed"
    assert answer.decision.address == "shop@example.com"
