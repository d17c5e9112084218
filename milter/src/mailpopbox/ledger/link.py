"""One connection to a ledger, opened again whenever it has to be."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from mailpopbox.ledger import LedgerError
from mailpopbox.ledger.engine import Connection, Engine
from mailpopbox.ledger.schema import migrate


class Link:
    """A connection that one thread at a time may use, the one that holds its lock."""

    def __init__(self, engine: Engine) -> None:
        self.lock = threading.Lock()
        self._engine = engine
        self._connection: Connection | None = None
        # When nothing could be opened for the last time, and why.
        self._failed_at = -1.0
        self._failure = ""

    @contextmanager
    def connected(self, asked: float) -> Iterator[Connection]:
        """Give the connection. After any failure it is closed, which undoes what it began.

        A dead server lets each attempt wait some seconds. Whoever `asked` before the last one
        failed takes its word for it, or the last of many would wait for minutes.
        """
        if self._failed_at > asked:
            raise LedgerError(self._failure)
        try:
            yield self._opened()
        except self._engine.errors as error:
            self.close()
            raise LedgerError(self._said(error)) from error
        except BaseException:
            self.close()
            raise

    def _opened(self) -> Connection:
        if self._connection is not None and not self._connection.usable:
            self.close()
        if self._connection is None:
            try:
                self._connection = self._engine.connect()
            except self._engine.errors as error:
                self._failed_at, self._failure = time.monotonic(), self._said(error)
                raise
            migrate(self._connection, self._engine)
        return self._connection

    def _said(self, error: Exception) -> str:
        reason = " ".join(self._engine.reason(error).split())
        return f"{self._engine.shown}: {reason}"

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
