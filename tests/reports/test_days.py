"""What is on the disk of each day."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from datagrams import BROKEN, KEPT
from mailpopbox.reports import days as module
from mailpopbox.reports.days import Days
from mailpopbox.reports.told import sessions_of

[GOOD], [BAD] = sessions_of(KEPT), sessions_of(BROKEN)
DAY = 20_000


@pytest.fixture
def days(tmp_path: Path) -> Days:
    return Days(tmp_path)


def test_how_far_the_journal_has_been_read(days: Days) -> None:
    assert days.read_until() == 0
    for at in (1_795_838_446.572862, 5.0):
        days.keep_read_until(at)
        assert days.read_until() == at
    # It is no day.
    assert days.noted() == []


def test_a_full_disk_does_not_forget_how_far_it_was(
    days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    days.keep_read_until(5.0)

    def full(_descriptor: int, _octets: bytes) -> int:
        raise OSError("no space")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(OSError, match="no space"):
            days.keep_read_until(6.0)
    assert days.read_until() == 5.0
    days.keep_read_until(7.0)
    assert days.read_until() == 7.0


def test_sessions_are_counted_by_day(days: Days) -> None:
    for day, session in ((DAY + 1, BAD), (DAY, GOOD), (DAY, BAD), (DAY, GOOD)):
        days.note(day, session)
    assert days.noted() == [DAY, DAY + 1]
    assert days.sessions(DAY) == [(GOOD, 2), (BAD, 1)]
    assert days.sessions(DAY + 1) == [(BAD, 1)]


def test_they_are_for_their_owner(days: Days) -> None:
    days.note(DAY, GOOD)
    days.mark(DAY, "example.net", "mailto:tls@example.net")
    assert {path.stat().st_mode & 0o777 for path in days.folder.iterdir()} == {0o600}


def test_what_root_writes_is_the_services(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:
        os.chown(days.folder, 12345, 12346)
    owner = days.folder.stat()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    days.note(DAY, GOOD)
    [path] = days.folder.iterdir()
    assert (path.stat().st_uid, path.stat().st_gid) == (owner.st_uid, owner.st_gid)


def test_a_torn_line_spoils_no_other(days: Days) -> None:
    days.note(DAY, GOOD)
    [path] = days.folder.iterdir()
    path.write_text(path.read_text() + '{"domain": "exa\n')
    days.note(DAY, GOOD)
    assert days.sessions(DAY) == [(GOOD, 2)]


def test_a_day_takes_no_more_than_there_is_room_for(
    days: Days, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    days.note(DAY, GOOD)
    [path] = days.folder.iterdir()
    monkeypatch.setattr(module, "_MOST_OCTETS", 2 * path.stat().st_size)
    days.note(DAY, GOOD)
    assert caplog.messages == []
    days.note(DAY, GOOD)
    [line] = caplog.messages
    assert line.startswith("a TLS session is not noted: [Errno 27] File too large: ")
    assert days.sessions(DAY) == [(GOOD, 2)]
    days.note(DAY + 1, GOOD)


def test_where_a_report_has_gone_is_remembered(days: Days) -> None:
    days.note(DAY, GOOD)
    days.mark(DAY, "example.net", "mailto:tls@example.net")
    assert days.is_marked(DAY, "example.net", "mailto:tls@example.net")
    for other in (
        (DAY + 1, "example.net", "mailto:tls@example.net"),
        (DAY, "example.org", "mailto:tls@example.net"),
        (DAY, "example.net", "mailto:tls@example.org"),
    ):
        assert not days.is_marked(*other)
    assert days.noted() == [DAY]
    days.forget(DAY)
    assert list(days.folder.iterdir()) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from datagrams import KEPT
from mailpopbox.reports.days import Days
from mailpopbox.reports.told import sessions_of
for _ in range(int(sys.argv[2])):
    Days(Path(sys.argv[1])).note(20_000, sessions_of(KEPT)[0])
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_whoever_is_killed_loses_nothing(days: Days) -> None:
    words = [sys.executable, "-c", KILLED, str(days.folder), "50"]
    done = subprocess.run(words, env=os.environ | {"PYTHONPATH": ":".join(sys.path)}, check=False)
    assert done.returncode == -9
    assert days.sessions(DAY) == [(GOOD, 50)]


def test_one_sends_at_a_time(days: Days) -> None:
    entered = threading.Event()

    def enter() -> None:
        with days.alone():
            entered.set()

    thread = threading.Thread(target=enter)
    with days.alone():
        thread.start()
        assert not entered.wait(0.2)
    assert entered.wait(10)
    thread.join()
