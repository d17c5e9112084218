"""The shell around the rules: whatever happens, no message passes that they have not seen."""

import logging
import re
import stat
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mailpopbox.counters import Counters
from mailpopbox.message import (
    AddHeader,
    Decision,
    RemoveHeader,
    SetHeader,
    SetSender,
    Transaction,
)
from shell import TROUBLE, Rules, Unchanging, changing, refusing


def send(session: Any, subject: str = "hello") -> int:
    session.envfrom("<mailbox@example.com>", "SIZE=100")
    session.envrcpt("<friend@example.org>")
    session.header("From", "mailbox@example.com")
    session.header("Subject", subject)
    answer: int = session.eom()
    return answer


def test_the_rules_get_the_whole_message(session: Any, rules: Rules) -> None:
    session.envfrom("<mailbox@example.com>", "SIZE=100")
    session.envrcpt("<friend@example.org>", "NOTIFY=NEVER")
    session.envrcpt("<other@example.org>")
    for header in [("To", "friend@example.org"), ("X-Dup", "1"), ("x-dup", "caf\udce9\n\tau lait")]:
        session.header(*header)
    session.eom()
    [asked] = rules.asked
    assert asked == replace(
        Transaction(
            headers=(
                ("To", "friend@example.org"),
                ("X-Dup", "1"),
                ("x-dup", "caf\udce9\n\tau lait"),
            ),
            sender="mailbox@example.com",
            recipients=("friend@example.org", "other@example.org"),
            login="mailbox@example.com",
            token="",
        ),
        token=asked.token,
    )


def test_every_message_has_a_token_of_its_own(session: Any, rules: Rules) -> None:
    send(session)
    send(session)
    first, second = (transaction.token for transaction in rules.asked)
    assert first != second
    assert re.fullmatch("[0-9a-f]{32}", first)


def test_mail_from_outside_has_no_login_and_a_bounce_no_sender(session: Any, rules: Rules) -> None:
    session.macros = {}
    session.envfrom("<>")
    session.eom()
    [asked] = rules.asked
    assert (asked.headers, asked.sender, asked.recipients, asked.login) == ((), "", (), None)


def test_messages_on_one_connection_share_nothing(session: Any, rules: Rules) -> None:
    send(session, "one")
    send(session, "two")
    session.envfrom("<given-up@example.com>")
    session.envrcpt("<nobody@example.org>")
    session.abort()
    send(session, "three")
    assert [transaction.headers[-1:] for transaction in rules.asked] == [
        (("Subject", "one"),),
        (("Subject", "two"),),
        (("Subject", "three"),),
    ]
    assert {transaction.recipients for transaction in rules.asked} == {("friend@example.org",)}


@pytest.mark.usefixtures("rules")
def test_nothing_to_change(session: Any, milter: Any) -> None:
    assert send(session) == milter.CONTINUE
    assert session.done == []


def test_changes_are_carried_out(session: Any, milter: Any, rules: Rules) -> None:
    rules.answer = changing(
        RemoveHeader("Received", 1),
        RemoveHeader("Received", 2),
        SetHeader("From", 1, "shop@example.com"),
        SetHeader("Subject", 1, ""),
        AddHeader("Message-ID", "<1@example.com>"),
        SetSender("shop@example.com"),
        SetSender(""),
    )
    assert send(session) == milter.CONTINUE
    assert session.done == [
        ("chgheader", "From", 1, "shop@example.com"),
        ("chgheader", "Subject", 1, " "),
        ("chgfrom", "<shop@example.com>"),
        ("chgfrom", "<>"),
        ("chgheader", "Received", 2, None),
        ("chgheader", "Received", 1, None),
        ("addheader", "Message-ID", "<1@example.com>"),
    ]


def test_refusals(session: Any, milter: Any, rules: Rules) -> None:
    rules.answer = refusing(550, "5.7.1", "100% foreign")
    assert send(session) == milter.REJECT
    rules.answer = refusing(451, "4.3.0", "The ledger is away")
    assert send(session) == milter.TEMPFAIL
    assert session.done == [
        ("setreply", "550", "5.7.1", "100%% foreign"),
        ("setreply", "451", "4.3.0", "The ledger is away"),
    ]


@pytest.mark.parametrize(
    "answer",
    [
        ValueError("a rule is broken"),
        changing(AddHeader("X-Raw", "caf\udce9")),
        changing("no change at all"),
        None,
    ],
)
def test_any_error_is_a_451(session: Any, milter: Any, rules: Rules, answer: Any) -> None:
    rules.answer = answer
    assert send(session) == milter.TEMPFAIL
    assert session.done == [TROUBLE]
    rules.answer = Decision()
    assert send(session) == milter.CONTINUE


@pytest.mark.parametrize("callback", ["envfrom", "header"])
def test_a_message_not_collected_whole_is_a_451(
    session: Any, milter: Any, rules: Rules, monkeypatch: pytest.MonkeyPatch, callback: str
) -> None:
    session.envfrom("<mailbox@example.com>")
    with monkeypatch.context() as broken:
        broken.setattr(type(session), "forget", lambda _session: 1 / 0)
        broken.setattr(type(session), "collected", property(lambda _session: 1 / 0))
        words = ("Subject", "x") if callback == "header" else ("<a@example.com>",)
        assert getattr(session, callback)(*words) == milter.CONTINUE
    session.header("Subject", "what follows does not mend it")
    assert session.eom() == milter.TEMPFAIL
    assert session.done == [TROUBLE]
    assert rules.asked == []
    assert send(session) == milter.CONTINUE


