#!/usr/bin/env python3
"""How much of the server's speed the ledger costs, and whether it stays as fast when it is large.

Prints tables in Markdown; progress goes to standard error. It judges nothing: on a busy machine
figures vary, so a person reads them (docs/performance.md tells how).
"""

import argparse
import json
import re
from dataclasses import asdict, dataclass, replace

import container
from aliases import ALIASES, LOGIN, SENDER, LedgerJob
from container import BenchError, say
from figures import comparison, side_by_side, table
from submit import Job
from turns import alternate, in_order, positive, until_stopped

JOB = Job(
    login=SENDER,
    password="",
    recipient="",
    messages=0,
    connections=10,
    size=4096,
    program="Shop",
)
WARM_UP = 300
# The last shows what it costs where nobody shares a wait for the disk.
WORKLOADS = {
    "10 connections": replace(JOB, messages=2000),
    "1 connection": replace(JOB, messages=1000, connections=1),
}
WITHOUT = "without ledger"
# It judges what comes in on any server that the playbook deploys, so all candidates have it.
RSPAMD = "unix:rspamd/milter.sock"
LARGE_UNIT = "mailpopbox-bench@large"
LARGE = "/var/lib/mailpopbox/large.sqlite"
EMPTY = "/var/lib/mailpopbox/empty.sqlite"
# No message on the way has such a number.
FIRST_STORED = 10_000_000
# In the container, with the path of a ledger and an address.
_KNOWS = """
import sqlite3, sys
try:
    ledger = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
    print(*ledger.execute("SELECT 'yes' FROM address WHERE address = ?", sys.argv[2:]).fetchall())
except sqlite3.OperationalError:
    pass  # Nobody has written to it yet.
"""


@dataclass(frozen=True)
class Candidate:
    """A milter before Rspamd, or none; its name in the journal, and the ledger that it writes."""

    name: str
    milter: str
    journal: str = ""
    ledger: str = ""


def candidates(messages: int) -> list[Candidate]:
    folder, ledger = "unix:mailpopbox", "/var/lib/mailpopbox/ledger.sqlite"
    return [
        Candidate(WITHOUT, f"{folder}/without.sock", "mailpopbox-without"),
        Candidate("ledger", f"{folder}/milter.sock", "mailpopbox", ledger),
        Candidate(f"ledger of {messages:,}", f"{folder}/large.sock", "mailpopbox-large", LARGE),
        Candidate("Rspamd alone", ""),
    ]


def milters_of(candidate: Candidate) -> str:
    return ", ".join(filter(None, [candidate.milter, RSPAMD]))


@dataclass
class Switch:
    """Puts a candidate in force, warms it up, and looks at what a message through it left."""

    candidates: list[Candidate]
    looks: int = 0

    def __call__(self, candidate: Candidate) -> None:
        container.empty(LOGIN)
        container.put_in_force(milters_of(candidate))
        container.submit(replace(JOB, messages=WARM_UP))
        self.looks += 1
        address = f"look-{self.looks}@{container.WATCHED.rpartition('@')[2]}"
        number = queue_id(container.submit_one(replace(JOB, recipient=address)))
        expected = traces_of(candidate)
        container.wait_until(
            f"{candidate.name} is to leave {sorted(expected)}, and no more",
            lambda: self.traces(number, address) == expected,
            seconds=10,
        )

    def traces(self, number: str, address: str) -> set[str]:
        """Return in which journals a message stands, and which ledgers know its recipient."""
        journals = {each.journal for each in self.candidates if each.journal}
        ledgers = {each.ledger for each in self.candidates if each.ledger}
        return {each for each in journals if f"queue_id={number} " in lines_of(each)} | {
            each for each in ledgers if knows(each, address)
        }


def traces_of(candidate: Candidate) -> set[str]:
    return {candidate.journal, candidate.ledger} - {""}


def queue_id(message: str) -> str:
    """Return the id by which our own Postfix knew a message that arrived."""
    found = re.search(r"by mx\.example\.com \(Postfix\) with \w+ id (\w+)", message)
    if found is None:
        raise BenchError(f"this did not come through our Postfix:\n{message[:500]}")
    return found[1]


def lines_of(journal: str) -> str:
    return container.run("journalctl", "-q", "-t", journal, "-n", "20", "-o", "cat")


def knows(ledger: str, address: str) -> bool:
    asking = ["runuser", "-u", "mailpopbox", "--", "python3", "-c", _KNOWS]
    return bool(container.run(*asking, ledger, address).strip())


def compare_stores(rounds: int, messages: int) -> dict[str, list[dict[str, float]]]:
    """Let an empty ledger and the large one take turns; each keeps what it is told."""
    old = {"empty": 0, f"{messages:,}": messages}
    measured: dict[str, list[dict[str, float]]] = {name: [] for name in old}
    for number in range(rounds):
        container.run("sh", "-c", f"rm -f {EMPTY}*")
        for name in in_order(list(old), number):
            path = LARGE if old[name] else EMPTY
            job = LedgerJob(path, old[name], FIRST_STORED + number * FIRST_STORED)
            answer = container.run_as_milter("measure_ledger.py", stdin=json.dumps(asdict(job)))
            measured[name].append(json.loads(answer))
            say(f"round {number + 1}, a ledger of its own: {name} is measured")
    return measured


def size_of(path: str) -> int:
    return int(container.run("stat", "-c", "%s", path))


def watched(messages: int) -> list[list[str]]:
    """Return how much memory the milter has while it writes to the large ledger."""
    container.put_in_force(f"unix:mailpopbox/large.sock, {RSPAMD}")
    return list(container.memory_over(LARGE_UNIT, replace(JOB, messages=messages), steps=5))


def compare(rounds: int, messages: int, to_watch: int) -> None:
    all_of_them = candidates(messages)
    with container.deployed("molecule/shared/no_dns.yml", "bench/server.yml", "bench/milters.yml"):
        facts = container.machine()
        container.run_as_milter("fill_ledger.py", LARGE, str(messages), watched=True)
        size = size_of(LARGE)
        stores = compare_stores(rounds, messages)
        inbound = alternate(all_of_them, Switch(all_of_them), WORKLOADS, rounds)
        grown = watched(to_watch)
    print(f"{facts}; {rounds} rounds, median (lowest to highest).\n")
    print(comparison(inbound, WITHOUT), end="\n\n")
    empty, large = stores
    print(side_by_side(stores, large, empty), end="\n\n")
    print(
        f"The file of {messages:,} messages to {ALIASES:,} aliases has {size / 1e6:.0f} MB,", end=""
    )
    print(f" {size / messages:.0f} bytes a message.\n")
    print(table(["messages", "memory MiB", "at most"], grown), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=positive, default=5)
    parser.add_argument("--message-ids", type=positive, default=10_000_000, help="in the large one")
    parser.add_argument("--watched", type=positive, default=20_000, help="to watch memory over")
    arguments = parser.parse_args()
    until_stopped(lambda: compare(arguments.rounds, arguments.message_ids, arguments.watched))


if __name__ == "__main__":
    main()
