"""`certificate`: when certbot is asked, what is made of its answer, and who is told."""

import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email import message_from_string
from pathlib import Path

import pytest
from hosts import Answer
from mailpopbox import renewal
from mailpopbox.cli import main
from mailpopbox.commands import certifying
from mailpopbox.examining import gathering
from mailpopbox.renewal import (
    DAY,
    Renewal,
    is_due,
    kept,
    letter,
    mailed,
    patience,
    reason_of,
    recalled,
    settings_of,
    tried,
)
from mailpopbox.utc import iso_day

NOW = 1_800_000_000
HOUR = 60 * 60
NAME = "mx.example.com"
SOON = NOW + 20 * DAY

# What certbot 2.1 and 4.0 print.
REFUSED = """\
Saving debug log to /var/lib/mailpopbox-acme/log/letsencrypt.log
Requesting a certificate for mx.example.com and mail.example.com

Certbot failed to authenticate some domains (authenticator: standalone). The Certificate Authority reported these problems:
  Domain: mx.example.com
  Type:   connection
  Detail: 192.0.2.1: Fetching http://mx.example.com/.well-known/acme-challenge/aB-c_9: Connection refused

  Domain: mail.example.com
  Type:   dns
  Detail: DNS problem: NXDOMAIN looking up A for mail.example.com

Hint: The Certificate Authority failed to download the challenge files from the temporary standalone webserver.

Some challenges have failed.
Ask for help or search for solutions at https://community.letsencrypt.org. See the logfile.
"""
AWAY = """\
Saving debug log to /var/lib/mailpopbox-acme/log/letsencrypt.log
An unexpected error occurred:
requests.exceptions.ConnectionError: HTTPSConnectionPool(host='acme.example.com', port=443): Max retries exceeded
Ask for help or search for solutions at https://community.letsencrypt.org. See the logfile.
"""


def test_why_it_failed() -> None:
    assert reason_of(REFUSED) == (
        "mail.example.com: DNS problem: NXDOMAIN looking up A for mail.example.com; mx.example.com:"
        " 192.0.2.1: Fetching http://mx.example.com/.well-known/acme-challenge/aB-c_9: Connection refused"
    )
    assert reason_of(AWAY).startswith("requests.exceptions.ConnectionError: HTTPSConnectionPool(")
    assert reason_of("Saving debug log to /x\n\n") == "certbot said nothing"


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (Renewal(), True),
        (Renewal(NOW - HOUR), False),
        (Renewal(NOW - 11 * HOUR), True),
        (Renewal(NOW + HOUR), True),  # a clock that went wrong
        (Renewal(NOW - HOUR, "no answer", NOW), True),
    ],
)
def test_when_certbot_is_asked(before: Renewal, expected: bool) -> None:  # noqa: FBT001
    assert is_due(before, NOW) is expected


def test_what_is_remembered() -> None:
    first = tried(Renewal(), "no answer", NOW)
    assert first == Renewal(NOW, "no answer", NOW)
    assert tried(first, "refused", NOW + HOUR) == Renewal(NOW + HOUR, "refused", NOW)
    assert tried(first, "", NOW + HOUR) == Renewal(NOW + HOUR)
    assert recalled(kept(first)) == first
    for torn in ("", "{", "[]", '{"else": 1}'):
        assert recalled(torn) == Renewal()


def test_a_letter_comes_three_weeks_before_the_end() -> None:
    failing = tried(Renewal(), "no answer", NOW)
    assert letter(failing, NAME, NOW + 21 * DAY + 1, NOW) is None
    found = letter(failing, NAME, NOW + 21 * DAY, NOW)
    assert found
    assert found.subject == "mx.example.com: the certificate cannot be renewed"
    assert f"ends on {iso_day(NOW // DAY + 21)}" in found.text
    assert "\n    no answer\n" in found.text