def test_an_end_without_a_beginning_is_a_451(session: Any, milter: Any, rules: Rules) -> None:
    assert session.eom() == milter.TEMPFAIL
    assert rules.asked == []


def test_a_recipient_without_a_sender_is_a_451(session: Any, milter: Any) -> None:
    assert session.envrcpt("<friend@example.org>") == milter.TEMPFAIL
    assert session.done == [TROUBLE]


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (Decision(), "INFO outcome=passed alias=- rules=- removed=- ms=N"),
        (
            changing(SetSender("")),
            "INFO outcome=rewritten alias=shop@example.com rules=3,13 removed=- ms=N",
        ),
        (
            changing(RemoveHeader("Bcc", 1), RemoveHeader("X y", 1), RemoveHeader("Bcc", 2)),
            "INFO outcome=rewritten alias=shop@example.com rules=3,13 removed='Bcc,X y' ms=N",
        ),
        (refusing(550, "5.7.1", "No"), "INFO outcome=refused alias=- rules=4 removed=- ms=N"),
        (KeyError("secret"), "ERROR outcome=error error=KeyError at=serve.py:N why=- ms=N"),
    ],
)
def test_one_line_a_message(
    session: Any, rules: Rules, caplog: pytest.LogCaptureFixture, answer: Any, line: str
) -> None:
    caplog.set_level("INFO", "mailpopbox")
    rules.answer = answer
    send(session, "secret")
    [record] = caplog.records
    level, end = line.split(" ", 1)
    assert record.levelname == level
    said = re.sub(r"(ms=|py:)[0-9.]+", r"\1N", record.getMessage())
    assert said == f"queue_id=4439C1948E7 login=mailbox@example.com {end}"


def test_what_an_error_said_is_for_debugging(
    session: Any, rules: Rules, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "mailpopbox")
    rules.answer = KeyError("secret")
    send(session)
    assert caplog.records[-1].levelname == "DEBUG"
    assert caplog.records[-1].exc_info


ALL_ACTIONS = 0x1FF


def test_only_the_needed_actions_are_asked_for(session: Any, milter: Any) -> None:
    opts = [ALL_ACTIONS, 0, 0, 0]
    assert session.negotiate(opts) == milter.CONTINUE
    assert opts[0] == milter.ADDHDRS | milter.CHGHDRS | milter.CHGFROM


@pytest.mark.parametrize("opts", [[0x01, 0, 0, 0], [ALL_ACTIONS]])
def test_a_failed_negotiation_hangs_up(session: Any, milter: Any, opts: list[int]) -> None:
    assert session.negotiate(opts) == milter.REJECT


@pytest.mark.usefixtures("umask")
def test_serving(
    serve: ModuleType, milter: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(serve, "notify_ready", lambda: milter.calls.append("ready"))
    serve.serve(Unchanging(), Counters())
    assert milter.calls == [
        f"exceptions {milter.TEMPFAIL}",
        "register mailpopbox",
        "setconn unix:/run/mailpopbox/milter.sock",
        "opensocket True",
        "ready",
        "main",
    ]
    assert isinstance(milter.factory(), serve.Session)
    (tmp_path / "made").touch(0o777)
    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o770


@pytest.mark.usefixtures("umask")
def test_a_socket_that_cannot_be_made(serve: ModuleType, milter: Any) -> None:
    milter.socket_fails = True
    with pytest.raises(OSError, match=r"milter\.sock: cannot listen there"):
        serve.serve(Unchanging(), Counters())


@pytest.mark.usefixtures("umask")
def test_callbacks_reach_the_session(serve: ModuleType, milter: Any) -> None:
    class Context:
        """What pymilter hands to every callback."""

        def __init__(self) -> None:
            self.heard: list[Any] = []

        def getpriv(self) -> "Context":
            return self

        def __getattr__(self, name: str) -> Any:
            return lambda *args: self.heard.append((name, *args))

    serve.serve(Unchanging(), Counters())
    context = Context()
    milter.callbacks["set_envfrom_callback"](context, b"<a@example.com>", b"SIZE=1")
    milter.callbacks["set_envrcpt_callback"](context, b"<b@example.com>")
    milter.callbacks["set_header_callback"](context, "Subject", b"x")
    milter.callbacks["set_eom_callback"](context)
    milter.callbacks["set_abort_callback"](context)
    assert context.heard == [
        ("envfrom_bytes", b"<a@example.com>", b"SIZE=1"),
        ("envrcpt_bytes", b"<b@example.com>"),
        ("header_bytes", "Subject", b"x"),
        ("eom",),
        ("abort",),
    ]


def test_what_is_counted(session: Any, rules: Rules, counters: Counters) -> None:
    answers = [
        Decision(),
        changing(SetSender("")),
        refusing(550, "5.7.1", "No"),
        refusing(554, "5.6.0", "No", rule=13),
        KeyError("x"),
    ]
    for rules.answer in answers:
        send(session)
    assert [line for line in counters.text().splitlines() if line.startswith("mailpopbox_")][
        :-2
    ] == [
        'mailpopbox_messages_total{outcome="passed"} 1',
        'mailpopbox_messages_total{outcome="rewritten"} 1',
        'mailpopbox_messages_total{outcome="refused"} 2',
        'mailpopbox_messages_total{outcome="error"} 1',
        'mailpopbox_refused_total{rule="4"} 1',
        'mailpopbox_refused_total{rule="13"} 1',
    ]
