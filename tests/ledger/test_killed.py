"""kill -9 in the middle of writing: all that was acknowledged is there."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ledgers import LOGIN, SHOP
from mailpopbox.ledger.store import Store

# Says of each message that it is remembered, and no sooner.
PROGRAM = f"""
import os, sys, threading
sys.path[:0] = {[str(Path(p)) for p in sys.path if p]!r}
from ledgers import SHOP, came_in
from mailpopbox.ledger.store import ledger_at

def write(thread):
    number = 0
    while True:
        message_id = f"<{{sys.argv[2]}}-{{thread}}-{{number}}@a.example>"
        ledger_at(sys.argv[1]).remember(came_in(message_id, SHOP))
        os.write(1, (message_id + chr(10)).encode())
        number += 1

for thread in range(6):
    threading.Thread(target=write, args=[thread]).start()
"""


def written_until_killed(place: str, name: str, seconds: float) -> list[str]:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, place, name], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        first = process.stdout.readline()
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read()
    assert process.returncode == -signal.SIGKILL
    return (first + rest).decode().split()


@pytest.mark.parametrize("kill", range(5))
def test_all_that_was_acknowledged_is_there(place: str, store: Store, kill: int) -> None:
    chance = random.Random(kill)  # noqa: S311 (for a moment, not for a secret)
    acknowledged = [
        message_id
        for start in range(2)
        for message_id in written_until_killed(place, f"start{start}", chance.uniform(0, 0.3))
    ]
    assert all(store.addresses_of(LOGIN, each) == {SHOP} for each in acknowledged)
    [(received, messages)] = store.database.read(
        "SELECT received, (SELECT count(*) FROM known) FROM address"
    )
    # What was on disk but not yet acknowledged may be there, each with all that belongs to it.
    assert received == messages >= len(acknowledged)
