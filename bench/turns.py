"""How a bench goes: candidates take turns, and whatever ends it, nothing is left behind."""

import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import Protocol, TypeVar

import container
from container import BenchError, say
from figures import Rounds, Sample
from submit import Job


class Named(Protocol):
    """Whatever is compared."""

    @property
    def name(self) -> str: ...


_Any = TypeVar("_Any")
_Named = TypeVar("_Named", bound=Named)


def in_order(candidates: Sequence[_Any], number: int) -> list[_Any]:
    """Return the candidates as a round has them, each round beginning with another one."""
    first = number % len(candidates)
    return [*candidates[first:], *candidates[:first]]


def alternate(
    candidates: Sequence[_Named],
    switch_to: Callable[[_Named], None],
    workloads: Mapping[str, Job],
    rounds: int,
) -> dict[str, Rounds]:
    """Let the candidates take turns at handing in messages."""
    samples: dict[str, dict[str, list[Sample]]] = {
        workload: {candidate.name: [] for candidate in candidates} for workload in workloads
    }
    for number in range(rounds):
        for candidate in in_order(candidates, number):
            switch_to(candidate)
            for workload, job in workloads.items():
                container.wait_for_empty_queue()
                report = container.submit(job)
                sample = Sample.of(report.seconds, report.processor, report.latencies)
                samples[workload][candidate.name].append(sample)
                say(f"round {number + 1}, {candidate.name}, {workload}: {sample.rate:.0f} a second")
    return {name: dict(of_each) for name, of_each in samples.items()}


def until_stopped(bench: Callable[[], None]) -> None:
    """Run a bench, and say in a line why it was not to be."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        bench()
    except BenchError as problem:
        sys.exit(f"==> failed. {problem}")
    except KeyboardInterrupt:
        sys.exit("==> interrupted; nothing is left behind")


def _stop(signal_number: int, _frame: FrameType | None) -> None:
    # As Ctrl-C: what is open is closed, the container removed.
    raise KeyboardInterrupt(signal_number)


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number
