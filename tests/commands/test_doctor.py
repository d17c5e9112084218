"""`doctor`: what it looks at on a host, how it tells, and what it writes."""

import base64
import io
import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dkim
import pytest
import yaml
from dns import zone as zone_of_dns
from hosts import ONE, Answer, Host
from mailpopbox.commands import (
    dns,
    doctor,
    examining,
    gathering,
    knocking,
    resolving,
    selfmail,
)
from mailpopbox.commands.command import CommandError
from mailpopbox.commands.doctor import examined
from mailpopbox.commands.patient import Check, Patient
from mailpopbox.commands.report import Unknown
from mailpopbox.commands.screen import Screen
from mailpopbox.dns.facts import Facts
from mailpopbox.doctor.finding import Finding, Result, bad, good, unknown, warning
from mailpopbox.renewal import Renewal, kept
from nameserver import answers_of, serving, silent
from speakers import Speaker, certificate, speaking

DOCTOR = "doctor@doctor.invalid"
HERE = "127.0.0.1"
SOA = "$TTL 60\n@ SOA ns x 1 1 1 1 1\n@ NS ns\nns A 127.0.0.2\n"
ACTIVE = "ActiveState=active\nSubState=running\n"
IP = json.dumps([{"addr_info": [{"local": "198.51.100.7", "scope": "global"}]}])


