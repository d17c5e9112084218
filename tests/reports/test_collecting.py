"""Postfix on one side of a real socket, what notes its sessions on the other."""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from datagrams import BROKEN, KEPT
from mailpopbox import cli
from mailpopbox.reports.collecting import collect
from mailpopbox.reports.days import Days
from mailpopbox.reports.told import sessions_of
from mailpopbox.times import DAY

[GOOD], [BAD] = sessions_of(KEPT), sessions_of(BROKEN)


@pytest.fixture
def days(tmp_path: Path) -> Days:
    (tmp_path / "days").mkdir()
    return Days(tmp_path / "days")


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[socket.socket]:
    """The socket as systemd makes it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(str(tmp_path / "socket"))
        yield made


@pytest.fixture
def postfix(tmp_path: Path, listening: socket.socket) -> Iterator[socket.socket]:
    assert listening
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.connect(str(tmp_path / "socket"))
        yield made


def of_today(days: Days) -> list[tuple[object, int]]:
    return [found for day in days.noted() for found in days.sessions(day)]


def test_what_comes_is_noted_until_nothing_comes(
    days: Days, listening: socket.socket, postfix: socket.socket
) -> None:
    # What has come before it was started counts, too.
    for datagram in (KEPT, BROKEN, KEPT):
        postfix.send(datagram)
    thread = threading.Thread(target=collect, args=(listening, days, 0.5))
    thread.start()
    for _ in range(20):
        postfix.send(BROKEN)
    thread.join(10)
    assert not thread.is_alive()
    assert of_today(days) == [(GOOD, 2), (BAD, 21)]
    assert days.noted() == [int(time.time()) // DAY]


@pytest.mark.parametrize("odd", [b"", b"hello", b"{}", KEPT + b" " * 60_000 + b"x", b"\n" * 200])
def test_what_is_not_understood_is_passed_over(
    days: Days,
    listening: socket.socket,
    postfix: socket.socket,
    odd: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for datagram in (KEPT, odd, KEPT):
        postfix.send(datagram)
    collect(listening, days, 0.1)
    assert of_today(days) == [(GOOD, 2)]
    [line] = [each.getMessage() for each in caplog.records]
    assert line.startswith("passed over (")
    assert line.isprintable()
    assert len(line) < 500


def test_what_cannot_be_written_stops_nothing(
    days: Days,
    listening: socket.socket,
    postfix: socket.socket,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for _ in range(2):
        postfix.send(KEPT)
    days.folder.rmdir()
    with caplog.at_level(logging.ERROR):
        collect(listening, days, 0.1)
    assert caplog.text.count("a TLS session is not noted: ") == 2


def test_sessions_count_for_the_day_on_which_they_are_told(
    days: Days,
    listening: socket.socket,
    postfix: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for now in (20_000 * DAY - 1, 20_000 * DAY):
        monkeypatch.setattr(time, "time", lambda now=now: now + 0.5)
        postfix.send(KEPT)
        collect(listening, days, 0.1)
    assert days.noted() == [19_999, 20_000]


def test_without_a_socket_it_says_who_runs_it(
    days: Days, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["tls-sessions", "--sessions", str(days.folder)]) == 1
    assert "systemd runs this" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["--policies", "--resolver"])
def test_what_is_for_the_other_way_is_refused(
    days: Days, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    assert cli.main(["tls-sessions", "--sessions", str(days.folder), word, "127.0.0.1"]) == 2
    assert "are for --logged" in capsys.readouterr().err


def test_the_command_as_systemd_starts_it(
    days: Days, listening: socket.socket, postfix: socket.socket
) -> None:
    """It is handed the socket as its fourth file, and loses nothing when it is killed."""
    given = listening.fileno()
    command = f"{sys.executable} -m mailpopbox tls-sessions --sessions {days.folder}"
    script = f"LISTEN_PID=$$ LISTEN_FDS=1 exec {command} 3<&{given}"
    postfix.send(KEPT)
    environment = os.environ | {"PYTHONPATH": ":".join(sys.path)}
    with subprocess.Popen(["bash", "-c", script], pass_fds=[given], env=environment) as service:
        end = time.monotonic() + 30
        while of_today(days) != [(GOOD, 1)] and time.monotonic() < end:
            time.sleep(0.05)
        service.send_signal(signal.SIGKILL)
    postfix.send(BROKEN)
    assert of_today(days) == [(GOOD, 1)]
    # The next one finds what came meanwhile.
    collect(listening, days, 0.1)
    assert of_today(days) == [(GOOD, 1), (BAD, 1)]
