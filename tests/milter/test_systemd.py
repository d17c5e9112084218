"""Log lines and readiness."""

import logging
import socket
from pathlib import Path

import pytest
from mailpopbox.systemd import JournalFormatter, fields, log_to_stderr, notify_ready


@pytest.mark.parametrize(
    ("level", "priority"),
    [
        (logging.DEBUG, "<7>"),
        (logging.INFO, "<6>"),
        (logging.WARNING, "<4>"),
        (logging.ERROR, "<3>"),
        (logging.CRITICAL, "<2>"),
        (logging.INFO + 5, "<5>"),
    ],
)
def test_every_line_has_its_priority(level: int, priority: str) -> None:
    record = logging.LogRecord("mailpopbox", level, "", 0, "one\ntwo", None, None)
    assert JournalFormatter().format(record) == f"{priority}one\n{priority}two"


@pytest.mark.parametrize(
    ("environment", "line"), [({"JOURNAL_STREAM": "8:1"}, "<4>careful\n"), ({}, "careful\n")]
)
def test_priorities_are_for_the_journal_only(
    environment: dict[str, str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log_to_stderr("warning", environment)
    logging.getLogger("mailpopbox").info("not this")
    logging.getLogger("mailpopbox").warning("careful")
    assert capsys.readouterr().err == line


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("4439C1948E7", "4439C1948E7"),
        ("mailbox@example.com", "mailbox@example.com"),
        (None, "-"),
        ("", "-"),
        (1.5, "1.5"),
        ("a b", "'a b'"),
        ("a=b", "'a=b'"),
        ("it's", '"it\'s"'),
        ("a\nb", r"'a\nb'"),
        ("é\udce9", r"'\xe9\udce9'"),
    ],
)
def test_no_value_can_forge_a_field(value: object, text: str) -> None:
    assert fields(queue_id="1", login=value) == f"queue_id=1 login={text}"


def test_ready_is_told_to_systemd(tmp_path: Path) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(path))
        notify_ready({"NOTIFY_SOCKET": str(path)})
        assert systemd.recv(100) == b"READY=1"


def test_ready_is_told_over_an_abstract_socket() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("")  # the kernel picks a free abstract name
        name: bytes = systemd.getsockname()
        notify_ready({"NOTIFY_SOCKET": "@" + name[1:].decode()})
        assert systemd.recv(100) == b"READY=1"


def test_ready_is_told_to_nobody_without_systemd() -> None:
    notify_ready({})