class Server:
    """A host on which all is as it should be, unless a test breaks it."""

    def __init__(self, host: Host, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._host = host
        self._patch = patch
        self.folder = folder
        self.host = host
        self.milter = host.config
        host.configure(ONE, doctor=DOCTOR, socket=str(folder / "milter.sock"))
        host.config = folder / "doctor.yml"
        self.dns = folder / "dns.yml"
        facts = {"hostname": "mx.example.com", "domains": ["example.com"]}
        self.dns.write_text(yaml.safe_dump(facts | {"dkim": str(folder / "dkim")}))
        self.configure()
        (folder / "programs").mkdir()
        patch.setenv("PATH", f"{folder}/programs:{os.environ['PATH']}")
        for name, script in (
            ("systemctl", f"printf '{ACTIVE}'"),
            ("postqueue", "true"),
            ("postconf", "echo mx.example.com"),
            ("ip", f"echo '{IP}'"),
        ):
            self.program(name, script)

    def configure(self, **changed: object) -> None:
        settings = {"milter": str(self.milter), "dns": str(self.dns), "resolver": False}
        self._host.config.write_text(yaml.safe_dump(settings | changed))

    def program(self, name: str, script: str) -> None:
        path = self.folder / "programs" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def __call__(self, *words: str) -> Answer:
        return self._host.run("doctor", *words)

    def found(self, check: str) -> list[tuple[str, str]]:
        """Make one check, and return states and sentences."""
        answer = self("--json", "--only", check).json
        assert {each["check"] for each in answer["findings"]} == {check}
        return [(each["state"], each["sentence"]) for each in answer["findings"]]

    @contextmanager
    def asked(self, *zones: str, **servers: Any) -> Iterator[None]:
        """Serve zones, each as its name and what stands in it."""
        read = [
            zone_of_dns.from_text(SOA + text, name, relativize=False)
            for name, _, text in (each.partition("\n") for each in zones)
        ]
        answering = {HERE: answers_of(*read, own=False), "127.0.0.2": answers_of(*read)} | servers
        with serving(answering) as port, self._patch.context() as patch:
            patch.setattr(resolving, "_PORT", port)
            patch.setattr(resolving, "_SECONDS", 0.3)
            (self.folder / "resolv.conf").write_text(f"nameserver {HERE}\n")
            patch.setattr(resolving, "_CONFIGURATION", str(self.folder / "resolv.conf"))
            yield

    @contextmanager
    def spoken(self, **speakers: Speaker) -> Iterator[None]:
        """Let somebody speak at ports, given as p25=…."""
        by_port = {int(name[1:]): each for name, each in speakers.items()}
        pem = self.folder / "server.pem"
        with speaking(by_port, pem) as shift, self._patch.context() as patch:
            patch.setattr(knocking, "_SHIFT", shift)
            patch.setattr(knocking, "_SECONDS", 0.5)
            patch.setattr(knocking, "_SECONDS_OUTSIDE", 0.5)
            yield


@pytest.fixture
def server(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    for module in (gathering, dns):
        monkeypatch.setattr(module, "CERTIFICATE", certificate(tmp_path))
    monkeypatch.setattr(examining, "_RSPAMD", tmp_path / "rspamd.sock")
    monkeypatch.setattr(doctor, "_MEMORY", tmp_path / "state.json")
    return Server(host, tmp_path, monkeypatch)


# --- The host ---


def test_services(server: Server) -> None:
    assert server.found("services") == [
        ("good", "Postfix, Dovecot, the milter, Rspamd, the timer of `mailpopbox tidy` and the timer of the doctor run."),
    ]  # fmt: skip
    server.program("systemctl", "printf 'ActiveState=failed\\nSubState=failed\\n'")
    server.configure(resolver=True, daily=False, tls="acme")
    found = [sentence for _, sentence in server.found("services")]
    assert [each.partition(" does")[0] for each in found[4:]] == [
        "The resolver", "The timer of `mailpopbox tidy`", "The timer of the certificate"
    ]  # fmt: skip


def test_milters(server: Server) -> None:
    assert [state for state, _ in server.found("milters")] == ["bad", "bad"]


def test_the_queue(server: Server) -> None:
    assert server.found("queue") == [("good", "The queue is empty.")]


def test_the_disk(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [str(server.folder), "/nonexistent", str(server.folder / "programs")]
    monkeypatch.setattr(examining, "_FILE_SYSTEMS", paths)
    assert [space.path for space in examining._spaces()] == [str(server.folder)]  # noqa: SLF001
    assert len(server.found("disk")) >= 1


def test_the_clock(server: Server) -> None:
    assert server.found("clock") == [("good", "Nobody is asked for the time, as the settings say.")]
    server.configure(clock="127.0.0.9")
    [(state, sentence)] = server.found("clock")
    assert (state, sentence[:24]) == ("unknown", "Nobody tells the right t")


def test_the_ledger(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    [(state, sentence)] = server.found("ledger")
    assert (state, sentence) == ("good", f"The ledger can be read: {server.host.place}.")
    for found, state in ((Unknown("torn", is_wrong=True), "bad"), (Unknown("late"), "unknown")):
        monkeypatch.setattr(gathering, "ledger_state", lambda _desk, found=found: found)
        assert [each for each, _ in server.found("ledger")] == [state]


# --- What others meet ---

EHLO = {"EHLO": "250-mx.example.com\r\n250 STARTTLS", "STARTTLS": "220 go"}
DOORS = {
    "p25": Speaker(answers=EHLO | {"RCPT": "554 5.7.1 no"}),
    "p587": Speaker(answers=EHLO),
    "p465": Speaker(tls="start"),
    "p995": Speaker("+OK", otherwise="+OK", tls="start"),
}


def test_doors(server: Server) -> None:
    with server.spoken(**DOORS):
        assert server.found("ports") == [("good", "Ports 25, 465, 587 and 995 answer.")]
        assert [state for state, _ in server.found("tls")] == ["good"]
        [(state, sentence)] = server.found("certificate")
    assert (state, sentence[:30]) == ("good", "The certificate is for mx.exam")
    assert sentence.endswith(" It is self-signed, as the settings say.")
    server.dns.write_text(server.dns.read_text() + "pop3_starttls: true\n")
    with server.spoken(**DOORS):
        assert [sentence[:30] for _, sentence in server.found("ports")] == [
            "Nobody answers on port 110 (PO"
        ]


def test_a_certificate_from_elsewhere(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.configure(tls="files")
    with server.spoken(**DOORS):
        [(state, sentence)] = server.found("certificate")
    assert (state, sentence[:60]) == (
        "warning",
        "Mail programs will not trust the certificate: self-signed ce",
    )
    monkeypatch.setattr(gathering, "ACME_STATE", server.folder / "acme.json")
    (server.folder / "acme.json").write_text(kept(Renewal(1, "no answer", 1)))
    server.configure(tls="acme")
    sentences = [sentence for _, sentence in server.found("certificate")]
    assert sentences == [
        "The certificate is self-signed: the authority has given none yet.",
        "The certificate is self-signed until the authority gives one: no answer.",
    ]
    monkeypatch.setattr(gathering, "CERTIFICATE", server.folder / "none.pem")
    server.configure()
    assert [state for state, _ in server.found("certificate")] == ["unknown"]


def test_who_signed_it(server: Server) -> None:
    chain = examining._chain  # noqa: SLF001
    assert chain().startswith("self-signed certificate")
    server.program("openssl", "echo cannot load; exit 2")
    assert chain() == "cannot load"
    server.program("openssl", "echo OK")
    assert chain() == ""


def test_an_open_relay(server: Server) -> None:
    server.dns.write_text(server.dns.read_text() + f"addresses: [{HERE}]\n")
    with server.spoken(**DOORS):
        assert [state for state, _ in server.found("relay")] == ["good"]
    with server.spoken(p25=Speaker()):
        assert [state for state, _ in server.found("relay")] == ["bad"]


# --- DNS ---


def test_the_way_out(server: Server) -> None:
    assert server.found("outside") == [
        ("good", "Nobody is asked whether port 25 to the outside is open, as the settings say.")
    ]
    away = "example.org\n@ MX 20 127.0.0.1.\n@ MX 10 127.0.0.9."
    with server.asked(away), server.spoken(p25=Speaker()):
        found = server("--only", "outside", "--outside", "example.org").out
        assert "Port 25 to the outside is open: 127.0.0.1 answers." in found
        assert (
            "is closed (127.0.0.9: connection refused)"
            in server("--only", "outside", "--outside", "127.0.0.9").out
        )
    with server.asked(**{HERE: silent}):
        found = server("--only", "outside", "--outside", "example.org").out
    assert "cannot be found: 127.0.0.1 did not answer in time." in found


def test_resolvers(server: Server) -> None:
    with server.asked("example.com\n"):
        assert server.found("resolver") == [("good", "DNS answers, by 127.0.0.1.")]
    server.configure(resolver=True)
    with server.asked(**{HERE: silent}):
        assert server.found("resolver") == [
            ("bad", "The resolver 127.0.0.1 does not answer: 127.0.0.1 did not answer in time.")
        ]


def printed(server: Server) -> str:
    """Return the zone that the server prints."""
    server.host.config = server.dns
    text = server.host.run("dns", "--zone", "--nameserver", "ns.example.com").out
    server.host.config = server.folder / "doctor.yml"
    return "\n".join(line for line in text.splitlines() if " SOA " not in line)


POINTER = "100.51.198.in-addr.arpa\n7 PTR mx.example.com."


def test_records_and_reverse_dns(server: Server) -> None:
    zone = f"example.com\n{printed(server)}"
    with server.asked(zone, POINTER), server.spoken(**DOORS):
        [(state, sentence)] = server.found("records")
        assert (state, sentence[-18:]) == ("good", "records are there.")
        assert server.found("reverse") == [
            ("good", "Reverse DNS, HELO and greeting agree on mx.example.com.")
        ]
    with server.asked(zone.replace("v=spf1 mx", "v=spf1 a"), POINTER):
        [(state, sentence)] = server.found("records")
    assert sentence.startswith("The SPF record at example.com is wrong: mx is not in it")
    # A TLSA record that nobody asked for is looked at all the same.
    with server.asked(f"{zone}\n_25._tcp.mx TLSA 3 1 1 {'ab' * 32}\n", POINTER):
        [(state, sentence)] = server.found("records")
    assert sentence.startswith("The TLSA record at _25._tcp.mx.example.com is wrong")
    server.program("postconf", "exit 1")
    with server.asked("com\n", "org\n"):
        [(state, sentence)] = server.found("records")
        assert sentence.startswith("There is no domain example.com in DNS")
        states = [state for state, _ in server.found("reverse")]
    assert states == ["unknown", "unknown", "unknown"]


def test_keys(server: Server) -> None:
    assert [state for state, _ in server.found("keys")] == ["bad", "bad"]
    for domain in ("example.com", "mx.example.com"):
        folder = server.folder / "dkim" / domain
        folder.mkdir(parents=True)
    server.host.config = server.milter
    assert server.host.run("dkim", "prepare", "--keys", f"{server.folder}/dkim").code == 0
    server.host.config = server.folder / "doctor.yml"
    assert server.found("keys") == [("good", "There are keys to sign with for 2 domains.")]
    [key] = (server.folder / "dkim/example.com").glob("*.key")
    key.unlink()
    [(_state, sentence)] = server.found("keys")
    assert sentence.startswith("There is no key to sign mail of example.com with")


def test_blocklists(server: Server) -> None:
    assert server.found("blocklists") == [("good", "No blocklists are asked, as the settings say.")]
    server.configure(blocklists=["bl.example.org"])
    listed = "example.org\n2.0.0.127.bl A 127.0.0.2\n7.100.51.198.bl A 127.0.0.3"
    with server.asked(listed):
        [(state, sentence)] = server.found("blocklists")
    assert (state, sentence[:50]) == ("bad", "198.51.100.7 is listed in bl.example.org (127.0.0.")
    server.configure(blocklists=["bl.example.org"], resolver=True)
    with server.asked(listed):
        assert [state for state, _ in server.found("blocklists")] == ["bad"]


# --- A message to oneself ---


class Round:
    """Submission and POP3, where what is submitted as an alias comes back, signed."""

    def __init__(self, server: Server, patch: pytest.MonkeyPatch) -> None:
        self.server = server
        self.box: list[bytes] = []
        self.key = subprocess.run(
            ["openssl", "genrsa", "-traditional", "1024"], capture_output=True, check=True
        ).stdout
        public = subprocess.run(
            ["openssl", "rsa", "-pubout", "-outform", "DER"],
            input=self.key, capture_output=True, check=True,
        ).stdout  # fmt: skip
        self.record = f'"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"'
        self.logins = server.folder / "logins"
        self.logins.touch()
        patch.setattr(selfmail, "LOGINS", self.logins)
        patch.setattr(selfmail, "_SECONDS_TO_NOTICE", 0)
        patch.setattr(selfmail, "_SECONDS_BETWEEN_LOOKS", 0.05)
        patch.setattr(selfmail, "_SECONDS_UNDERWAY", 1.5)
        outer = self

        class Delivered(list[bytes]):
            """A Maildir, as it were."""

            def append(self, raw: bytes) -> None:
                super().append(outer.signed(raw))

        self.box = Delivered()

    def signed(self, raw: bytes) -> bytes:
        """Do as the milter and Rspamd do."""
        alias = re.search(rb"\[sendas:(.*?)\]", raw)
        assert alias
        sent = re.sub(rb"(?m)^From: [^\r]*", b"From: " + alias[1], raw)
        line = dkim.sign(sent, b"s1", b"example.com", self.key, include_headers=[b"from"])
        return bytes(line + sent)

    def speakers(self, **answers: str) -> dict[str, Speaker]:
        submission = {
            "EHLO": "250-mx\r\n250-DSN\r\n250 AUTH PLAIN",
            "AUTH": "235 2.7.0 ok",
            "DATA": "354 go",
        }
        return {
            "p465": Speaker(answers=submission | answers, tls="start", messages=self.box),
            "p995": Speaker("+OK", otherwise="+OK", tls="start", messages=self.box),
        }


@pytest.fixture
def around(server: Server, monkeypatch: pytest.MonkeyPatch) -> Round:
    return Round(server, monkeypatch)


def test_a_trip(server: Server, around: Round) -> None:
    zone = f"example.com\ns1._domainkey TXT {around.record}\n"
    with server.asked(zone), server.spoken(**around.speakers()):
        [(state, sentence)] = server.found("trip")
    assert state == "good", sentence
    assert sentence.startswith("1 message to oneself went through submission")
    # Nobody can log in any more.
    assert around.logins.read_text() == ""


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("x TXT y", "is not believed: DNS has no key at s1._domainkey.example.com."),
        (
            's1._domainkey TXT "a"\ns1._domainkey TXT "b"',
            "is not believed: DNS has several keys at",
        ),
        ('s1._domainkey TXT "v=DKIM1; p="', "is not believed: it does not fit the message and"),
    ],
)
def test_signatures_that_are_not_believed(
    server: Server, around: Round, record: str, said: str
) -> None:
    with server.asked(f"example.com\n{record}\n"), server.spoken(**around.speakers()):
        [(state, sentence)] = server.found("trip")
    assert state == "bad"
    assert sentence.startswith("The signature of example.com (s1, rsa-sha256) ")
    assert said in sentence


def test_a_signature_that_is_none() -> None:
    from mailpopbox.commands.signatures import author_of, signatures  # noqa: PLC0415

    raw = b"DKIM-Signature: v=9; a=rsa-sha256; d=example.com; s=s1\r\nSubject: x\r\n\r\nx\r\n"
    [found] = signatures(raw, lambda names: dict.fromkeys(names, ("v=DKIM1; p=QUJD",)))
    assert isinstance(found.why, str)
    assert found.why
    assert author_of(raw) == "nobody"


def test_nobody_knows_the_key(server: Server, around: Round) -> None:
    with server.asked(**{HERE: silent}), server.spoken(**around.speakers()):
        [(state, sentence)] = server.found("trip")
    assert (state, sentence[:25]) == ("unknown", "The signature of example.")


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"AUTH": "454 4.7.0 later"}, "A message to oneself cannot be sent: 454 4.7.0 later."),
        ({"RCPT": "550 5.1.1 no"}, "A message to oneself cannot be sent: 550 5.1.1 no."),
        ({".": "451 4.7.1 later"}, "A message to oneself cannot be sent: 451 4.7.1 later."),
    ],
)
def test_a_trip_that_is_refused(
    server: Server, around: Round, answers: dict[str, str], said: str
) -> None:
    with server.spoken(**around.speakers(**answers)):
        assert server.found("trip") == [("bad", said)]
    assert around.logins.read_text() == ""


