"""`status`: how it finds out, what it holds for wrong, and how it tells."""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hosts import ONE, Host
from ledgers import LOGIN
from mailpopbox.commands import status
from mailpopbox.commands.report import Report, as_json, problems, rows
from mailpopbox.examining import gathering
from mailpopbox.found import Certificate, LedgerState, Queue, Size, Unknown
from mailpopbox.ledger import opening
from mailpopbox.ledger.entries import Totals
from mailpopbox.renewal import Renewal, kept
from mailpopbox.times import DAY, HOUR, clock

NOW = 1_800_000_000
TOTALS = Totals(6, 162, 153, 7, NOW - HOUR, NOW - 9 * DAY, 1)
WELL = Report(
    services={"postfix": "active", "dovecot": "active"},
    queue=Queue(),
    mailboxes={LOGIN: Size(3, 12_345)},
    certificate=Certificate(NOW + 90 * DAY),
    ledger=LedgerState("/l.sqlite", TOTALS, 45_056),
)
HIDDEN = Unknown("no right")
OWN = Certificate(NOW + 3650 * DAY, is_self_signed=True)
FAILING = Renewal(NOW, "no answer", NOW - HOUR)


def until(expires: int) -> Report:
    return replace(WELL, certificate=Certificate(expires))


def told(report: Report) -> dict[str, str]:
    return {name: cell.text for name, cell in rows(report, NOW)}


def test_a_server_that_is_well() -> None:
    assert list(problems(WELL, NOW)) == []
    shown = told(WELL)
    assert shown.pop("certificate").endswith(" (90d)")
    assert shown == {
        "postfix": "active",
        "dovecot": "active",
        "queue": "empty",
        LOGIN: "3 messages, 12 kB",
        "last in": "1h ago",
        "last out": "9d ago",
        "ledger": "6 aliases, 153 in, 7 out, 162 messages remembered, 45 kB",
    }


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (
            replace(WELL, services={"postfix": "failed", "dovecot": HIDDEN}),
            ["postfix is failed; see: journalctl -u postfix"],
        ),
        (until(NOW), ["the certificate has expired"]),
        (until(NOW + 6 * DAY + 1), ["the certificate expires in 7d"]),
        (until(NOW + 7 * DAY), []),
        (replace(WELL, renewal=Renewal(NOW - 2 * DAY)), []),
        (
            replace(WELL, renewal=Renewal(NOW - 2 * DAY - 1)),
            ["nothing renews the certificate; see: systemctl status mailpopbox-acme.timer"],
        ),
        (
            replace(WELL, renewal=Renewal()),
            ["nothing renews the certificate; see: systemctl status mailpopbox-acme.timer"],
        ),
        (replace(WELL, renewal=FAILING), ["the certificate cannot be renewed: no answer"]),
        (
            replace(WELL, renewal=FAILING, certificate=HIDDEN),
            ["the certificate cannot be renewed: no answer"],
        ),
        (
            replace(WELL, renewal=FAILING, certificate=OWN),
            ["the certificate is self-signed until the authority gives one: no answer"],
        ),
        (replace(WELL, certificate=HIDDEN), []),
        (replace(WELL, queue=Queue({"deferred": 3}, NOW)), []),
        (
            replace(WELL, queue=Queue({"hold": 1}, NOW)),
            ["mail is held in the queue; see: postqueue -p"],
        ),
        (replace(WELL, queue=HIDDEN, ledger=HIDDEN), []),
        (replace(WELL, ledger=Unknown("torn", is_wrong=True)), ["the ledger: torn"]),
    ],
)
def test_what_is_wrong(report: Report, expected: list[str]) -> None:
    assert list(problems(report, NOW)) == expected
    found = as_json(report, NOW)
    assert (found["well"], found["problems"]) == (not expected, expected)


