"""Reading and writing a ledger from many threads.

What `write` did is on disk when it returns. Threads that write at the same time share one
transaction, and so one wait for the disk: while one of them commits, the others line up, and
the next takes along whatever all of them want written.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence

from mailpopbox.ledger.engine import Connection, Engine, Row
from mailpopbox.ledger.link import Link

# May be done more than once, until it succeeds: what it leaves outside, it sets anew each time.
Work = Callable[[Connection], None]


class Database:
    """A ledger's database; connections are opened when they are needed, also after a failure."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # Two, so that nobody who only asks waits for a disk.
        self._reading = Link(engine)
        self._writing = Link(engine)
        self._waiting: deque[_Job] = deque()

    def read(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        asked = time.monotonic()
        with self._reading.lock, self._reading.connected(asked) as connection:
            return connection.run(sql, values)

    def write(self, work: Work) -> None:
        """Do some work in a transaction; when this returns, it is on disk."""
        job = _Job(work)
        self._waiting.append(job)
        with self._writing.lock:
            if not job.settled:
                self._settle([self._waiting.popleft() for _ in range(len(self._waiting))])
        if job.failure is not None:
            raise job.failure

    def close(self) -> None:
        for link in (self._reading, self._writing):
            with link.lock:
                link.close()

    def _settle(self, jobs: list["_Job"]) -> None:
        """Commit the work of all in one transaction; if that fails, each in its own."""
        failure = self._failure_of(jobs)
        collided = _came_of(failure, self._engine.collisions)
        apart = failure is not None and (len(jobs) > 1 or collided)
        for job in jobs:
            # Once there is no hope, nobody waits for the next to find out the same.
            if apart and not self._is_hopeless(failure):
                failure = self._failure_of([job])
            job.failure = failure
        for job in jobs:
            job.settled = True

    def _failure_of(self, jobs: list["_Job"]) -> BaseException | None:
        try:
            with self._writing.connected(time.monotonic()) as connection:
                connection.run(self._engine.begin)
                for job in jobs:
                    job.work(connection)
                connection.run("COMMIT")
        # Whatever it is, each thread is to hear of it, or it would take its work for done.
        except BaseException as failure:  # noqa: BLE001
            return failure
        return None

    def _is_hopeless(self, failure: BaseException | None) -> bool:
        collided = _came_of(failure, self._engine.collisions)
        return _came_of(failure, self._engine.hopeless) and not collided


def _came_of(failure: BaseException | None, errors: tuple[type[Exception], ...]) -> bool:
    return failure is not None and isinstance(failure.__cause__, errors)


class _Job:
    """What one thread wants written."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.settled = False
        # Until it is known to be done.
        self.failure: BaseException | None = RuntimeError("the thread that took it along is gone")
