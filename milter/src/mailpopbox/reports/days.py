"""The sessions of each day in UTC, in a file for each day, and where its reports have gone.

A line is appended for each session. So whoever is killed loses what he was about to write, no
more, and nobody waits for a lock.
"""

import errno
import fcntl
import json
import logging
import math
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mailpopbox.reports.session import Session, kept, recalled
from mailpopbox.utc import days_of, iso_day

log = logging.getLogger(__name__)

# Some ten thousands of sessions: more than a small server has, and no more than it has room for.
_MOST_OCTETS = 16 * 1024 * 1024
_SESSIONS, _SENT = ".sessions", ".sent"
_READ_UNTIL = "read-until"


@dataclass(frozen=True, slots=True)
class Days:
    """The folder of all days that have not been reported."""

    folder: Path

    def note(self, day: int, session: Session) -> None:
        """Note a session; one that the disk has no room for is left out, and stops nothing."""
        try:
            self._append(self._path(day, _SESSIONS), kept(session))
        except OSError as error:
            log.error("a TLS session is not noted: %s", error)  # noqa: TRY400 (it says enough)

    def read_until(self) -> float:
        """Return up to when the journal has been read; 0 if that is not known."""
        try:
            found = float((self.folder / _READ_UNTIL).read_text())
        except (FileNotFoundError, ValueError):
            return 0.0
        return found if math.isfinite(found) else 0.0

    def keep_read_until(self, at: float) -> None:
        # Beside it first: it is there at any time, whatever the disk says.
        new = self.folder / f"{_READ_UNTIL}.new"
        new.unlink(missing_ok=True)
        self._append(new, str(at))
        new.replace(self.folder / _READ_UNTIL)

    def noted(self) -> list[int]:
        """Return the days of which there is something, the oldest first."""
        return sorted(days_of(path.stem) for path in self.folder.glob(f"*{_SESSIONS}"))

    def sessions(self, day: int) -> list[tuple[Session, int]]:
        """Return the sessions of a day, and how many of each there were."""
        with self._path(day, _SESSIONS).open() as lines:
            return [
                (each, number) for line, number in Counter(lines).items() for each in _read(line)
            ]

    def mark(self, day: int, domain: str, place: str) -> None:
        """Remember that the report on a domain has gone somewhere."""
        self._append(self._path(day, _SENT), json.dumps([domain, place]))

    def is_marked(self, day: int, domain: str, place: str) -> bool:
        path = self._path(day, _SENT)
        return path.exists() and json.dumps([domain, place]) in path.read_text().splitlines()

    def forget(self, day: int) -> None:
        # What has gone is forgotten last, or it would go once more.
        for kind in (_SESSIONS, _SENT):
            self._path(day, kind).unlink(missing_ok=True)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait for another one to end: timer and people may meet."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _path(self, day: int, kind: str) -> Path:
        return self.folder / f"{iso_day(day)}{kind}"

    def _append(self, path: Path, line: str) -> None:
        octets = f"{line}\n".encode()
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            if os.fstat(descriptor).st_size + len(octets) > _MOST_OCTETS:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
            if os.geteuid() == 0:
                # Or the service, which is not root, could not go on with it.
                owner = self.folder.stat()
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
            os.write(descriptor, octets)
        finally:
            os.close(descriptor)


def _read(line: str) -> Iterator[Session]:
    """Yield the session of a line, unless the power went away while it was written."""
    try:
        yield recalled(line)
    except ValueError:
        return
