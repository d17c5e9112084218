"""Port 25 keeps strangers waiting, and turns away those that do not wait."""

import time

from probe import Server

# Called from the host's own address on the network, since that of loopback is trusted.
TALK = """
import socket, sys
early, address = sys.argv[1] == "early", sys.argv[2]
sock = socket.create_connection((address, 25), timeout=30, source_address=(address, 0))
lines = sock.makefile("rw", newline="\\r\\n")
said = ["EHLO client.example.org", "MAIL FROM:<friend@example.org>", "RCPT TO:<any@example.com>"]
if early:
    print(said[0], file=lines, flush=True)
while (greeting := lines.readline())[3:4] == "-":
    pass
for line in said:  # postscreen throws away what came too early
    print(line, file=lines, flush=True)
    while (answer := lines.readline())[3:4] == "-":
        pass
print(answer)
"""


def talk(server: Server, when: str) -> str:
    """Return the last answer."""
    server.run("sh", "-c", "rm /var/lib/postfix/postscreen_cache.db && postfix reload")
    address = server.run("hostname", "-I").stdout.split()[0]
    return server.python(TALK, when, address)


def test_early_talkers_get_no_further(server: Server) -> None:
    assert talk(server, "early").startswith("550 5.5.1 Protocol error")


def test_who_waits_is_let_through(server: Server) -> None:
    begin = time.monotonic()
    assert talk(server, "late").startswith("250")
    assert time.monotonic() - begin > 5
