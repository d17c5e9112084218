#!/usr/bin/env python3
"""Ask and write a ledger through its own code, and tell how fast that was. Runs on the server.

It reads a job as JSON from standard input and writes figures as JSON: microseconds of a question,
messages a second.
"""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import accumulate, pairwise
from random import Random

from aliases import LOGIN, SENDER, LedgerJob, alias_of, known_alias, new_id, old_id
from figures import percentile
from mailpopbox.ledger.database import Database
from mailpopbox.ledger.store import Store, engine_for
from mailpopbox.passage import Passage, Use

_WARM_UP = 200
_THREADS = 10


def remember(store: Store, number: int) -> None:
    use = Use(LOGIN, alias_of(number), domain=SENDER.rpartition("@")[2])
    store.remember(Passage((new_id(number),), (use,)))


def rate_of(store: Store, numbers: range, threads: int) -> float:
    """Return how many messages a second are remembered by so many threads at once."""
    remaining, lock = iter(numbers), threading.Lock()

    def work() -> None:
        while True:
            with lock:
                number = next(remaining, None)
            if number is None:
                return
            remember(store, number)

    with ThreadPoolExecutor(threads) as pool:
        begin = time.perf_counter()
        for done in [pool.submit(work) for _ in range(threads)]:
            done.result()
        return len(numbers) / (time.perf_counter() - begin)


def asked(question: Callable[[int], bool], numbers: Iterable[int]) -> tuple[float, float]:
    """Return the median and the slowest percent of the microseconds that an answer takes."""
    taken = []
    for number in numbers:
        begin = time.perf_counter()
        right = question(number)
        taken.append((time.perf_counter() - begin) * 1e6)
        if not right:
            raise RuntimeError(f"the ledger gave a wrong answer about number {number}")
    return percentile(taken, 50), percentile(taken, 99)


def questions(store: Store, messages: int, new: range) -> dict[str, Callable[[int], bool]]:
    """Return what is asked; each tells whether the answer is right."""
    if messages:
        known, message, alias = range(messages), old_id, known_alias
    else:
        # What has just been remembered is all there is.
        known, message, alias = new, new_id, alias_of

    def one_of(number: int) -> int:
        return known[number % len(known)]

    return {
        "the alias of a known id": lambda number: (
            store.addresses_of(LOGIN, message(one_of(number))) == {alias(one_of(number))}
        ),
        "an unknown id": lambda number: not store.addresses_of(LOGIN, f"<{number}@nobody.test>"),
        "a known address at the gate": lambda number: (
            store.standing(LOGIN, alias(one_of(number))).used
        ),
        "an unknown address at the gate": lambda number: (
            not store.standing(LOGIN, f"nobody-{number}@example.com").used
        ),
    }


def measure(job: LedgerJob) -> dict[str, float]:
    chance = Random(job.first)  # noqa: S311 (nothing here is a secret)
    figures: dict[str, float] = {}
    with closing(Database(engine_for(job.path))) as database:
        store = Store(database)
        warm_up, alone, together = in_turn(job.first, _WARM_UP, job.alone, job.together)
        rate_of(store, warm_up, 1)
        figures["remembered a second, 1 thread"] = rate_of(store, alone, 1)
        figures[f"remembered a second, {_THREADS} threads"] = rate_of(store, together, _THREADS)
        for name, question in questions(store, job.messages, alone).items():
            numbers = [chance.randrange(1 << 62) for _ in range(_WARM_UP + job.lookups)]
            asked(question, numbers[:_WARM_UP])
            middle, slow = asked(question, numbers[_WARM_UP:])
            figures |= {f"µs for {name}, p50": middle, f"µs for {name}, p99": slow}
    return figures


def in_turn(first: int, *counts: int) -> list[range]:
    """Return ranges of so many numbers each, one behind the other."""
    bounds = accumulate(counts, initial=first)
    return [range(start, stop) for start, stop in pairwise(bounds)]


def main() -> None:
    json.dump(measure(LedgerJob(**json.load(sys.stdin))), sys.stdout)


if __name__ == "__main__":
    main()
