"""`tail`: what is happening, live."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hosts import Host
from mailpopbox.commands import tail
from mailpopbox.commands.journal import KINDS, Event

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


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands in for journalctl; it notes how it was called."""
    (tmp_path / "lines").write_text("".join(f"{each}\n" for each in LINES))
    path = tmp_path / "journalctl"
    path.write_text(f'#!/bin/sh\necho "$@" >{tmp_path}/called\ncat {tmp_path}/lines\n')
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return path


def test_one_line_for_each_thing(host: Host, journal: Path) -> None:
    answer = host.run("tail")
    assert [each[8:] for each in answer.out.splitlines()] == [
        "  in        news@example.com  from news.example",
        "  refused   forum@example.com  from spam.test  550 5.1.1 User unknown",
    ]
    called = (journal.parent / "called").read_text()
    assert called == (
        "--follow --output=json --all --unit=postfix* --unit=dovecot --unit=mailpopbox-milter"
        " --lines=0\n"
    )
    assert (answer.code, answer.err) == (
        1,
        "journalctl has ended; run this as root, or as a member of the group adm.\n",
    )


def test_since(host: Host, journal: Path) -> None:
    host.run("tail", "--since", "1 hour ago")
    assert (journal.parent / "called").read_text().endswith(" --since=1 hour ago\n")


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


def test_it_ends_by_ctrl_c(host: Host, journal: Path) -> None:
    """A real process with a journal that goes on."""
    journal.write_text(f"#!/bin/sh\ncat {journal.parent}/lines\nexec sleep 60\n")
    # Whoever runs the tests in the background ignores it, and so would all that they start.
    words = ["env", "--default-signal=INT", sys.executable, "-m", "mailpopbox", "tail"]
    words += ["--config", str(host.config)]
    environment = os.environ | {"PYTHONPATH": str(Path(tail.__file__).parents[2])}
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, env=environment, start_new_session=True, text=True
    ) as process:
        assert process.stdout
        assert "from news.example" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_ctrl_c_and_trouble_stop_the_journal(
    host: Host, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.write_text("#!/bin/sh\nexec sleep 60\n")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    def torn(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(tail, "follow", interrupted)
    assert host.run("tail").code == 0
    monkeypatch.setattr(tail, "follow", torn)
    answer = host.run("tail")
    assert (answer.code, answer.err) == (1, "no space\n")


def test_no_journal(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    answer = host.run("tail")
    assert answer.code == 1
    assert "journalctl" in answer.err
