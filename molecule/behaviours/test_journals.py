"""Last of all: what was logged on the way. Warnings and errors are failures, unless meant."""

import json
import re
from collections.abc import Iterator
from typing import Any

from inside import PROVOKED, PROVOKING
from probe import Server

WARNING = 4  # in syslog's numbers; errors are lower
MOMENT = 2_000_000  # microseconds

# (who, pattern of what) is logged in every container or on purpose, and why that is no fault.
HARMLESS = (
    ("dbus-daemon", "Failed to set fd limit"),  # the container may not raise its own limits
    ("dbus-daemon", 'Unknown username "knot"'),  # its package is half installed
    ("dovecot", "SIGHUP received - reloading configuration"),  # somebody asked it to
    # Half a message that it was about to take when somebody pulled the plug.
    ("postfix", "bogus file name: incoming/"),
    # The machine that the tests run on was busy, or its clock set right, for a second or less.
    ("dovecot", r"Time moved forwards? by 0\."),
    ("postfix", "file system clock is 1 seconds ahead of local clock"),
    ("postfix", "resetting file time stamps"),
    # Somebody wrote a message without a text, which is nothing to be warned of.
    ("rspamd", "rspamd_url_text_extract: got empty text part"),
    # Rspamd warns of processes of its own that it has just told to end.
    ("rspamd", "cannot read from worker's srv pipe connection closed"),
    ("rspamd", "rspamd_control_default_worker_handler: short read of control command: 0 of"),
    ("rspamd", r"terminate worker hs_helper\("),
    ("rspamd", r"hs_helper process \d+ terminated abnormally with exit code 0 by signal: Killed"),
    ("rspamd", r"process \d+ terminated abnormally with exit code 0 by signal: Terminated"),
    # Statistics that nobody reads, at the moment of a reload or restart.
    ("dovecot", r"net_connect_unix\(/run/dovecot/stats-writer\) failed: Connection refused"),
)

# While it reloads, Postfix may lose a process of its own that it talks to, and asks the next one.
RELOADING = "warning: problem talking to service rewrite: Connection reset by peer"


def entries(server: Server) -> Iterator[dict[str, Any]]:
    lines = server.run("journalctl", "--boot", "--output=json", "--all").stdout.splitlines()
    for line in lines:
        yield {"SYSLOG_IDENTIFIER": "", "PRIORITY": "6", **json.loads(line)}


def is_trouble(entry: dict[str, Any]) -> bool:
    """Postfix and Dovecot write some warnings at the level of information."""
    loud = int(entry["PRIORITY"]) <= WARNING
    from_mail = re.match("postfix|dovecot|python|mailpopbox", entry["SYSLOG_IDENTIFIER"])
    return loud or bool(
        from_mail
        and re.search(r"\b(warning|error|fatal|panic): ", str(entry["MESSAGE"]), re.IGNORECASE)
    )


def is_harmless(who: str, what: str) -> bool:
    return any(who.startswith(name) and re.search(words, what) for name, words in HARMLESS)


def unexpected(server: Server) -> Iterator[str]:
    """Go through the journal; tests say in it what they are about to provoke."""
    meant: list[str] = []
    # What was meant until a moment ago: a client may have seen it before it is logged.
    lately: list[tuple[int, str]] = []
    for entry in entries(server):
        who, what = entry["SYSLOG_IDENTIFIER"], str(entry["MESSAGE"])
        now = int(entry["__REALTIME_TIMESTAMP"])
        if who == PROVOKING:
            meant += json.loads(what)
        elif who == PROVOKED:
            for pattern in json.loads(what):
                meant.remove(pattern)
                lately.append((now + MOMENT, pattern))
        elif who == "postfix/master" and what.startswith("reload -- "):
            lately.append((now + MOMENT, RELOADING))
        elif not (
            is_harmless(who, what)
            or any(re.search(pattern, what) for pattern in meant)
            or any(re.search(pattern, what) for until, pattern in lately if now <= until)
            or not is_trouble(entry)
        ):
            yield f"{who}: {what}"


def test_no_warnings_and_no_errors(server: Server) -> None:
    assert list(unexpected(server)) == []
