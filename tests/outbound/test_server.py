"""Postfix on one side, Debian's daemon on the other, over real sockets."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mailpopbox import cli
from mailpopbox.outbound import netstrings, server
from mailpopbox.outbound.policy import Dane
from mailpopbox.outbound.server import Server, answers
from policies import serving

SECURE = "OK secure match=mx.example.com"
LATER = "TEMP this server cannot look up MTA-STS policies now"
POLICIES = {
    "postfix example.com": SECURE,
    "postfix example.net": "NOTFOUND ",
    "postfix example.org": "TEMP later",
}


@pytest.fixture
def policies(tmp_path: Path) -> Iterator[Path]:
    """What stands for Debian's daemon: it speaks the same."""
    with serving(tmp_path / "policies", POLICIES.__getitem__):
        yield tmp_path / "policies"


def ask(path: Path, *questions: str) -> list[str | None]:
    """Ask as a process of Postfix does, over one connection."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(path))
        with connection.makefile("rwb") as stream:
            found = []
            for question in questions:
                stream.write(netstrings.framed(f"mailpopbox {question}"))
                stream.flush()
                found.append(netstrings.read(stream))
    return found


def test_several_questions_over_one_connection(policies: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "socket", answers(policies, lambda _: Dane.ABSENT)):
        found = ask(tmp_path / "socket", "example.com", ".com", "example.net", "example.org")
    assert found == [SECURE, "NOTFOUND ", "NOTFOUND ", "TEMP later"]


def test_several_processes_side_by_side(policies: Path, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    absent = answers(policies, lambda _: Dane.ABSENT)
    with serving(path, absent), socket.socket(socket.AF_UNIX) as idle:
        idle.connect(str(path))
        assert ask(path, "example.com") == [SECURE]


def test_without_the_daemon_mail_waits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with serving(tmp_path / "socket", answers(tmp_path / "none", lambda _: Dane.ABSENT)):
        assert ask(tmp_path / "socket", "example.com", ".com") == [LATER, "NOTFOUND "]
    assert "no TLS policy for 'mailpopbox example.com'" in caplog.text


@pytest.mark.parametrize("octets", [b"", b"nonsense", b"5:hel"])
def test_a_daemon_that_says_nothing_is_one_that_is_not_there(tmp_path: Path, octets: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "policies"))
        listening.listen()

        def answering() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(octets)

        thread = threading.Thread(target=answering)
        thread.start()
        answered = answers(tmp_path / "policies", lambda _: Dane.ABSENT)
        assert answered("mailpopbox example.com") == LATER
        thread.join()


def test_a_daemon_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_SECONDS", 0.2)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "policies"))
        listening.listen()
        answered = answers(tmp_path / "policies", lambda _: Dane.ABSENT)
        assert answered("mailpopbox example.com") == LATER


@pytest.mark.parametrize("octets", [b"nonsense", b"5:hel", b"999999:"])
def test_who_speaks_something_else_is_hung_up_on(policies: Path, octets: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(policies))
        connection.sendall(octets)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b""


@pytest.mark.parametrize("resolver", [[], ["--resolver", "127.0.0.1"]])
def test_the_command(
    policies: Path, tmp_path: Path, resolver: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says when it is ready, and takes the place of one that was killed."""
    path, notify = tmp_path / "socket", tmp_path / "notify"
    path.touch()
    monkeypatch.setenv("NOTIFY_SOCKET", str(notify))
    # After one conversation it ends.
    monkeypatch.setattr(Server, "serve_forever", Server.handle_request)
    command = ["tls-policies", *resolver, str(policies), str(path)]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.settimeout(10)
        systemd.bind(str(notify))
        with ThreadPoolExecutor() as pool:
            code = pool.submit(cli.main, command)
            assert systemd.recv(100) == b"READY=1"
            assert ask(path, "example.net") == ["NOTFOUND "]
            assert code.result(10) == 0
