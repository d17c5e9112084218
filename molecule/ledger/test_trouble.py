"""While the ledger cannot be read or written, mail waits: nothing leaks, nothing is lost."""

import re
import smtplib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from inside import wait_until
from leaving import arrived, left, sender_of, somebody
from messages import token
from probe import Server
from remembering import LOGIN, alias, answer, code_of, incoming, submit

FOLDER = "/var/lib/mailpopbox"
LEDGER = f"{FOLDER}/ledger.sqlite"
UNIT = "mailpopbox-milter"
# Waits until it is ended by closing its input.
HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
open("/run/held", "w").close()
while __import__("os").path.exists("/run/held"):
    __import__("time").sleep(0.1)
"""


@contextmanager
def locked(server: Server) -> Iterator[None]:
    """Somebody else has the file, and does not let go."""
    server.write("/run/hold.py", HOLD)
    server.run("systemd-run", "--quiet", "--collect", "python3", "/run/hold.py", LEDGER)
    wait_until("lock", lambda: server.run("test", "-e", "/run/held", check=False).returncode == 0)
    try:
        yield
    finally:
        server.run("rm", "/run/held")


@contextmanager
def broken(server: Server, how: str) -> Iterator[None]:
    """Stop the milter, do something to its ledger, and put all in its place again in the end."""
    server.run("systemctl", "stop", UNIT)
    server.run("cp", "--archive", FOLDER, "/run/aside")
    try:
        server.run("sh", "-ec", how)
        server.run("systemctl", "start", UNIT)
        yield
    finally:
        server.run("systemctl", "stop", UNIT)
        server.run("sh", "-c", f"umount {FOLDER} || rm -rf {FOLDER}/*")
        server.run("sh", "-ec", f"cp --archive /run/aside/* {FOLDER}/; rm -rf /run/aside")
        server.run("systemctl", "start", UNIT)


def corrupt(server: Server) -> AbstractContextManager[None]:
    """Something has written over the file."""
    return broken(server, f"rm {LEDGER}*; seq 100000 >{LEDGER}; chmod 666 {LEDGER}")


def full(server: Server) -> AbstractContextManager[None]:
    """There is no room left on its disk."""
    return broken(
        server,
        f"""
        mount -t tmpfs -o size=64m,mode=2770 tmpfs {FOLDER}
        chown mailpopbox:mailpopbox {FOLDER}
        cp --archive /run/aside/* {FOLDER}/
        # What SQLite has already reserved beside the file goes, too.
        python3 -c 'import sqlite3; sqlite3.connect("{LEDGER}").execute("PRAGMA user_version")'
        cat /dev/zero >{FOLDER}/zeros || true
        """,
    )


every_trouble = pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (locked, "locked"),
        (corrupt, "not a database"),
        (full, "full|disk I/O error|unable to open"),
    ],
    ids=["locked", "corrupt", "full"],
)


@every_trouble
def test_mail_waits_and_nothing_leaks(
    server: Server, trouble: Callable[[Server], AbstractContextManager[None]], said: str
) -> None:
    known, shop, friend = incoming(alias()), alias(), somebody()
    server.send(known)
    reply, new = answer(known), incoming(shop, subject=token())
    begin = server.run("date", "+%s").stdout.strip()
    words = (UNIT, "error=LedgerError", "Milter service", "milter")
    with server.provoking(*words), trouble(server):
        with pytest.raises(smtplib.SMTPException) as out:
            submit(server, reply, friend)
        with pytest.raises(smtplib.SMTPException) as into:
            server.send(new)
        journal = server.journal(int(begin))
    assert 400 <= code_of(out.value) < 500
    assert 400 <= code_of(into.value) < 500
    assert re.search(rf"error=LedgerError .*{LEDGER}.*({said})", journal)
    assert arrived(server, friend) == []
    server.send(new)
    server.wait_for_message(LOGIN, str(new["Subject"]))
    submit(server, reply, friend)
    assert sender_of(left(server, friend)) == known["To"]