@pytest.mark.parametrize(
    ("report", "name", "expected"),
    [
        (
            replace(WELL, queue=Queue({"deferred": 2, "active": 1}, NOW - DAY)),
            "queue",
            "1 active, 2 deferred; the oldest came 24h ago",
        ),
        (replace(WELL, queue=HIDDEN), "queue", "unknown: no right"),
        (replace(WELL, services={"postfix": HIDDEN}), "postfix", "unknown: no right"),
        (replace(WELL, mailboxes={LOGIN: HIDDEN}), LOGIN, "unknown: no right"),
        (replace(WELL, mailboxes={LOGIN: Size(1, 0)}), LOGIN, "1 message, 0 B"),
        (replace(WELL, certificate=HIDDEN), "certificate", "unknown: no right"),
        (replace(WELL, renewal=Renewal(NOW - HOUR)), "renewal", "looked after 1h ago"),
        (replace(WELL, renewal=FAILING), "renewal", f"fails since {clock(NOW - HOUR)}"),
        (replace(WELL, ledger=HIDDEN), "ledger", "unknown: no right"),
        (
            replace(WELL, ledger=LedgerState("x", Totals(1), frozen=(LOGIN,))),
            "ledger",
            "1 alias, 0 in, 0 out, 0 messages remembered",
        ),
        (replace(WELL, ledger=LedgerState("x", TOTALS, frozen=(LOGIN,))), "frozen", LOGIN),
    ],
)
def test_what_is_shown(report: Report, name: str, expected: str) -> None:
    assert told(report)[name] == expected


def test_a_certificate_that_has_expired_or_soon_will() -> None:
    assert told(until(NOW - 5))["certificate"].startswith("expired on 2027-")
    assert told(until(NOW + DAY))["certificate"].endswith(" (24h)")
    assert told(replace(WELL, certificate=OWN))["certificate"].endswith(" (10y), self-signed")


def test_for_programs() -> None:
    found = as_json(replace(WELL, mailboxes={LOGIN: HIDDEN, "b": Size(1, 2)}), NOW)
    assert json.loads(json.dumps(found)) == {
        "well": True,
        "problems": [],
        "services": {"postfix": "active", "dovecot": "active"},
        "queue": {"messages": {}, "oldest": None},
        "mailboxes": {LOGIN: {"unknown": "no right"}, "b": {"messages": 1, "octets": 2}},
        "certificate": {"expires": "2027-04-15T08:00:00Z", "self_signed": False},
        "renewal": None,
        "ledger": {
            "place": "/l.sqlite",
            "schema": 1,
            "octets": 45_056,
            "addresses": 6,
            "messages": 162,
            "received": 153,
            "sent": 7,
            "last_received": "2027-01-15T07:00:00Z",
            "last_sent": "2027-01-06T08:00:00Z",
            "frozen": [],
        },
    }
    hidden = as_json(replace(WELL, queue=HIDDEN, certificate=HIDDEN, ledger=HIDDEN), NOW)
    assert as_json(replace(WELL, renewal=FAILING), NOW)["renewal"] == {
        "tried": "2027-01-15T08:00:00Z",
        "why": "no answer",
        "failing_since": "2027-01-15T07:00:00Z",
    }
    assert hidden["queue"] == hidden["certificate"] == hidden["ledger"] == {"unknown": "no right"}


