"""`mailpopbox doctor`: all green where all is well, and each broken setup found, in plain words."""

import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from breaking import SILENT, Bench
from broken_setups import DOCTOR, TABLE
from inside import wait_until
from messages import letter, token
from posting import Outsider, answer_to
from probe import Server
from publishing import Zones, blocklist_of, with_other, without
from remembering import command

LOGINS = "/etc/dovecot/doctor"
SERVICE = "mailpopbox-doctor.service"
MEMORY = "/var/lib/mailpopbox-doctor/state.json"
# What it leaves in the journal that a port refuses old TLS, and that something is broken.
TRACES = (
    "TLS library problem",
    "[Mm]ilter",
    "SASL",
    "[Mm]aildir",
    "INBOX",
    "chdir",
    "open active",
    "Killed with signal 15",
    "QUEUE FILE NAMES WERE CHANGED",
    "resolv.conf differ",
    "RBL lookup error",
    "Broken pipe",
)


@pytest.fixture(autouse=True)
def _traces(server: Server) -> Iterator[None]:
    with server.provoking(*TRACES):
        yield


def look(server: Server, *words: str, under: Sequence[str] = ()) -> tuple[int, list[Any]]:
    """Return how the doctor ended, and what it found."""
    argv = [*under, "mailpopbox", "doctor", "--json", *words]
    done = server.run(*argv, check=False)
    assert done.returncode in {0, 1, 3}, done.stderr
    return done.returncode, json.loads(done.stdout)["findings"]


def test_all_is_well(server: Server) -> None:
    begin = time.monotonic()
    code, findings = look(server)
    assert [each for each in findings if each["state"] != "good"] == []
    assert code == 0
    assert time.monotonic() - begin < 30
    said = command(server, "doctor")
    assert said.splitlines()[0] == server.hostname
    assert said.splitlines()[-1] == "All is well."
    assert len(findings) == len(command(server, "doctor", "--list").splitlines())


def test_it_leaves_no_trace(server: Server) -> None:
    box, folder = server.mailbox(), f"/var/vmail/{server.mailbox().login}/Maildir"

    def traces() -> list[str]:
        mailbox = server.run("sh", "-c", f"find {folder} -type f | sort", check=False).stdout
        mails = server.run(
            "find", f"/var/vmail/{DOCTOR}", "-type", "f", "-path", "*/[nc]*/*"
        ).stdout
        return [mailbox, mails, command(server, "export"), server.run("cat", LOGINS).stdout]

    server.send(letter(token(), to=box.login))
    wait_until("empty queue", lambda: not server.queue())
    before = traces()
    code, _ = look(server, "--only", "trip")
    assert code == 0
    assert traces() == before
    assert before[1:2] + before[3:] == ["", ""]
    assert server.queue() == []


# --- The table of broken setups ---


@pytest.mark.parametrize("name", TABLE)
def test_a_broken_setup(server: Server, zones: Zones, name: str) -> None:
    """Each is found, with its sentence, and found no more once it is mended."""
    broken, check, sentence = TABLE[name]
    bench = Bench(server, zones)
    expected = bench.fill(sentence)
    with broken(bench):
        code, findings = look(server, "--only", check)
    assert code == 1
    # Where others word a part of it, the beginning is ours.
    assert [
        each for each in findings
        if each["state"] == "bad" and (each["sentence"] + " ").startswith(expected)
    ], findings  # fmt: skip
    assert all(each["fix"] for each in findings if each["state"] == "bad")
    code, findings = look(server, "--only", check)
    assert (code, {each["state"] for each in findings}) == (0, {"good"}), findings


def test_a_clock_that_is_off(server: Server) -> None:
    """Containers share their machine's clock, so it is set wrong for the doctor alone."""
    code, [found] = look(server, "--only", "clock", under=["faketime", "-f", "+150m"])
    assert (code, found["sentence"]) == (1, "The clock is 2h ahead, by clock.test.")
    code, [found] = look(server, "--only", "clock")
    assert (code, found["sentence"]) == (0, "The clock is right, by clock.test.")