def test_a_trip_that_ends_nowhere(server: Server, around: Round) -> None:
    speakers = around.speakers()
    speakers["p995"] = Speaker("+OK", otherwise="+OK", tls="start")
    with server.spoken(**speakers):
        assert server.found("trip") == [
            ("bad", "A message to oneself was accepted, and does not arrive: 1 of 1 after 1.5 seconds.")
        ]  # fmt: skip
    speakers["p995"] = Speaker(
        "+OK", answers={"PASS": "-ERR [AUTH] no"}, otherwise="+OK", tls="start"
    )
    with server.spoken(**speakers):
        assert server.found("trip") == [
            ("bad", "A message to oneself cannot be fetched: -ERR [AUTH] no.")
        ]


def test_a_login_that_nobody_may_make(
    server: Server, around: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    with selfmail.login_for_now(DOCTOR):
        line = around.logins.read_text()
        assert re.fullmatch(rf"{DOCTOR}:{{SSHA512}}\S+::::::allow_nets=127.0.0.1\n", line)
        assert server.found("trip") == [
            ("unknown", "This could not be looked at: another doctor is at work.")
        ]
    monkeypatch.setattr(selfmail, "LOGINS", server.folder / "none")
    [(_, sentence)] = server.found("trip")
    assert sentence.endswith("none is not there; run the playbook.")

    def denied(*_: object) -> io.StringIO:
        raise PermissionError

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(CommandError, match="it takes root"), selfmail.login_for_now(DOCTOR):
        pass


# --- The command ---

LONG = bad("records", f"The record at {'a' * 60}.example.com is missing, and so on.", "")

ROOM, FULL = good("There is room."), bad("/", "The disk\x1b is full.", "Remove something.")


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def put(**found: Sequence[Finding] | Exception) -> None:
        def examine(each: Sequence[Finding] | Exception) -> Callable[[Patient], Sequence[Finding]]:
            def made(_patient: Patient) -> Sequence[Finding]:
                if isinstance(each, Exception):
                    raise each
                return each

            return made

        made = [Check(name, f"about {name}", examine(each)) for name, each in found.items()]
        monkeypatch.setattr(doctor, "CHECKS", made)

    return put


def test_all_is_well(server: Server, checks: Callable[..., None]) -> None:
    checks(disk=[ROOM], clock=[good("It is right.")])
    answer = server()
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == (
        "mx.example.com\ngood     disk   There is room.\ngood     clock  It is right.\n\nAll is well.\n"
    )
    found = server("--json")
    assert (found.code, found.json["well"]) == (0, True)


def test_something_is_bad(server: Server, checks: Callable[..., None]) -> None:
    checks(disk=[FULL, warning("/v", "It fills up.", "")], clock=ValueError(), queue=OSError("no."))
    answer = server()
    assert answer.code == 1
    assert answer.out.splitlines()[1:] == [
        "bad      disk   The disk? is full.",
        "                Remove something.",
        "warning  disk   It fills up.",
        "unknown  clock  This could not be looked at: ValueError.",
        "unknown  queue  This could not be looked at: no.",
        "",
        "1 bad, 1 warning, 2 unknown.",
    ]
    assert server("--json").json["findings"][0] == {
        "check": "disk",
        "state": "bad",
        "about": "/",
        "sentence": "The disk? is full.",
        "fix": "Remove something.",
    }


def test_codes(server: Server, checks: Callable[..., None]) -> None:
    checks(disk=[warning("/", "It fills up.", "")])
    assert server().code == 0
    checks(disk=[unknown("/", "Nobody knows.")], clock=[ROOM])
    assert server().code == 3
    assert server("--skip", "disk").code == 0
    assert server("--only", "disk").code == 3


def test_the_names_of_checks(server: Server) -> None:
    answer = server("--list")
    assert answer.code == 0
    names = [line.split()[0] for line in answer.out.splitlines()]
    assert names[0] == "services"
    assert len(names) == len(set(names)) > 15
    answer = server("--only", "x")
    assert answer.code == 2
    assert "There is no check x. There are: services, milters, " in answer.err


def test_without_rights(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, how: str(path) != str(server.milter) and access(path, how)
    )
    answer = server()
    assert answer.code == 1
    assert "cannot be read; run this as root." in answer.err


def test_what_hangs_is_not_waited_for() -> None:
    done = threading.Event()
    checks = [
        Check("slow", "", lambda _patient: [ROOM] if done.wait(30) else []),
        Check("quick", "", lambda _patient: [ROOM]),
    ]
    waited: list[set[str]] = []
    begun = time.monotonic()
    patient = Patient(None, None, Facts("mx.example.com"), "")  # type: ignore[arg-type]
    slow, quick = examined(checks, patient, waited.append, 0.5)
    assert time.monotonic() - begun < 5
    done.set()
    assert [each.sentence for each in slow.findings] == [
        "This could not be looked at within 0 seconds."
    ]
    assert quick.findings == (ROOM,)
    assert waited[-2:] == [{"slow"}, set()]


class Terminal(io.StringIO):
    """What a person looks at."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal() -> None:
    out, err = Terminal(), Terminal()
    screen = Screen(out, err, 60, coloured=True)
    show = doctor._progress(screen)  # noqa: SLF001
    show({"trip", "disk"})
    show(set())
    assert err.getvalue() == "\r\x1b[Klooking at disk, trip …\r\x1b[K"
    sentence = "The disk is full, and so nothing can be written to it any more."
    results = [Result("disk", (bad("/", sentence, "Remove something that is large."),))]
    doctor._show(results, screen, "mx.example.com")  # noqa: SLF001
    assert out.getvalue().splitlines()[1:4] == [
        "\x1b[31mbad    \x1b[0m  disk  The disk is full, and so nothing can be",
        "               written to it any more.",
        "\x1b[2m               Remove something that is large.\x1b[0m",
    ]
    doctor._progress(Screen(io.StringIO(), err))({"trip"})  # noqa: SLF001


# --- Letters ---


def test_letters_tell_what_changed(server: Server, checks: Callable[..., None]) -> None:
    posted = server.folder / "posted"
    server.program("sendmail", f"cat >>{posted}; echo >>{posted}")

    def look(*found: Finding) -> str:
        posted.unlink(missing_ok=True)
        checks(disk=found)
        server("--mail-changes")
        return posted.read_text() if posted.exists() else ""

    assert look(ROOM) == ""
    letter = look(FULL)
    assert "Subject: mx.example.com: The disk? is full." in letter
    assert f"\nSubject: mx.example.com: {LONG.sentence}\n" in look(FULL, LONG)
    assert "\nRemove something.\n" in letter
    assert look(FULL, LONG) == ""
    server.program("sendmail", "exit 75")
    assert look(ROOM) == ""
    # It could not be written, so it is still news.
    server.program("sendmail", f"cat >>{posted}")
    assert "Subject: mx.example.com: all is well again" in look(ROOM)
    assert look(ROOM) == ""


def test_letters_take_a_right(
    server: Server, checks: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    checks(disk=[ROOM])
    monkeypatch.setattr(doctor, "_MEMORY", Path("/nonexistent/state.json"))
    answer = server("--mail-changes")
    assert answer.code == 1
    assert "/nonexistent: no right to it; run this as root." in answer.err
