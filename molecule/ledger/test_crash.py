"""Accepted is delivered is remembered, whatever is killed meanwhile."""

import smtplib
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Self

import pytest
from inside import wait_until
from mailpopbox.passage import digest
from messages import token
from probe import Server
from remembering import LOGIN, alias, command, incoming, rows, said_of

THREADS, SECONDS = 6, 90
# Who was connected to a host that is gone hears nothing more from it.
PATIENCE = 5


class Load:
    """Several clients that send until it is over, each message to an alias of its own."""

    def __init__(self, server: Server) -> None:
        self.server, self.word = server, token()
        # The Message-ID of what was sent to each alias.
        self.sent: dict[str, str] = {}
        self.accepted: list[str] = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._send) for _ in range(THREADS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def wait_for_more(self) -> None:
        """Wait until it has sent some more."""
        enough = len(self.accepted) + 20
        wait_until("accepted mail", lambda: len(self.accepted) > enough, timeout=SECONDS)

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _send(self) -> None:
        port, me = self.server.ports["smtp"], "client.example.org"
        while not self._over.is_set():
            try:
                with smtplib.SMTP("127.0.0.1", port, me, timeout=PATIENCE) as client:
                    while not self._over.is_set():
                        self._send_one(client)
            # The server is down, for a moment.
            except (OSError, smtplib.SMTPException):
                time.sleep(0.2)

    def _send_one(self, client: smtplib.SMTP) -> None:
        shop = alias()
        message = incoming(shop, subject=f"load {self.word}")
        self.sent[shop] = str(message["Message-ID"])
        client.sendmail("friend@somewhere.test", [shop], message.as_bytes())
        self.accepted.append(shop)


def kill_the_milter(server: Server) -> None:
    server.run("systemctl", "kill", "--signal=KILL", "mailpopbox-milter")


def podman(*argv: str) -> bool:
    return subprocess.run(["podman", *argv], check=False, timeout=60).returncode == 0


def kill_the_host(server: Server) -> None:
    """End all of it at once, as a power cut does, and start it again."""
    if not podman("restart", "--time=0", server.container):
        # Some connection has taken one of its ports meanwhile.
        wait_until("start", lambda: podman("start", server.container))
    wait_until(
        "boot",
        lambda: (
            server.run("systemctl", "is-system-running", check=False).stdout.strip() == "running"
        ),
        timeout=60,
    )


@pytest.mark.parametrize(
    ("kill", "most_copies"),
    [
        (kill_the_milter, 1),
        # Postfix delivers again what it had no time to note as delivered.
        (kill_the_host, 2),
    ],
)
def test_what_was_accepted_is_delivered_and_remembered_once(
    server: Server, kill: Callable[[Server], None], most_copies: int
) -> None:
    with Load(server) as load:
        for _ in range(2):
            load.wait_for_more()
            kill(server)
        load.wait_for_more()
    wait_until("empty queue", lambda: not server.queue())
    copies = copies_for(server, load.word)
    assert set(load.accepted) <= copies.keys()
    assert max(copies.values()) <= most_copies
    # Also what was accepted while the answer got lost.
    expected = {shop: [(1, digest(load.sent[shop]).hex())] for shop in copies}
    known = remembered(server)
    assert {shop: known.get(shop) for shop in copies} == expected


def remembered(server: Server) -> dict[str, list[tuple[int, str]]]:
    """Return of each alias how often mail came for it, with the digest of each message."""
    found: dict[str, list[tuple[int, str]]] = {}
    asking = (
        "SELECT address.address, received, digest FROM address"
        " JOIN known ON known.address = address.id"
    )
    for address, received, kept in rows(server, asking):
        found.setdefault(address, []).append((received, kept))
    return found


def copies_for(server: Server, word: str) -> Counter[str]:
    """Return how many messages with this word have arrived for each alias."""
    folder = f"/var/vmail/{LOGIN}/Maildir/new"
    script = f"grep -rlF 'load {word}' {folder} | xargs grep -h -m1 '^X-Original-To:'"
    lines = server.run("sh", "-c", script).stdout.splitlines()
    return Counter(line.partition(": ")[2] for line in lines)


def test_blocked_in_the_middle_of_a_load(server: Server) -> None:
    """From the moment on that the command has ended, nothing for that address is let in."""
    shop = alias()
    with Load(server) as load:
        assert said_of(server, shop).startswith("250")
        command(server, "block", shop)
        assert [said_of(server, shop)[:3] for _ in range(5)] == ["550"] * 5
        load.wait_for_more()
