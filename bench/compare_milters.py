#!/usr/bin/env python3
"""How much of the server's speed a milter costs: none, ours, and OpenDKIM signing.

Prints tables in Markdown; progress goes to standard error. It judges nothing: on a busy machine
figures vary, so a person reads them (docs/performance.md tells how).
"""

import argparse
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from email.message import Message
from email.parser import HeaderParser
from types import FrameType

import container
from container import BenchError, say
from figures import Rounds, Sample, comparison, table
from submit import Job

INBOX = "/var/vmail/outside@elsewhere.test/Maildir/new"
JOB = Job(
    login="mailbox@example.com",
    password="only-for-the-bench",
    recipient="service@shop.test",
    messages=0,
    connections=10,
    size=4096,
)
WARM_UP = 300
# Each takes some seconds; the last shows what somebody waits who is alone on the server.
WORKLOADS = {
    "4 KB by Outlook, 10 connections": replace(JOB, messages=2000),
    "200 KB by Outlook, 10 connections": replace(JOB, messages=800, size=200 * 1024),
    "4 KB by Thunderbird, 10 connections": replace(JOB, messages=2000, program="Thunderbird"),
    "4 KB by Outlook, 1 connection": replace(JOB, messages=300, connections=1),
}
NONE = "none"
OURS = "ours"


@dataclass(frozen=True)
class Candidate:
    """A milter, or none; `works` tells by a message's headers whether it has done its work."""

    name: str
    milters: str
    works: Callable[[Message], bool]


def _rewritten(message: Message) -> bool:
    return "shop-" in message["From"] and "[sendas:" not in message["Subject"]


def _signed(message: Message) -> bool:
    return "rsa-sha256" in message.get("DKIM-Signature", "")


CANDIDATES = [
    Candidate(NONE, "", lambda message: not _rewritten(message) and not _signed(message)),
    Candidate(
        OURS,
        "unix:mailpopbox/milter.sock",
        lambda message: _rewritten(message) and not _signed(message),
    ),
    Candidate(
        "OpenDKIM",
        "unix:opendkim/opendkim.sock",
        lambda message: _signed(message) and not _rewritten(message),
    ),
]


def switch_to(candidate: Candidate) -> None:
    """Put a candidate in force, warm it up, and look at a message that went through it."""
    container.run("postconf", "-e", f"smtpd_milters={candidate.milters}")
    container.run("systemctl", "reload", "postfix")
    container.submit(replace(JOB, messages=WARM_UP))
    container.run("sh", "-c", f"rm -f {INBOX}/*")
    container.submit(replace(JOB, messages=1, connections=1, recipient="outside@elsewhere.test"))
    container.wait_until("a message is to arrive", lambda: bool(arrived()))
    headers = arrived().partition("\n\n")[0]
    if not candidate.works(HeaderParser().parsestr(headers)):
        raise BenchError(f"{candidate.name} did not do its work:\n{headers}")


def arrived() -> str:
    return container.run("sh", "-c", f"cat {INBOX}/* 2>/dev/null || :")


def alternate(rounds: int) -> dict[str, Rounds]:
    """Let the candidates take turns, each round beginning with another one."""
    samples: dict[str, dict[str, list[Sample]]] = {
        workload: {candidate.name: [] for candidate in CANDIDATES} for workload in WORKLOADS
    }
    for number in range(rounds):
        first = number % len(CANDIDATES)
        for candidate in CANDIDATES[first:] + CANDIDATES[:first]:
            switch_to(candidate)
            for workload, job in WORKLOADS.items():
                container.wait_for_empty_queue()
                report = container.submit(job)
                sample = Sample.of(report.seconds, report.processor, report.latencies)
                samples[workload][candidate.name].append(sample)
                say(f"round {number + 1}, {candidate.name}, {workload}: {sample.rate:.0f} a second")
    return {name: dict(of_each) for name, of_each in samples.items()}


def memory_over(messages: int, steps: int = 10) -> Iterator[list[str]]:
    """Yield rows of the memory that our milter has, from its start on."""
    switch_to(next(candidate for candidate in CANDIDATES if candidate.name == OURS))
    container.run("systemctl", "restart", "mailpopbox-milter")
    pid = milter_pid()
    yield ["0", *memory(pid)]
    part = max(messages // steps, 1)
    for first in range(1, messages + 1, part):
        count = min(part, messages + 1 - first)
        container.submit(replace(JOB, messages=count, first=first))
        if milter_pid() != pid:
            raise BenchError("our milter was started anew on the way, see its journal")
        row = [f"{first + count - 1:,}", *memory(pid)]
        say(f"memory after {row[0]} messages: {row[1]} MiB")
        yield row


def milter_pid() -> str:
    return container.run(
        "systemctl", "show", "--value", "-p", "MainPID", "mailpopbox-milter"
    ).strip()


def memory(pid: str) -> list[str]:
    """Return the memory that a process has, and the most that it ever had, in MiB."""
    lines = container.run("cat", f"/proc/{pid}/status").splitlines()
    values = dict(line.split(":", 1) for line in lines)
    return [f"{int(values[key].split()[0]) / 1024:.1f}" for key in ("VmRSS", "VmHWM")]


def machine() -> str:
    """Say on what it was measured."""
    model = container.run("sh", "-c", "sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1")
    cores = container.run("nproc")
    debian = container.run("cat", "/etc/debian_version")
    postfix = container.run("postconf", "-h", "mail_version")
    python = container.run("python3", "-c", "import platform; print(platform.python_version())")
    versions = [
        container.run("dpkg-query", "--show", "--showformat=${Version}", package).strip()
        for package in ("python3-milter", "opendkim")
    ]
    return (
        f"{cores.strip()} cores ({model.strip() or 'of an unknown model'}),"
        f" Debian {debian.strip()}, Postfix {postfix.strip()}, Python {python.strip()},"
        f" pymilter {versions[0]}, OpenDKIM {versions[1]}"
    )


def compare(rounds: int, messages: int) -> None:
    with container.deployed("bench/deploy.yml"):
        facts = machine()
        compared = alternate(rounds)
        grown = list(memory_over(messages))
    print(f"{facts}; {rounds} rounds, median (lowest to highest).\n")
    print(comparison(compared, NONE), end="\n\n")
    print(table(["messages", "memory MiB", "at most"], grown), flush=True)


def _stop(signal_number: int, _frame: FrameType | None) -> None:
    # As Ctrl-C: what is open is closed, the container removed.
    raise KeyboardInterrupt(signal_number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=_positive, default=5)
    parser.add_argument("--messages", type=_positive, default=100_000, help="to watch memory over")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _stop)
    try:
        compare(arguments.rounds, arguments.messages)
    except BenchError as problem:
        sys.exit(f"==> failed. {problem}")
    except KeyboardInterrupt:
        sys.exit("==> interrupted; nothing is left behind")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


if __name__ == "__main__":
    main()
