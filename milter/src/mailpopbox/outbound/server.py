"""Serves Postfix, one thread for each process that asks, over a UNIX socket."""

import logging
import socket
import socketserver
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from mailpopbox.outbound import netstrings
from mailpopbox.outbound.policy import Dane, answer

log = logging.getLogger(__name__)

# A policy may take as long as DNS and a web server take to answer; Postfix waits for 100 seconds.
_SECONDS = 60.0

Answer = Callable[[str], str]


def policy_from(path: Path, destination: str) -> str:
    """Ask Debian's daemon for the MTA-STS policy of a domain."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_SECONDS)
        connection.connect(str(path))
        connection.sendall(netstrings.framed(f"postfix {destination}"))
        with connection.makefile("rb") as stream:
            found = netstrings.read(stream)
    if found is None:
        raise ValueError("no answer")
    return found


def answers(policies: Path, dane_of: Callable[[str], Dane]) -> Answer:
    """Return what answers questions. Whatever goes wrong makes mail wait."""

    def answered(question: str) -> str:
        try:
            return answer(question, lambda name: policy_from(policies, name), dane_of)
        # Everything: an answer that does not come would make mail wait as well, but for longer.
        except Exception as error:  # noqa: BLE001
            log.warning("no TLS policy for %s: %s", ascii(question), error)
            return "TEMP this server cannot look up MTA-STS policies now"

    return answered


class _Conversation(socketserver.StreamRequestHandler):
    """One process of Postfix, and what it asks."""

    server: "Server"
    # Postfix hangs up after ten seconds without a question.
    timeout = 300

    def handle(self) -> None:
        # It went away, or speaks something else.
        with suppress(OSError, ValueError):
            while (question := netstrings.read(self.rfile)) is not None:
                self.wfile.write(netstrings.framed(self.server.answer(question)))


class Server(socketserver.ThreadingUnixStreamServer):
    """Listens for Postfix."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, path: Path, answer: Answer) -> None:
        path.unlink(missing_ok=True)
        self.answer = answer
        super().__init__(str(path), _Conversation)