ACTIVE, FAILED = (
    f"ActiveState={state}\nSubState={sub}\n"
    for state, sub in (("active", "running"), ("failed", "failed"))
)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Systemd and Postfix, as far as `status` asks them, and a real certificate."""
    folder = tmp_path / "programs"
    folder.mkdir()
    program(folder / "systemctl", f"printf '{ACTIVE}'")
    program(folder / "postqueue", "true")
    certificate = tmp_path / "server.pem"
    subprocess.run(
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -batch"
        f" -keyout {certificate} -out {certificate}.crt".split(),
        check=True,
        capture_output=True,
    )
    certificate.write_bytes(Path(f"{certificate}.crt").read_bytes())
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    settings = tmp_path / "doctor.yml"
    settings.write_text("resolver: false\nmta_sts: false\n")
    monkeypatch.setattr(status, "SETTINGS", settings)
    monkeypatch.setattr(gathering, "CERTIFICATE", certificate)
    monkeypatch.setattr(status, "MAIL", tmp_path / "vmail")
    return folder


def program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.usefixtures("programs")
def test_all_is_well(used: Host) -> None:
    answer = used.run("status")
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert lines[:6] == [
        "postfix              active",
        "dovecot              active",
        "mailpopbox-milter    active",
        "rspamd               active",
        "queue                empty",
        "mailbox@example.com  0 messages, 0 B",
    ]
    assert lines[6].endswith(" (90d), self-signed")
    assert lines[-1] == "All is well."
    found = used.run("status", "--json").json
    assert found["well"]
    assert found["ledger"]["addresses"] == 3


@pytest.mark.usefixtures("programs")
def test_an_authority_is_asked(used: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ACME_SETTINGS", "ACME_STATE"):
        monkeypatch.setattr(gathering, name, tmp_path / name)
    assert used.run("status", "--json").json["renewal"] is None
    (tmp_path / "ACME_SETTINGS").touch()
    assert "\nWrong: nothing renews the certificate;" in used.run("status").out
    (tmp_path / "ACME_STATE").write_text(kept(Renewal(used.now, "no answer", used.now)))
    out = used.run("status").out
    assert "\nWrong: the certificate is self-signed until the authority gives one: no answer" in out
    assert "\nrenewal              fails since 20" in out


@pytest.mark.usefixtures("programs")
def test_what_the_settings_ask_for(used: Host) -> None:
    def services() -> list[str]:
        return list(used.run("status", "--json").json["services"])[4:]

    assert services() == []
    status.SETTINGS.write_text("web: true\n")
    asked_for = ["unbound", "postfix-mta-sts-resolver", "mailpopbox-tls-policies"]
    assert services() == [*asked_for, "nginx"]
    # Before the first run of the playbook has come to its end.
    status.SETTINGS.unlink()
    assert services() == asked_for


def test_something_is_wrong(used: Host, programs: Path) -> None:
    program(programs / "systemctl", f"printf '{FAILED}'")
    answer = used.run("status")
    assert answer.code == 1
    assert "\nWrong: dovecot is failed; see: journalctl -u dovecot\n" in answer.out
    assert used.run("status", "--json").code == 1


def test_what_cannot_be_seen(used: Host, programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(programs / "systemctl", "echo no bus >&2; exit 1")
    program(programs / "postqueue", "exit 69")
    monkeypatch.setattr(gathering, "CERTIFICATE", programs / "none.pem")
    answer = used.run("status")
    assert answer.code == 0
    assert "postfix              unknown: systemctl: no bus\n" in answer.out
    assert "queue                unknown: postqueue: exit 69\n" in answer.out
    assert f"certificate          unknown: {programs}/none.pem cannot be read\n" in answer.out
    assert answer.out.endswith("\nNothing is wrong, as far as can be seen from here.\n")


def test_programs_that_hang_or_are_not_there(
    used: Host, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "_SECONDS", 0.2)
    program(programs / "systemctl", "exec sleep 9")
    program(programs / "postqueue", "true")
    (programs / "postqueue").write_text("#!/nonexistent\n")
    out = used.run("status").out
    assert "systemctl did not end within 0.2 seconds" in out
    assert "postqueue is not here" in out


@pytest.mark.usefixtures("programs")
def test_a_program_that_may_not_be_run(used: Host, programs: Path) -> None:
    (programs / "postqueue").write_bytes(b"\x7fELF no program")
    assert "Exec format error" in used.run("status").out


@pytest.mark.usefixtures("programs")
def test_a_ledger_that_is_torn(host: Host, tmp_path: Path) -> None:
    host.place = str(tmp_path / "torn.sqlite")
    Path(host.place).write_bytes(b"no database at all" * 100)
    host.configure(ONE)
    answer = host.run("status")
    assert answer.code == 1
    assert "Wrong: the ledger: " in answer.out
    answer = host.run("addresses")
    assert answer.code == 1
    assert "torn.sqlite: file is not a database" in answer.err


@pytest.mark.usefixtures("programs")
def test_before_any_mail(host: Host) -> None:
    host.place = "/nonexistent/ledger.sqlite"
    host.configure(ONE)
    answer = host.run("status", "--json")
    assert answer.err == f"{host.place} is not there: no mail has come or gone yet.\n"
    found = answer.json["ledger"]
    assert (found["addresses"], found["schema"], found["octets"]) == (0, 0, None)


@pytest.mark.usefixtures("programs")
def test_a_ledger_that_one_has_no_right_to(used: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(place: str) -> None:
        raise PermissionError(f"{place}: no right to it")

    monkeypatch.setattr(opening, "check_rights", denied)
    answer = used.run("status")
    assert answer.code == 0
    assert f"\nledger               unknown: {used.place}: no right to it\n" in answer.out
