"""What a service and systemd give each other: readable log lines, word of readiness, a socket."""

import logging
import os
import socket
from collections.abc import Mapping

# sd-daemon(3): a line on stderr that begins with <N> goes to the journal with priority N.
_PRIORITIES = {
    logging.DEBUG: "<7>",
    logging.INFO: "<6>",
    logging.WARNING: "<4>",
    logging.ERROR: "<3>",
    logging.CRITICAL: "<2>",
}
# sd_listen_fds(3): the first descriptor behind the three that every process has.
_PASSED = 3


class JournalFormatter(logging.Formatter):
    """Put the priority before every line, also before those of a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        priority = _PRIORITIES.get(record.levelno, "<5>")
        return "\n".join(priority + line for line in super().format(record).splitlines())


def log_to_stderr(level: str, environment: Mapping[str, str] = os.environ) -> None:
    """Send our log lines to stderr, with priorities where a journal reads them."""
    handler = logging.StreamHandler()
    if "JOURNAL_STREAM" in environment:
        handler.setFormatter(JournalFormatter())
    logger = logging.getLogger("mailpopbox")
    logger.handlers = [handler]
    logger.setLevel(level.upper())


def fields(**values: object) -> str:
    """Write `key=value` pairs on one line; None and the empty text show as `-`.

    What is not plain goes in quotes and escapes, so that no value can forge a field or a line.
    """
    return " ".join(f"{key}={_plain(value)}" for key, value in values.items())


def _plain(value: object) -> str:
    text = "" if value is None else str(value)
    if text.isascii() and text.isprintable() and not set(text) & set(" \"'=\\"):
        return text or "-"
    return ascii(text)


def notify_ready(environment: Mapping[str, str] = os.environ) -> None:
    """Tell systemd that the service takes requests (`Type=notify`); without systemd, nothing."""
    address = environment.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"READY=1", address)


def passed_socket(environment: Mapping[str, str] = os.environ) -> socket.socket | None:
    """Return the socket that systemd listens on for us; without systemd, none."""
    if environment.get("LISTEN_PID") != str(os.getpid()):
        return None
    return socket.socket(fileno=_PASSED)