@pytest.mark.parametrize(
    ("why", "hours", "expected"),
    [
        ("GET /acme-challenge/aB-x9: refused at 0x7f", 23, False),
        (
            "GET /acme-challenge/cdef: refused at 0x80",
            1,
            False,
        ),  # the same, but for what differs each time
        ("GET /acme-challenge/aB-x9: refused at 0x7f", 24, True),
        ("no answer", 1, True),
        ("GET /acme-challenge/aB-x9: refused at 0x7f", -1, True),  # a clock that went wrong
    ],
)
def test_a_letter_comes_once_a_day_or_when_it_is_something_else(
    why: str, hours: int, expected: bool  # noqa: FBT001
) -> None:  # fmt: skip
    first = mailed(tried(Renewal(), "GET /acme-challenge/aB-x9: refused at 0x7f", NOW), NOW)
    now = NOW + hours * HOUR
    assert bool(letter(tried(first, why, now), NAME, SOON, now)) is expected


def test_a_letter_tells_that_it_is_over() -> None:
    told = mailed(tried(Renewal(), "no answer", NOW), NOW)
    over = tried(told, "", NOW + HOUR)
    found = letter(over, NAME, NOW + 90 * DAY, NOW + HOUR)
    assert found
    assert found.subject == "mx.example.com: the certificate is renewed"
    assert letter(mailed(over, NOW + HOUR), NAME, NOW + 90 * DAY, NOW + HOUR) is None
    assert letter(tried(Renewal(), "", NOW), NAME, SOON, NOW) is None


def test_settings() -> None:
    found = settings_of("# a = b\n\ncert-name = mx.example.com\nserver = https://a/?b=c\n")
    assert found == {"cert-name": "mx.example.com", "server": "https://a/?b=c"}
    assert patience(found) == 120
    assert patience({"dns-rfc2136-propagation-seconds": "60"}) == 180


