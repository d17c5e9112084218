"""Reading and writing a ledger from many threads.

What `write` did is on disk when it returns. Threads that write at the same time share one
transaction, and so one wait for the disk: while one of them commits, the others line up, and
the next takes along whatever all of them want written.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from mailpopbox.ledger import LedgerError
from mailpopbox.ledger.engine import Connection, Engine, Row
from mailpopbox.ledger.schema import migrate

Work = Callable[[Connection], None]


class Database:
    """A ledger's database; connections are opened when they are needed, also after a failure."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # Two, so that nobody who only asks waits for a disk.
        self._reading = _Link(engine)
        self._writing = _Link(engine)
        self._waiting: deque[_Job] = deque()

    def read(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        with self._reading.lock, self._reading.connected() as connection:
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
        try:
            self._commit(jobs)
        # Whatever it is, each thread is to hear of it, or it would take its work for done.
        except Exception as failure:  # noqa: BLE001
            for job in jobs:
                job.failure = failure
            if len(jobs) > 1 and not isinstance(failure.__cause__, self._engine.hopeless):
                for job in jobs:
                    job.failure = None
                    self._settle([job])
        for job in jobs:
            job.settled = True

    def _commit(self, jobs: list["_Job"]) -> None:
        with self._writing.connected() as connection:
            connection.run(self._engine.begin)
            for job in jobs:
                job.work(connection)
            connection.run("COMMIT")


class _Job:
    """What one thread wants written."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.settled = False
        self.failure: Exception | None = None


class _Link:
    """A connection that one thread at a time may use."""

    def __init__(self, engine: Engine) -> None:
        self.lock = threading.Lock()
        self._engine = engine
        self._connection: Connection | None = None

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """Give the connection. After any failure it is closed, which undoes what it began."""
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
                migrate(self._connection, self._engine)
            yield self._connection
        except self._engine.errors as error:
            self.close()
            raise LedgerError(f"{self._engine.shown}: {' '.join(str(error).split())}") from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
