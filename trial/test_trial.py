"""`make try`, from nothing to nothing, as somebody new would use it.

The tests run in the order of this file, on one trial server. A trial that runs already is removed.
"""

import json
import os
import poplib
import re
import smtplib
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

TOP = Path(__file__).resolve().parent.parent
STATE = TOP / ".try"
CONTAINER = "mailpopbox-try"
MINUTE = 60
# A shell as the next terminal has it: nothing of this project, and of no `make` around us.
PLAIN = {
    name: ":".join(part for part in value.split(":") if not part.startswith(str(TOP)))
    for name, value in os.environ.items()
    if name in {"HOME", "PATH", "USER", "XDG_RUNTIME_DIR"}
}


def make(target: str, settings: str | None = None) -> subprocess.CompletedProcess[str]:
    argv = ["make", "--no-print-directory", target]
    argv += [] if settings is None else [f"VARS={settings}"]
    return subprocess.run(
        argv,
        cwd=TOP,
        env=PLAIN,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=10 * MINUTE,
        check=False,
    )


def started(settings: str | None = None) -> str:
    """Run `make try`, which must work, and return what it printed."""
    done = make("try", settings)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def server() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((STATE / "server.json").read_text())
    return data


def commands(printed: str) -> list[str]:
    """Return the lines that one is told to paste."""
    closing = printed.rpartition("\nLines to paste")[2]
    return re.findall(r"^ {4}(\S.*)$", closing, re.MULTILINE)