class Authority:
    """A host that asks an authority: programs that do what they are told and note how they were called."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.state = folder / "acme/state.json"
        self.in_force = folder / "server.pem"
        self.live = folder / "acme/a/live" / NAME
        self.folder, self._capsys = folder, capsys
        for path in (self.live, folder / "bin"):
            path.mkdir(parents=True)
        (folder / "certbot.ini").write_text(f"cert-name = {NAME}\nconfig-dir = {folder}/acme/a\n")
        self.program("certbot", f'echo "$*" >>{folder}/asked')
        self.program("install-certificate", f'cat "$1" >{self.in_force}; echo installed')
        self.program("sendmail", f"cat >>{folder}/letters")
        self.give(90)

    def program(self, name: str, script: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def give(self, days: int) -> None:
        """Let certbot keep another certificate."""
        words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"]
        words += ["ec_paramgen_curve:P-256", "-nodes", "-batch", f"-days={days}"]
        files = [f"-keyout={self.live}/privkey.pem", f"-out={self.live}/fullchain.pem"]
        split = [part for word in [*words, *files] for part in word.split("=")]
        subprocess.run(split, check=True, capture_output=True)

    def remember(self, before: Renewal) -> None:
        self.state.write_text(kept(before))

    @property
    def remembered(self) -> Renewal:
        return recalled(self.state.read_text())

    @property
    def asked(self) -> list[str]:
        path = self.folder / "asked"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def letters(self) -> str:
        path = self.folder / "letters"
        return path.read_text() if path.exists() else ""

    def run(self, *words: str) -> Answer:
        self._capsys.readouterr()
        code = main(["certificate", *words])
        return Answer(code, *self._capsys.readouterr())


@pytest.fixture
def host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Authority:
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    monkeypatch.setattr(gathering, "ACME_SETTINGS", tmp_path / "certbot.ini")
    monkeypatch.setattr(gathering, "ACME_STATE", tmp_path / "acme/state.json")
    monkeypatch.setattr(gathering, "CERTIFICATE", tmp_path / "server.pem")
    monkeypatch.setattr(certifying, "INSTALL", tmp_path / "bin/install-certificate")
    return Authority(tmp_path, capsys)


def test_the_first_certificate_and_then_no_other(host: Authority) -> None:
    answer = host.run()
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("A new certificate, good until 20")
    assert host.in_force.read_bytes() == (host.live / "fullchain.pem").read_bytes()
    assert host.run().out.startswith("The same certificate, good until 20")
    found = host.run("--json").json
    assert (found["new"], found["why"], found["self_signed"]) == (False, "", True)
    assert host.asked == [f"certonly --config {gathering.ACME_SETTINGS}"] * 3
    assert host.remembered.tried_at
    assert host.state.stat().st_mode & 0o777 == 0o644
    assert host.letters == ""


def test_force(host: Authority) -> None:
    host.run("--force")
    assert host.asked[0].endswith(" --force-renewal --new-key")


def test_what_is_not_due_is_left_alone(host: Authority) -> None:
    host.run()
    assert host.run("--if-due").out == "Not due.\n"
    assert len(host.asked) == 1
    host.remember(Renewal(int(time.time()), "no answer", NOW))
    host.run("--if-due")
    assert len(host.asked) == 2


def test_a_failure_and_that_it_is_over(host: Authority) -> None:
    host.give(20)
    host.run()
    host.program("certbot", f"cat <<'END'\n{REFUSED}END\nexit 1")
    answer = host.run()
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("no certificate: mail.example.com: DNS problem: ")
    found = host.run("--json").json
    assert found["why"].startswith("mail.example.com: DNS problem: ")
    assert found["expires"]
    sent = message_from_string(host.letters)  # one only
    assert host.letters.count("Subject: ") == 1
    assert (sent["From"], sent["To"], sent["Auto-Submitted"]) == ("root", "root", "auto-generated")
    assert sent["Subject"] == "mx.example.com: the certificate cannot be renewed"
    assert host.remembered.failing_since

    host.program("certbot", "true")
    assert host.run().code == 0
    assert host.letters.count("Subject: ") == 2
    assert "Subject: mx.example.com: the certificate is renewed" in host.letters
    assert host.remembered == replace(host.remembered, why="", failing_since=None, mailed_at=None)


def test_a_letter_that_does_not_leave_is_tried_again(host: Authority) -> None:
    host.give(20)
    host.run()
    host.program("certbot", "exit 1")
    host.program("sendmail", "echo no queue; exit 75")
    assert host.run().err == "no letter: no queue\nno certificate: certbot said nothing\n"
    assert host.remembered.mailed_at is None


def test_a_certificate_that_cannot_be_put_in_force(host: Authority) -> None:
    host.program("install-certificate", "echo 'the key is   another' >&2; exit 1")
    answer = host.run()
    assert (answer.code, answer.err) == (1, "no certificate: the key is another\n")
    found = host.run("--json").json
    assert found == {
        "new": False,
        "why": "the key is another",
        "expires": None,
        "self_signed": None,
    }


def test_nothing_to_look_at(host: Authority) -> None:
    """What is put in force cannot be read."""
    host.program("install-certificate", "true")
    assert host.run().out == "The same certificate.\n"


def test_certbot_hangs(host: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewal, "_PATIENCE", 0.2)
    host.program("certbot", "exec sleep 9")
    assert host.run().err == "no certificate: certbot did not end within 0.2 seconds\n"


def test_certbot_is_not_there(host: Authority) -> None:
    host.program("certbot", "")
    (host.folder / "bin/certbot").write_bytes(b"\x7fELF no program")
    assert host.run().err == "no certificate: certbot: Exec format error\n"
    assert host.remembered.why


def test_two_at_a_time(host: Authority, tmp_path: Path) -> None:
    """The second waits for the first."""
    host.program(
        "certbot", f"echo begin >>{tmp_path}/asked; sleep 0.2; echo end >>{tmp_path}/asked"
    )
    with ThreadPoolExecutor(2) as pool:
        codes = list(pool.map(lambda _: main(["certificate"]), range(2)))
    assert codes == [0, 0]
    assert host.asked == ["begin", "end"] * 2


def test_where_no_authority_is_asked(host: Authority) -> None:
    gathering.ACME_SETTINGS.unlink()
    answer = host.run()
    assert (answer.code, answer.out) == (1, "")
    assert (
        answer.err == "No authority is asked for certificates here: mailpopbox_tls is not acme.\n"
    )


def test_a_missing_right(host: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    answer = host.run()
    assert answer.code == 1
    assert answer.err.endswith("/acme: no right to it; run this as root.\n")


def test_what_is_kept_is_json(host: Authority) -> None:
    host.run()
    assert set(json.loads(host.state.read_text())) == set(Renewal.__dataclass_fields__)