def test_what_cannot_be_looked_at_is_not_green(server: Server, zones: Zones) -> None:
    refusing = with_other("^2.0.0.127 A .*$", "2.0.0.127 A 127.255.255.254")
    with zones.changed(blocklist_of(server), refusing):
        code, [found] = look(server, "--only", "blocklists")
    assert (code, found["state"]) == (3, "unknown")
    assert "it does not want to answer this resolver" in found["sentence"]


def test_without_any_dns_it_ends_in_time(server: Server, zones: Zones) -> None:
    begin = time.monotonic()
    with SILENT(Bench(server, zones)):
        code, findings = look(server)
    assert time.monotonic() - begin < 32
    assert code == 1
    states = {each["check"]: each["state"] for each in findings}
    asking = ("records", "reverse", "blocklists", "outside", "trip", "clock")
    assert {states[each] for each in asking} == {"unknown"}
    assert states["resolver"] == "bad"


# --- Letters ---


def test_a_timer_writes_what_changed(server: Server, zones: Zones) -> None:
    assert server.run("systemctl", "is-active", "mailpopbox-doctor.timer").stdout == "active\n"
    server.run("rm", "-f", MEMORY)
    before, domain = len(server.letters()), server.mailbox().domains[0]

    def after_one_more_look() -> list[str]:
        server.run("systemctl", "start", SERVICE)
        return server.letters()[before:]

    assert after_one_more_look() == []
    broken = f"{server.hostname}: The DMARC record at _dmarc.{domain} is missing."
    with zones.changed(domain, without("_dmarc")):
        assert after_one_more_look() == [broken]
        assert after_one_more_look() == [broken]
    over = f"{server.hostname}: all is well again"
    assert after_one_more_look() == [broken, over]
    assert after_one_more_look() == [broken, over]
    assert server.run("systemctl", "--failed", "--quiet", "--plain").stdout == ""


# --- Nobody else is let in by the doctor's door ---

LOG_IN = """
import poplib, smtplib, ssl, sys
lenient = ssl._create_unverified_context()
client = smtplib.SMTP_SSL("127.0.0.1", 465, "x", timeout=20, context=lenient)
client.login(*sys.argv[1:3])
print(client.mail(sys.argv[1])[0], *[client.rcpt(each)[0] for each in sys.argv[3:]])
box = poplib.POP3_SSL("127.0.0.1", 995, timeout=20, context=lenient)
box.user(sys.argv[1])
print(box.pass_(sys.argv[2])[:3].decode())
"""
OPEN = f"""
import sys
sys.path.insert(0, "/usr/local/lib/mailpopbox/python")
from mailpopbox.examining import selfmail
with selfmail.PassingLogin().for_now("{DOCTOR}") as password:
    print(password, flush=True)
    sys.stdin.readline()
"""


@contextmanager
def login(server: Server) -> Iterator[str]:
    """Let the doctor's login be there, as it is for some seconds of each run."""
    argv = [*server.enter, "python3", "-c", OPEN]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdin
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.write("\n")
            process.stdin.close()


def test_its_login_is_good_on_the_host_only_and_for_itself_only(server: Server) -> None:
    mine = server.mailbox().login
    with login(server) as password:
        said = server.python(LOG_IN, DOCTOR, password, DOCTOR, mine, "friend@example.org")
        assert said == "250 250 550 550\n+OK\n"
        with pytest.raises(Exception, match=r"(?i)auth"):
            server.smtp("submissions", DOCTOR, password).close()
        with pytest.raises(Exception, match=r"(?i)auth"), server.pop3(DOCTOR, password):
            pass
    assert server.run("cat", LOGINS).stdout == ""
    with pytest.raises(AssertionError, match=r"(?i)auth"):
        server.python(LOG_IN, DOCTOR, password, DOCTOR)


def test_nobody_writes_to_it(server: Server, outsider: Outsider) -> None:
    answer = outsider.post(server, letter("x", to=DOCTOR), sender="evil@hostile.test", to=DOCTOR)
    assert answer == (
        f"550 5.1.1 <{DOCTOR}>: Recipient address rejected: User unknown in virtual mailbox table"
    )
    mail = letter("x", sender=server.mailbox().login, to=DOCTOR)
    assert answer_to(server, mail).startswith("550 5.7.1 The doctor writes to itself")