def paste(line: str) -> str:
    done = subprocess.run(
        ["sh", "-c", line],
        cwd=TOP,
        env=PLAIN,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=MINUTE,
        check=False,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


def inside(*argv: str) -> str:
    return subprocess.run(
        ["podman", *argv], capture_output=True, text=True, timeout=MINUTE, check=True
    ).stdout


def identity() -> str:
    return inside("container", "inspect", "--format", "{{.Id}}", CONTAINER)


@pytest.fixture(scope="module")
def printed() -> Iterator[str]:
    """What the first `make try` prints."""
    assert make("try-stop").returncode == 0
    yield started()
    make("try-stop")


def test_progress_is_visible(printed: str) -> None:
    assert "==> starting the container" in printed
    assert "    packages: Install Debian's packages" in printed
    assert "TASK" not in printed


def test_login_servers_and_ports_are_printed(printed: str) -> None:
    data = server()
    told = [data["login"], data["password"], data["host"], data["outside"]["login"]]
    for word in [*told, *map(str, data["ports"].values())]:
        assert word in printed


def test_scripts_find_the_connection_data(printed: str) -> None:
    assert printed
    data = server()
    outside = data.pop("outside")
    assert data.keys() == outside.keys()
    assert data["login"] == "mailbox@example.com"
    assert data["domains"] == ["example.com", "example.net"]
    assert outside["login"] == "outside@elsewhere.test"
    assert outside["domains"] == ["elsewhere.test"]
    assert data["ports"].keys() == {"smtp", "submissions", "submission", "pop3s"}
    assert data["ports"] == outside["ports"]
    published = inside("port", CONTAINER)
    for port in data["ports"].values():
        assert port > 1023
        assert f"-> 127.0.0.1:{port}\n" in published


def test_nobody_else_reads_the_passwords(printed: str) -> None:
    assert printed
    assert stat.S_IMODE((STATE / "server.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(STATE.stat().st_mode) == 0o700


def test_the_printed_lines_work_as_printed(printed: str) -> None:
    *lines, stop = commands(printed)
    assert stop == "make try-stop"
    answers = [paste(line) for line in lines]
    mine, outside = answers[1], answers[4]
    assert "\nSubject: Hello\n" in mine
    assert "\nX-Original-To: anything@example.com\n" in f"\n{mine}"
    assert "\nSubject: Re: Hello\n" in outside
    assert "\nFrom: anything@example.com\n" in outside
    assert "\nSubject: Question\n" in outside
    assert "\nFrom: shop@example.com\n" in outside
    assert "\nX-Original-To: friend@somewhere.test\n" in f"\n{outside}"
    assert server()["login"] not in outside
    assert "\nDKIM-Signature: " not in mine
    assert (
        outside.count("\nDKIM-Signature: ") == len(re.findall(r"\bd=example\.com;", outside)) == 2
    )
    assert "anything@example.com" in answers[5]
    selectors = set(re.findall(r"\bs=([\w-]+);", outside))
    assert {f"{each}._domainkey" for each in selectors} <= set(answers[6].split())
    # Where curl is there, it says the same of the first message.
    for answer, fetched in zip(answers[8::2], (mine, outside), strict=bool(answers[7:])):
        assert answer.replace("\r\n", "\n").strip() in fetched


def test_nothing_tries_to_leave(printed: str) -> None:
    assert printed
    journal = inside("exec", CONTAINER, "journalctl", "--no-pager", "--unit=postfix*")
    assert "relay=capture" in journal
    assert "postfix/smtp[" not in journal


def test_strangers_cannot_send_through_it(printed: str) -> None:
    assert printed
    data = server()
    with smtplib.SMTP(data["host"], data["ports"]["smtp"], "somewhere.test", 30) as client:
        client.ehlo()
        client.mail("friend@somewhere.test")
        assert client.rcpt("other@somewhere.test")[0] == 554


def test_no_client_is_too_fast(printed: str) -> None:
    """All programs of this machine look like one client, which sends as fast as it likes."""
    assert printed
    limited = ("connection_count", "connection_rate", "message_rate", "recipient_rate", "auth_rate")
    names = [f"smtpd_client_{each}_limit" for each in limited]
    assert inside("exec", CONTAINER, "postconf", "-h", *names).split() == ["0"] * len(names)


def test_settings_hold_for_one_run_of_the_same_server(printed: str) -> None:
    assert printed
    before, first = identity(), server()
    again = started(
        '{"mailpopbox_pop3_starttls": true, "mailpopbox_hostname": "mail.example.org",'
        ' "mailpopbox_mailboxes": [{"login": "it@example.org", "domains": ["example.org"],'
        ' "password": "it\'s a secret"}]}'
    )
    data = server()
    assert (data["login"], data["domains"]) == ("it@example.org", ["example.org"])
    assert data["password"] == "it's a secret"
    assert data["server_name"] == "mail.example.org"
    assert data["outside"]["login"] == "outside@elsewhere.test"
    client = poplib.POP3(data["host"], data["ports"]["pop3"], timeout=30)
    assert "STLS" in client.capa()
    client.quit()
    *lines, _ = commands(again)
    assert "Subject: Hello\n" in [paste(line) for line in lines][1]

    # As after a restart of the machine.
    inside("stop", "--time=5", CONTAINER)
    started()
    assert identity() == before
    assert server() == first
    assert "Subject: Hello\n" in paste("trial/mail.py fetch")


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ("mailpopbox_max_message_mb=0", "mailpopbox_max_message_mb: 0"),
        ("mailpopbox_max_mesage_mb=9", "Did you mean mailpopbox_max_message_mb?"),
        ("mailpopbox_capture_outbound=", "mail would leave"),
    ],
)
def test_bad_settings_leave_it_as_it_was(printed: str, settings: str, named: str) -> None:
    assert printed
    before, data, begin = identity(), server(), int(time.time())
    done = make("try", settings)
    assert done.returncode != 0
    assert named in done.stderr
    assert "Traceback" not in done.stderr
    assert (identity(), server()) == (before, data)
    paste("trial/mail.py fetch")
    since = inside("exec", CONTAINER, "journalctl", "--no-pager", f"--since=@{begin}")
    assert "reload" not in since.lower()


def test_stopping_leaves_nothing(printed: str) -> None:
    paste(commands(printed)[-1])
    assert not STATE.exists()
    assert CONTAINER not in inside("ps", "--all", "--format", "{{.Names}}").split()


def test_bad_settings_start_nothing() -> None:
    done = make("try", "mailpopbox_hostname=localhost")
    assert done.returncode != 0
    assert "mailpopbox_hostname" in done.stderr
    assert CONTAINER not in inside("ps", "--all", "--format", "{{.Names}}").split()
    assert make("try-stop").returncode == 0
