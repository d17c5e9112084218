"""Lines of the journal, as Postfix 3.7 and 3.10, Dovecot 2.3 and 2.4 and the milter write them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mailpopbox.commands.events import KINDS, Event, Reader

AT = 1_795_167_460


def line(name: str, message: Any) -> str:
    fields = {"__REALTIME_TIMESTAMP": f"{AT}123456", "SYSLOG_IDENTIFIER": name}
    return json.dumps(fields | {"MESSAGE": message})


def told(*lines: tuple[str, Any]) -> list[Event]:
    reader = Reader()
    return [event for each in lines for event in reader.events(line(*each))]


QUEUED = (
    "postfix/qmgr",
    "7C9EB23A400: from=<jane@news.example>, size=58319, nrcpt=1 (queue active)",
)
SENT = ("postfix/qmgr", "7C9EB23A400: from=<shop@example.com>, size=583, nrcpt=1 (queue active)")
DELAYS = "delay=0.03, delays=0.02/0.01/0/0"
ARRIVED = (
    f"to=<news@example.com>, relay=virtual, {DELAYS}, dsn=2.0.0, status=sent (delivered to maildir)"
)
REMOVED = ("postfix/qmgr", "7C9EB23A400: removed")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            [QUEUED, ("postfix/virtual", f"7C9EB23A400: {ARRIVED}")],
            ("in", "news@example.com", "news.example", ""),
        ),
        (
            [QUEUED, REMOVED, ("postfix/virtual", f"7C9EB23A400: {ARRIVED}")],
            ("in", "news@example.com", "", ""),
        ),
        (
            [
                (
                    "postfix/virtual",
                    f"7C9EB23A400: to=<a@x>, orig_to=<postmaster@mx>, {ARRIVED[23:]}",
                )
            ],
            ("in", "postmaster@mx", "", ""),
        ),
        (
            [
                SENT,
                (
                    "postfix/smtp",
                    (
                        "7C9EB23A400: to=<joe@shop.example>, relay=mx.shop.example[192.0.2.7]:25,"
                        f" {DELAYS}, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 1)"
                    ),
                ),
            ],
            ("out", "shop@example.com", "shop.example", ""),
        ),
        (
            [
                SENT,
                (
                    "postfix/smtp",
                    (
                        f"7C9EB23A400: to=<joe@shop.example>, relay=none, {DELAYS}, dsn=4.4.1,"
                        " status=deferred (connect to mx.shop.example[192.0.2.7]:25: timed out)"
                    ),
                ),
            ],
            (
                "waits",
                "shop@example.com",
                "shop.example",
                "connect to mx.shop.example[192.0.2.7]:25: timed out",
            ),
        ),
        (
            [
                SENT,
                (
                    "postfix/smtp",
                    (
                        f"7C9EB23A400: to=<joe@shop.example>, relay=x[192.0.2.7]:25, {DELAYS},"
                        " dsn=5.1.1, status=bounced (host x[192.0.2.7] said: 550 5.1.1"
                        " <joe@shop.example>: unknown (in reply to RCPT TO command))"
                    ),
                ),
            ],
            (
                "returned",
                "shop@example.com",
                "shop.example",
                "host x[192.0.2.7] said: 550 5.1.1 unknown (in reply to RCPT TO command)",
            ),
        ),
        (
            [
                (
                    "postfix/smtpd",
                    (
                        "NOQUEUE: milter-reject: RCPT from x.test[2001:db8::1]: 550 5.1.1"
                        " <forum@example.com>: Recipient address rejected: User unknown in virtual"
                        " mailbox table; from=<a@spam.test> to=<forum@example.com> proto=ESMTP helo=<x>"
                    ),
                )
            ],
            (
                "refused",
                "forum@example.com",
                "spam.test",
                "550 5.1.1 Recipient address rejected: User unknown in virtual mailbox table",
            ),
        ),
        (
            [
                (
                    "postfix/postscreen",
                    (
                        "NOQUEUE: reject: RCPT from [192.0.2.9]:41522: 450 4.3.2 Service currently"
                        " unavailable; from=<a@spam.test>, to=<x@example.com>, proto=ESMTP, helo=<x>"
                    ),
                )
            ],
            ("refused", "x@example.com", "spam.test", "450 4.3.2 Service currently unavailable"),
        ),
        (
            [
                (
                    "postfix/smtpd",
                    (
                        "NOQUEUE: reject: MAIL from x.test[192.0.2.9]: 552 5.3.4 Message size exceeds"
                        " fixed limit; from=<a@spam.test> proto=ESMTP helo=<x>"
                    ),
                )
            ],
            ("refused", "", "spam.test", "552 5.3.4 Message size exceeds fixed limit"),
        ),
        (
            [
                (
                    "postfix/submission/cleanup",
                    (
                        "6A85523E2A4: milter-reject: END-OF-MESSAGE from laptop[10.0.0.1]: 5.6.0 The"
                        " Subject holds the address behind the alias. Take it out.;"
                        " from=<mailbox@example.com> to=<joe@shop.example> proto=ESMTP helo=<x>"
                    ),
                )
            ],
            (
                "stopped",
                "mailbox@example.com",
                "shop.example",
                "5.6.0 The Subject holds the address behind the alias. Take it out.",
            ),
        ),
        (
            [
                (
                    "postfix/submissions/smtpd",
                    (
                        "63DF81F897D: client=laptop[10.0.0.1], sasl_method=PLAIN,"
                        " sasl_username=mailbox@example.com"
                    ),
                )
            ],
            ("login", "mailbox@example.com", "", "sends"),
        ),
        (
            [
                (
                    "postfix/submissions/smtpd",
                    (
                        "warning: x.test[192.0.2.9]: SASL PLAIN authentication failed:"
                        " (reason unavailable), sasl_username=admin"
                    ),
                )
            ],
            ("refused", "", "", "wrong password, from 192.0.2.9"),
        ),
        (
            [("postfix/postscreen", r"PREGREET 14 after 0.02 from [192.0.2.9]:41522: EHLO x\r\n")],
            ("refused", "", "", "talked before it was greeted, from 192.0.2.9"),
        ),
        (
            [
                (
                    "dovecot",
                    (
                        "pop3-login: Login: user=<mailbox@example.com>, method=PLAIN, rip=192.0.2.1,"
                        " lip=192.0.2.2, mpid=47951, TLS, session=<x>"
                    ),
                )
            ],
            ("login", "mailbox@example.com", "", "fetches"),
        ),
        (
            [
                (
                    "dovecot",
                    (
                        "pop3-login: Login aborted: Connection closed (auth failed, 1 attempts in 2"
                        " secs) (auth_failed): user=<x@example.com>, method=PLAIN, rip=192.0.2.9,"
                        " lip=192.0.2.2, TLS: Connection closed, session=<x>"
                    ),
                )
            ],
            ("refused", "x@example.com", "", "wrong password, from 192.0.2.9"),
        ),
        (
            [
                (
                    "dovecot",
                    (
                        "pop3(mailbox@example.com)<7><x>: Disconnected: Logged out top=0/0,"
                        " retr=3/4321, del=2/5, size=9876"
                    ),
                )
            ],
            ("fetched", "mailbox@example.com", "", "3 fetched, 2 deleted"),
        ),
        (
            [("dovecot", list(b"pop3(a@b): Disconnected: \xff retr=1/2, del=0/5, size=9876"))],
            ("fetched", "a@b", "", "1 fetched, 0 deleted"),
        ),
        (
            [("mailpopbox", "queue_id=1A login=- outcome=error error=LedgerError at=x.py:1 ms=4")],
            ("trouble", "", "", "the milter: LedgerError"),
        ),
        (
            [("mailpopbox", "queue_id=1A login=a@b outcome=error error=KeyError at=x.py:1 ms=4")],
            ("trouble", "a@b", "", "the milter: KeyError"),
        ),
    ],
)
def test_what_is_told(lines: list[tuple[str, Any]], expected: tuple[str, str, str, str]) -> None:
    assert told(*lines) == [Event(AT, *expected)]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("postfix/smtpd", "connect from x.test[192.0.2.9]"),
        ("postfix/cleanup", "7C9EB23A400: message-id=<1@x.test>"),
        ("mailpopbox", "queue_id=1A login=- outcome=passed alias=- rules=- removed=- ms=4"),
        ("dovecot", "pop3(a@b): Disconnected: Logged out top=0/0, retr=0/0, del=0/5, size=9876"),
        ("dovecot", "master: Dovecot v2.3.19.1 starting up for pop3"),
        ("systemd", "Started mailpopbox-milter.service"),
        ("postfix/qmgr", None),
        (5, "x"),
    ],
)
def test_what_is_not_told(name: Any, message: Any) -> None:
    assert told((name, message)) == []


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "{}", '{"__REALTIME_TIMESTAMP": "x"}'])
def test_what_is_no_line_of_a_journal(text: str) -> None:
    assert list(Reader().events(text)) == []


def test_no_more_is_remembered_than_a_busy_server_needs() -> None:
    reader = Reader()
    for number in range(10_001):
        message = f"{number}: from=<a@a.example>, size=1, nrcpt=1 (queue active)"
        assert list(reader.events(line("postfix/qmgr", message))) == []
    first, last = (
        next(iter(reader.events(line("postfix/virtual", f"{number}: {ARRIVED}"))))
        for number in (0, 10_000)
    )
    assert (first.domain, last.domain) == ("", "a.example")


@given(st.sampled_from(["postfix/x", "dovecot", "mailpopbox"]), st.text())
def test_nothing_breaks_it(name: str, message: str) -> None:
    assert all(event.kind in KINDS for event in told((name, message)))
