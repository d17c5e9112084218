"""Lines of the journal, as `journalctl --output=json` prints them."""

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """What a process logged."""

    # Seconds since 1970.
    at: float
    # What it calls itself, such as postfix/smtp.
    name: str
    # Its number; "" if that is not known.
    process: str
    message: str


def entry(line: str) -> Entry | None:
    """Read a line; None if it is no entry of a program that has a name."""
    try:
        values = json.loads(line)
        at = int(values["__REALTIME_TIMESTAMP"]) / 1_000_000
        name, message = values["SYSLOG_IDENTIFIER"], values["MESSAGE"]
        process = values.get("SYSLOG_PID", "")
        # What is no UTF-8 comes as a list of octets.
        if isinstance(message, list):
            message = bytes(message).decode("utf-8", "replace")
    # RecursionError: nested without end.
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
        return None
    texts = (name, process, message)
    return Entry(at, *texts) if all(isinstance(each, str) for each in texts) else None
