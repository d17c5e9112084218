"""`mailpopbox rewrite`, run on the server by its administrator."""

import re
import subprocess
from pathlib import Path

import pytest
from inside import NETWORK_SECONDS
from leaving import FIXTURES, foretold
from probe import Server


def without_token(message: bytes) -> bytes:
    return re.sub(rb"<[0-9a-f]{32}@", b"<TOKEN@", message)


def rewrite(server: Server, message: bytes) -> subprocess.CompletedProcess[bytes]:
    """Run it there as it is installed there."""
    command = ["mailpopbox", "rewrite", "--login", server.mailbox().login]
    return subprocess.run(
        [*server.enter, *command],
        input=message,
        capture_output=True,
        timeout=NETWORK_SECONDS,
        check=False,
    )


@pytest.mark.parametrize("fixture", FIXTURES, ids=[path.stem for path in FIXTURES])
def test_it_prints_what_would_leave(server: Server, fixture: Path) -> None:
    message = fixture.read_bytes()
    expected, done = foretold(server, message, server.mailbox().login), rewrite(server, message)
    if refusal := expected.decision.refusal:
        said = f"{refusal.code} {refusal.enhanced} {refusal.text}\n"
        assert (done.returncode, done.stdout, done.stderr.decode()) == (1, b"", said)
    else:
        assert (done.returncode, done.stderr) == (0, b"")
        assert without_token(done.stdout) == without_token(expected.message)
