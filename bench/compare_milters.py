#!/usr/bin/env python3
"""How much of the server's speed a milter costs: none, ours, and OpenDKIM signing.

Prints tables in Markdown; progress goes to standard error. It judges nothing: on a busy machine
figures vary, so a person reads them (docs/performance.md tells how).
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from email.message import Message
from email.parser import HeaderParser

import container
from container import BenchError
from figures import comparison, table
from submit import Job
from turns import alternate, positive, until_stopped

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
    container.put_in_force(candidate.milters)
    container.submit(replace(JOB, messages=WARM_UP))
    headers = container.submit_one(replace(JOB, recipient=container.WATCHED)).partition("\n\n")[0]
    if not candidate.works(HeaderParser().parsestr(headers)):
        raise BenchError(f"{candidate.name} did not do its work:\n{headers}")


def memory_over(messages: int) -> list[list[str]]:
    switch_to(next(candidate for candidate in CANDIDATES if candidate.name == OURS))
    return list(container.memory_over("mailpopbox-milter", replace(JOB, messages=messages)))


def compare(rounds: int, messages: int) -> None:
    with container.deployed("bench/server.yml", "bench/opendkim.yml"):
        facts = container.machine("python3-milter", "opendkim")
        compared = alternate(CANDIDATES, switch_to, WORKLOADS, rounds)
        grown = memory_over(messages)
    print(f"{facts}; {rounds} rounds, median (lowest to highest).\n")
    print(comparison(compared, NONE), end="\n\n")
    print(table(["messages", "memory MiB", "at most"], grown), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=positive, default=5)
    parser.add_argument("--messages", type=positive, default=100_000, help="to watch memory over")
    arguments = parser.parse_args()
    until_stopped(lambda: compare(arguments.rounds, arguments.messages))


if __name__ == "__main__":
    main()
