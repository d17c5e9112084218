"""Notes what Postfix tells, as long as it tells something."""

import logging
import socket
import time

from mailpopbox.reports.days import Days
from mailpopbox.reports.told import sessions_of
from mailpopbox.times import DAY

log = logging.getLogger(__name__)

# libtlsrpt's are shorter. Of a longer one the end is missing, so it is not understood.
_MOST_OCTETS = 128 * 1024


def collect(listening: socket.socket, days: Days, seconds: float) -> None:
    """Note what comes, until nothing has come for so long: systemd starts it when there is more."""
    listening.settimeout(seconds)
    while True:
        try:
            datagram = listening.recv(_MOST_OCTETS)
        except TimeoutError:
            return
        _note(datagram, days)


def _note(datagram: bytes, days: Days) -> None:
    try:
        for session in sessions_of(datagram):
            days.note(int(time.time()) // DAY, session)
    except ValueError as error:
        log.warning("passed over (%s): %s", error, ascii(datagram[:100]))
