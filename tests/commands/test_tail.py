"""`tail`: what is happening, live."""

import json
import os
import signal
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hosts import ENVIRONMENT, Host
from mailpopbox.commands import tail
from mailpopbox.commands.events import KINDS, Event

AT = 1_800_000_000


def line(name: str, message: str) -> str:
    fields = {"__REALTIME_TIMESTAMP": f"{AT}000000", "SYSLOG_IDENTIFIER": name}
    return json.dumps(fields | {"MESSAGE": message})


LINES = [
    line("postfix/qmgr", "1A: from=<jane@news.example>, size=5, nrcpt=1 (queue active)"),
    line(
        "postfix/virtual",
        "1A: to=<news@example.com>, relay=virtual, delay=0, status=sent (delivered to maildir)",
    ),
    line("postfix/smtpd", "connect from x.test[192.0.2.9]"),
    line(
        "postfix/smtpd",
        "NOQUEUE: reject: RCPT from x.test[192.0.2.9]: 550 5.1.1 <forum@example.com>: User unknown;"
        " from=<a@spam.test> to=<forum@example.com> proto=ESMTP helo=<x>",
    ),
]


class Journal(socketserver.ThreadingUnixStreamServer):
    """What systemd does elsewhere: whoever connects gets a process. journalctl is another program."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder / "socket"), socketserver.BaseRequestHandler)
        self._folder = folder
        self._environment = ENVIRONMENT | {"PATH": f"{folder}:{os.environ['PATH']}"}
        self.prints(*LINES)

    def prints(self, *lines: str, then: str = "") -> None:
        (self._folder / "lines").write_text("".join(f"{each}\n" for each in lines))
        path = self._folder / "journalctl"
        path.write_text(f'#!/bin/sh\ncd {self._folder}\necho "$@" >called\ncat lines\n{then}\n')
        path.chmod(0o755)

    @property
    def called(self) -> str:
        return (self._folder / "called").read_text()

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        words = [sys.executable, "-m", "mailpopbox", "journal"]
        subprocess.run(
            words, stdin=request, stdout=request, stderr=request, env=self._environment, check=False
        )


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    with Journal(tmp_path) as server:
        monkeypatch.setattr(tail, "_SOCKET", Path(str(server.server_address)))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_one_line_for_each_thing(host: Host, journal: Journal) -> None:
    answer = host.run("tail")
    assert [each[8:] for each in answer.out.splitlines()] == [
        "  in        news@example.com  from news.example",
        "  refused   forum@example.com  from spam.test  550 5.1.1 User unknown",
    ]
    assert journal.called == (
        "--follow --output=json --all --unit=postfix* --unit=dovecot --unit=mailpopbox-milter"
        " --lines=0\n"
    )
    assert (answer.code, answer.err) == (1, "The journal has ended.\n")


def test_since(host: Host, journal: Journal) -> None:
    host.run("tail", "--since", "1 hour ago")
    assert journal.called.endswith(" --since=1 hour ago\n")


def test_what_journalctl_does_not_understand(host: Host, journal: Journal) -> None:
    journal.prints(then="echo >&2 Failed to parse timestamp: soon; exit 1")
    answer = host.run("tail", "--since", "soon")
    assert (answer.code, answer.err) == (1, "Failed to parse timestamp: soon\n")


@pytest.mark.usefixtures("journal")
def test_for_programs(host: Host) -> None:
    out = host.run("tail", "--json").out
    assert json.loads(out.splitlines()[0]) == {
        "time": "2027-01-15T08:00:00Z",
        "event": "in",
        "address": "news@example.com",
        "domain": "news.example",
        "text": "",
    }


@pytest.mark.usefixtures("journal")
def test_a_narrow_terminal(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "dumb")
    lines = host.run("tail").out.splitlines()
    assert [len(each) for each in lines] == [40, 40]
    assert [each[20:] for each in lines] == ["news@example.com  f…", "forum@example.com  …"]


def test_all_kinds_have_a_style_and_a_place_in_the_manual() -> None:
    assert set(tail._STYLES) == set(KINDS)  # noqa: SLF001 (a table)
    page = tail.__file__.split("/milter/src/")[0] + (
        "/templates/milter/usr/local/share/man/man8/mailpopbox.8.j2"
    )
    text = Path(page).read_text()
    assert all(kind in text for kind in KINDS)


def test_where_to() -> None:
    event = Event(AT, "out", "shop@example.com", "shop.example")
    assert tail.shown(event) == "shop@example.com  to shop.example"
    assert tail.shown(Event(AT, "refused", text="why")) == "why"


def test_it_ends_by_ctrl_c(host: Host, journal: Journal) -> None:
    """A real process with a journal that goes on, until nobody listens."""
    journal.prints(*LINES, then="while sleep 0.1 && echo; do :; done")
    program = (
        "import pathlib, sys; from mailpopbox.cli import main; from mailpopbox.commands import tail;"
        " tail._SOCKET = pathlib.Path(sys.argv.pop(1)); sys.exit(main())"
    )
    # Whoever runs the tests in the background ignores it, and so would all that they start.
    words = ["env", "--default-signal=INT", sys.executable, "-c", program]
    words += [str(journal.server_address), "tail", "--config", str(host.config)]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, env=ENVIRONMENT, start_new_session=True, text=True
    ) as process:
        assert process.stdout
        assert "from news.example" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


@pytest.mark.usefixtures("journal")
def test_trouble_with_the_screen(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def torn(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(tail, "follow", torn)
    answer = host.run("tail")
    assert (answer.code, answer.err) == (1, "no space\n")


def test_nobody_listens(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "_SOCKET", tmp_path / "socket")
    answer = host.run("tail")
    assert answer.code == 1
    assert '"systemctl restart mailpopbox-journal.socket" helps (No such file' in answer.err


def test_no_right(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    answer = host.run("tail")
    assert answer.code == 1
    assert "no right to it; run this as root, or as a member of the group mailpopbox" in answer.err
